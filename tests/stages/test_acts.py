"""What people may do against the gate, what follows a promotion, and what upkeep finds behind the gate's back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gatehouse.core.types import PromotionKind, RuleOutcome, Verdict
from gatehouse.errors import NotAllowedError
from gatehouse.pipeline import promote
from gatehouse.pipeline.judge import judge_challenger, re_decide
from gatehouse.pipeline.maintenance import find_pending, probation, reconcile
from gatehouse.pipeline.manual import override
from stages.rides import folder, looped, open_site, site, take, train  # noqa: F401 - four of them are fixtures

MONTHS = [f"2024-{month:02}" for month in range(1, 9)]
REASON = "the airport asked for it today"
IMPOSSIBLE = "margin: 0.01\n  - rule: metric_bound\n    says: Impossible.\n    metric: log_loss\n    max: 0.01"
LONG_AFTER = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
def rewritten(folder, open_site):
    """Reads the use case again after an edit, on the same ledger, lake, source and tracking server."""

    def again(site, file, old, new):
        text = (folder / file).read_text()
        assert old in text
        (folder / file).write_text(text.replace(old, new))
        after = open_site()
        if site is not None:
            after.lake, after.source, after.tracking = site.lake, site.source, site.tracking
        return after

    return again


def retrain(site, by="ann"):
    newest = site.ledger.batches.list("rides")[-1].interval.end
    train(site, site.ledger.requests.ask("rides", newest, by, "to see whether a new one is better").id)
    return site.ledger.decisions.list("rides")[-1]


def champion(site):
    return site.ledger.models.champion("rides").model.version


def test_an_override_is_an_approvers_whole_sentence(looped, rewritten):
    """Whom the policy does not name, and who gives no sentence, changes nothing; an approver's sentence is on record."""
    site = rewritten(looped, "gate.yaml", "margin: 0.01", IMPOSSIBLE)
    decision = retrain(site)
    assert decision.verdict is Verdict.BLOCK
    with pytest.raises(NotAllowedError, match="stranger may not override"):
        override.override(site, decision.id, "stranger", REASON)
    with pytest.raises(NotAllowedError, match="at least a sentence"):
        override.override(site, decision.id, "admin", "because")
    assert champion(site) == 1
    override.override(site, decision.id, "admin", REASON)
    promotion = site.ledger.models.promotions("rides")[-1]
    assert (promotion.version, promotion.kind, promotion.actor) == (2, PromotionKind.OVERRIDE, "admin")
    assert REASON in promotion.reason
    assert override.end_expired(site) == "", "it has two weeks"


def test_an_act_that_was_cut_off_is_finished_and_not_done_twice(looped, rewritten):
    """Killed between the ledger and MLflow, an override and a rollback are said again in the same words: the same champion,
    the same epoch, no second record, and the alias follows."""
    site = rewritten(looped, "gate.yaml", "margin: 0.01", IMPOSSIBLE)
    decision = retrain(site)
    first = override.override(site, decision.id, "admin", REASON)
    site.tracking.aliases["rides", "champion"] = 1  # as after a death before the mirror
    assert override.override(site, decision.id, "admin", REASON) == first
    assert len(site.ledger.overrides.list("rides")) == 1
    assert site.tracking.aliases["rides", "champion"] == 2
    back = promote.rollback(site, None, "ann", "the delays look wrong")
    site.tracking.aliases["rides", "champion"] = 2
    assert promote.rollback(site, None, "ann", "the delays look wrong") == back
    assert promote.rollback(site, 1, "ann", "the delays look wrong") == back
    assert (champion(site), site.tracking.aliases["rides", "champion"]) == (1, 1)


def test_an_expired_override_returns_to_the_last_proper_champion(looped, rewritten):
    """When its time is over, version 1, which a decision promoted, serves again; the ledger says why, and it happens once."""
    strict = rewritten(looped, "gate.yaml", "margin: 0.01", IMPOSSIBLE)
    site = rewritten(strict, "gate.yaml", "rules:", "override: {expires_after: 0 hours}\nrules:")
    override.override(site, retrain(site).id, "admin", REASON)
    assert "version 1, the last that a decision promoted, serves again" in override.end_expired(site)
    assert champion(site) == 1
    assert site.tracking.aliases["rides", "champion"] == 1
    assert site.ledger.models.promotions("rides")[-1].kind is PromotionKind.EXPIRY
    assert override.end_expired(site) == ""


def test_an_override_with_nothing_behind_it_serves_on_and_says_so(rewritten):
    """There is no properly promoted champion to return to: the expired one serves, and somebody is told to decide."""
    site = rewritten(
        None, "gate.yaml", "first_model: promote", "override: {expires_after: 0 hours}\nfirst_model: block"
    )
    for key in MONTHS[:4]:
        take(site, key)
    override.override(site, site.ledger.decisions.list("rides")[0].id, "admin", REASON)
    assert "still serves; decide" in override.end_expired(site)
    assert champion(site) == 1


def test_a_second_person_confirms_what_the_policy_wants_confirmed(looped, rewritten):
    """One word changes nothing; neither the first person nor who asked for the training can be the second."""
    strict = rewritten(looped, "gate.yaml", "margin: 0.01", IMPOSSIBLE)
    site = rewritten(strict, "gate.yaml", "[reviewer, admin]", "[reviewer, admin, ann]")
    site = rewritten(site, "gate.yaml", "rules:", "override: {second_person: true}\nrules:")
    asked, made = override.override(site, retrain(site).id, "admin", REASON)
    assert made is None
    assert champion(site) == 1
    with pytest.raises(NotAllowedError, match="second person"):
        override.confirm(site, asked.id, "admin", "I am still of my opinion")
    assert override.unconfirmed(site, asked.decision).id == asked.id
    with pytest.raises(NotAllowedError, match="asked for the training"):
        override.confirm(site, asked.id, "ann", "it was me who asked")
    override.confirm(site, asked.id, "reviewer", "I have looked at it too")
    assert champion(site) == 2
    with pytest.raises(NotAllowedError, match="waits for a second person"):
        override.unconfirmed(site, asked.decision)
    assert "confirmed by reviewer" in site.ledger.models.promotions("rides")[-1].reason


def test_a_champion_that_does_worse_than_the_one_before_is_rolled_back(looped, rewritten, monkeypatch):
    """Trained and judged on outcomes that were upside down, version 2 is promoted; on right outcomes its probation shows
    that version 1 would have done better, and version 1 serves again."""
    site = rewritten(looped, "gate.yaml", "rules:", "probation: {batches: 3}\nrules:")
    with monkeypatch.context() as patch:
        patch.setattr(site.case.model, "target", lambda frame: 1 - frame["label"])
        assert retrain(site).verdict is Verdict.PROMOTE
    for key in MONTHS[4:7]:
        take(site, key)
    (judged,) = site.ledger.probations.list("rides")
    assert (judged.former, judged.verdict) == (1, "worse")
    assert judged.result["worse"]["low"] > 0
    back = site.ledger.models.promotions("rides")[2]
    assert (back.version, back.epoch, back.kind) == (1, 3, PromotionKind.PROBATION)
    assert back.reason == judged.sentence
    assert "than the former champion's" in judged.sentence
    take(site, MONTHS[7])
    assert site.ledger.probations.shadows("rides", 3) == [], "a return to a known champion is not on probation"


def test_an_equal_champion_passes_its_probation(looped, rewritten):
    """A challenger of the same kind on the same data is compared on two matured batches, and stays."""
    site = rewritten(looped, "gate.yaml", "rules:", "probation: {batches: 2}\nrules:")
    assert retrain(site).verdict is Verdict.PROMOTE
    for key in MONTHS[4:]:
        take(site, key)
    found = [each for each in site.ledger.probations.list("rides") if each.epoch == 2]
    assert [each.verdict for each in found] == ["open", "passed"]
    assert len(site.ledger.probations.shadows("rides", 2)) == 2
    assert PromotionKind.PROBATION not in {p.kind for p in site.ledger.models.promotions("rides")}


def test_without_a_probation_nobody_scores_twice(looped):
    """The former champion's scores cost a prediction of each batch: only who asks for a probation pays for it."""
    retrain(looped)
    take(looped, MONTHS[4])
    assert looped.ledger.probations.shadows("rides", 2) == []
    assert probation.assess_probation(looped, LONG_AFTER) is None


def test_a_hold_is_judged_again_when_its_missing_rows_have_matured(rewritten):
    """2,000 of 3,500 rows: HOLD. One more month of outcomes brings the rest, and the decision is made again on both."""
    site = rewritten(None, "gate.yaml", "min_rows: 1000", "min_rows: 3500")
    for key in MONTHS[:3]:
        take(site, key)
    (hold,) = site.ledger.decisions.list("rides")
    assert hold.verdict is Verdict.HOLD
    assert re_decide.missing_rows(hold) == 1500
    assert re_decide.decisions_to_revisit(site) == []
    with pytest.raises(NotAllowedError, match="rests on every matured row"):
        re_decide.decide_again(site, hold.id)
    take(site, MONTHS[3])
    assert re_decide.decisions_to_revisit(site) == [hold.id]
    again = re_decide.decide_again(site, hold.id)
    assert again.verdict is Verdict.PROMOTE
    assert {result.rows for result in again.results if result.rule == "enough_rows"} == {4000}
    assert judge_challenger.replay_decision(site, again.id) == again
    promote.promote(site, again.id)
    assert champion(site) == 1
    assert re_decide.decisions_to_revisit(site) == []


def test_a_hold_is_released_by_an_approver_and_then_left_alone(rewritten):
    """An override releases it before its rows are there; when they are, nobody judges it again: its champion has gone."""
    site = rewritten(None, "gate.yaml", "min_rows: 1000", "min_rows: 3500")
    for key in MONTHS[:3]:
        take(site, key)
    (hold,) = site.ledger.decisions.list("rides")
    assert hold.verdict is Verdict.HOLD
    _, released = override.override(site, hold.id, "admin", REASON)
    assert released.model.version == champion(site) == hold.version
    assert site.ledger.models.promotions("rides")[-1].kind is PromotionKind.OVERRIDE
    take(site, MONTHS[3])
    assert hold.id not in re_decide.decisions_to_revisit(site)


def most(frame):
    return frame.head(1900)


def rest_upside_down(frame):
    return frame.assign(label=[*frame["label"].head(1900), *(1 - frame["label"].tail(100))])


def partly_matured(rewritten, bound):
    """A decision on the nineteen in twenty outcomes of February that were there; then the others arrive."""
    site = rewritten(None, "contract.yaml", "delay: 1 month", "delay: 1 month\n  until: 4 months")
    site = rewritten(site, "gate.yaml", "margin: 0.01", f"margin: 0.01\n  - {bound}")
    site.source.relabel = {MONTHS[1]: most}
    for key in MONTHS[:3]:
        take(site, key)
    (decision,) = site.ledger.decisions.list("rides")
    assert re_decide.decisions_to_revisit(site) == []
    return site, decision


def test_a_decision_on_partly_matured_labels_is_confirmed_when_they_mature(rewritten):
    """The missing outcomes change nothing about the verdict: that is on record beside the first decision."""
    site, first = partly_matured(rewritten, "{rule: metric_bound, says: Useful., metric: log_loss, max: 0.9}")
    site.source.relabel = {}
    take(site, MONTHS[3])
    assert re_decide.decisions_to_revisit(site) == [first.id]
    again = re_decide.decide_again(site, first.id)
    assert (first.verdict, again.verdict) == (Verdict.PROMOTE, Verdict.PROMOTE)
    assert again.results[0].rule == "judged_again"
    assert "2,000 rows instead of 1,900" in again.results[0].sentence
    assert re_decide.decisions_to_revisit(site) == []
    assert champion(site) == 1


def raised(rewritten):
    """The late outcomes of February speak against the first champion, and its decision is made again."""
    probe, first = partly_matured(rewritten, "{rule: metric_bound, says: Useful., metric: log_loss, max: 0.9}")
    measured = next(r.value for r in first.results if r.rule.startswith("metric_bound"))
    site = rewritten(probe, "gate.yaml", "max: 0.9", f"max: {measured + 0.005:.4f}")
    site.source.relabel = {MONTHS[1]: rest_upside_down}
    take(site, MONTHS[3])
    return site, re_decide.decide_again(site, re_decide.decisions_to_revisit(site)[0])


def test_a_verdict_that_would_now_differ_asks_a_person(rewritten):
    """The late outcomes speak against the champion they made: a review is raised, which changes nothing by itself."""
    site, review = raised(rewritten)
    assert review.verdict is Verdict.REVIEW
    assert review.results[0].outcome is RuleOutcome.FAIL
    assert "would be BLOCK instead of PROMOTE" in review.sentence
    assert judge_challenger.replay_decision(site, review.id) == review
    assert champion(site) == 1
    assert re_decide.decisions_to_revisit(site) == [], "it waits for its answer"


def test_to_approve_a_champion_again_lets_it_stay(rewritten):
    """The answer is on record, and nothing else changes."""
    site, review = raised(rewritten)
    assert promote.record_review_response(site, review.id, True, "admin", REASON).model.version == 1
    assert len(site.ledger.models.promotions("rides")) == 1


def test_to_reject_the_only_champion_there_was_is_told(rewritten):
    """There is nothing to return to: the rejection is on record, the error says so, and the version serves on."""
    site, review = raised(rewritten)
    with pytest.raises(NotAllowedError, match="earlier champions are none"):
        promote.record_review_response(site, review.id, False, "admin", REASON)
    assert site.ledger.decisions.answers(review.id) == [(False, "admin", REASON)]
    assert champion(site) == 1


def test_to_reject_a_champion_again_rolls_it_back(looped, rewritten):
    """Version 2 was promoted on the outcomes that were there; the late ones speak against it, and version 1 returns."""
    site = rewritten(looped, "contract.yaml", "delay: 1 month", "delay: 1 month\n  until: 4 months")
    site.source.relabel = {MONTHS[3]: most}
    take(site, MONTHS[4])
    second = retrain(site)
    assert (second.verdict, champion(site)) == (Verdict.PROMOTE, 2)
    bound = "  - {rule: metric_bound, says: Useful., metric: log_loss, max: 0.5}"
    site = rewritten(site, "gate.yaml", "rules:", f"rules:\n{bound}")
    site.source.relabel = {}
    take(site, MONTHS[5])
    review = re_decide.decide_again(site, second.id)
    assert review.verdict is Verdict.REVIEW
    assert champion(site) == 2
    assert promote.record_review_response(site, review.id, False, "admin", REASON).model.version == 1
    assert site.ledger.models.promotions("rides")[-1].kind is PromotionKind.ROLLBACK


def test_a_promotion_whose_task_was_marked_is_carried_out_and_named(site):
    """The decision says PROMOTE, and somebody marked the task as done: upkeep promotes, journals it, and does so once."""
    for key in MONTHS[:3]:
        take_without_promoting(site, key)
    (decision,) = site.ledger.decisions.list("rides")
    assert site.ledger.models.champion("rides") is None
    assert find_pending.unapplied_promotions(site) == [], "its own run may still be at it"
    site.ledger = aged(site.ledger)
    assert find_pending.unapplied_promotions(site, attended={decision.id}) == [], "its own run is slow, and still at it"
    (sentence,) = find_pending.unapplied_promotions(site)
    assert decision.id[:8] in sentence
    assert champion(site) == 1
    assert find_pending.unapplied_promotions(site) == []
    assert [e.kind for e in site.ledger.journal.entries()].count("promotion.uncarried") == 1


def take_without_promoting(site, key):
    """As when the task `promote` is marked as success by hand: its body never runs."""
    honest, promote.promote = promote.promote, lambda *_: None
    try:
        take(site, key)
    finally:
        promote.promote = honest


def aged(ledger):
    """The same ledger, asked ten minutes later about when its decisions were made."""
    made_at = ledger.decisions.made_at
    ledger.decisions.made_at = lambda decision: made_at(decision) - timedelta(minutes=10)
    return ledger


def test_a_review_that_nobody_is_asked_for_counts_as_rejected_in_the_end(rewritten):
    """A cleared or marked review task never answers: after its time-out the ledger says rejected by nobody, and why."""
    site = rewritten(None, "gate.yaml", "first_model: promote", "first_model: review")
    for key in MONTHS[:3]:
        take(site, key)
    (decision,) = site.ledger.decisions.list("rides")
    assert [waiting.id for waiting, _ in find_pending.open_reviews(site)] == [decision.id]
    assert find_pending.timed_out_reviews(site) == []
    assert find_pending.timed_out_reviews(site, LONG_AFTER, {decision.id}) == [], (
        "an answer that came in time may be on its way"
    )
    (sentence,) = find_pending.timed_out_reviews(site, LONG_AFTER)
    assert "counts as rejected" in sentence
    assert site.ledger.decisions.answers(decision.id)[0][:2] == (False, "nobody")
    assert find_pending.timed_out_reviews(site, LONG_AFTER) == []
    assert site.ledger.models.champion("rides") is None


def test_a_replaced_model_file_is_named_and_brought_back(looped):
    """The champion's bytes were changed: upkeep says so and restores MLflow's copy, which has the recorded sha256."""
    file = looped.ledger.models.champion("rides").model.file
    honest = looped.lake.files[file.path]
    looped.lake.files[file.path] = honest[:-1] + b"?"
    (sentence,) = reconcile.restore_replaced_models(looped)
    assert "restored from MLflow's copy" in sentence
    assert looped.lake.read(file) == honest
    assert reconcile.restore_replaced_models(looped) == []
    looped.lake.files[file.path] = b"another model"
    looped.tracking.copies[1] = b"another model"
    assert "no copy has the recorded bytes" in reconcile.restore_replaced_models(looped)[0]
    assert "no copy has the recorded bytes" in reconcile.restore_replaced_models(looped)[0]
    assert _kinds(looped, "model.re", "model.registered") == ["model.replaced", "model.restored", "model.replaced"]


def _kinds(site, start, *others):
    kinds = [entry.kind for entry in site.ledger.journal.entries()]
    return [kind for kind in kinds if kind.startswith(start) and kind not in others]


def test_a_death_between_a_finding_and_its_repair_is_one_finding(looped, monkeypatch):
    """Upkeep dies after it has journaled a moved alias: the next one repairs it, and the journal tells of one move."""

    def death(*_):
        raise KeyboardInterrupt

    looped.tracking.aliases["rides", "champion"] = 99
    with monkeypatch.context() as dying:
        dying.setattr(reconcile, "point_aliases", death)
        with pytest.raises(KeyboardInterrupt):
            reconcile.reconcile(looped)
    assert "99" in reconcile.reconcile(looped)
    assert _kinds(looped, "alias.") == ["alias.unexplained", "alias.repaired"]
    looped.tracking.aliases["rides", "champion"] = 99
    reconcile.reconcile(looped)
    assert _kinds(looped, "alias.") == ["alias.unexplained", "alias.repaired"] * 2
