"""What people may do against the gate, what follows a promotion, and what maintenance finds behind the gate's back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gatehouse.core.types import PromotionKind, RuleOutcome, Verdict
from gatehouse.errors import NotAllowedError, StaleChampionError
from gatehouse.pipeline import promote
from gatehouse.pipeline.judge import judge_challenger, re_decide
from gatehouse.pipeline.maintenance import find_pending, probation, reconcile
from gatehouse.pipeline.manual import override
from support.rides import ctx, folder, looped, open_site, take, train  # noqa: F401 - four of them are fixtures

MONTHS = [f"2024-{month:02}" for month in range(1, 9)]
REASON = "the airport asked for it today"
IMPOSSIBLE = "margin: 0.01\n  - rule: metric_bound\n    description: Impossible.\n    metric: log_loss\n    max: 0.01"
LONG_AFTER = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture
def rewritten(folder, open_site):
    """Reads the use case again after an edit, on the same ledger, lake, source and tracking server."""

    def again(ctx, file, old, new):
        text = (folder / file).read_text()
        assert old in text
        (folder / file).write_text(text.replace(old, new))
        after = open_site()
        if ctx is not None:
            after.lake, after.source, after.tracking = ctx.lake, ctx.source, ctx.tracking
        return after

    return again


def retrain(ctx, by="ann"):
    newest = ctx.ledger.batches.list("rides")[-1].interval.end
    train(ctx, ctx.ledger.requests.ask("rides", newest, by, "to see whether a new one is better").id)
    return ctx.ledger.decisions.list("rides")[-1]


def champion(ctx):
    return ctx.ledger.models.champion("rides").model.version


def test_an_override_is_an_approvers_whole_sentence(looped, rewritten):
    """Whom the policy does not name, and who gives no sentence, changes nothing; an approver's sentence is on record."""
    ctx = rewritten(looped, "gate.yaml", "margin: 0.01", IMPOSSIBLE)
    decision = retrain(ctx)
    assert decision.verdict is Verdict.BLOCK
    with pytest.raises(NotAllowedError, match="stranger may not override"):
        override.override(ctx, decision.id, "stranger", REASON)
    with pytest.raises(NotAllowedError, match="at least a sentence"):
        override.override(ctx, decision.id, "admin", "because")
    assert champion(ctx) == 1
    override.override(ctx, decision.id, "admin", REASON)
    promotion = ctx.ledger.models.promotions("rides")[-1]
    assert (promotion.version, promotion.kind, promotion.actor) == (2, PromotionKind.OVERRIDE, "admin")
    assert REASON in promotion.reason
    assert override.end_expired(ctx) == "", "it has two weeks"


def test_a_decision_against_a_former_champion_is_judged_again_before_an_override(looped, rewritten):
    """Its override is refused by the pipeline and by the ledger; judged again on rows that neither model was trained on, it
    is compared with the present champion, and that decision may be overridden."""
    strict = rewritten(looped, "gate.yaml", "margin: 0.01", IMPOSSIBLE)
    stale = retrain(strict)
    ctx = rewritten(strict, "gate.yaml", IMPOSSIBLE, "margin: 0.01")
    assert retrain(ctx, "bob").verdict is Verdict.PROMOTE
    assert champion(ctx) == 3
    with pytest.raises(StaleChampionError, match=r"version 3 serves now\. Judge it again first"):
        override.override(ctx, stale.id, "admin", REASON)
    with pytest.raises(NotAllowedError, match="judge it again before an override"):
        ctx.ledger.overrides.propose(override._proposal(ctx, stale, "admin", REASON))
    again = re_decide.decide_again(ctx, stale.id)
    assert (again.version, again.champion, again.generation) == (2, 3, 2)
    assert champion(ctx) == 3


def test_a_champion_that_came_back_is_the_one_that_a_decision_compared_with(looped, rewritten):
    """An override and a rollback later the same version serves: the decision is not stale, may be overridden again, and
    there is nothing new to judge it by."""
    ctx = rewritten(looped, "gate.yaml", "margin: 0.01", IMPOSSIBLE)
    decision = retrain(ctx)
    override.override(ctx, decision.id, "admin", REASON)
    promote.rollback(ctx, None, "reviewer", "the delays look wrong")
    assert champion(ctx) == decision.champion == 1
    with pytest.raises(NotAllowedError, match="nothing to judge again"):
        re_decide.decide_again(ctx, decision.id)
    override.override(ctx, decision.id, "admin", f"{REASON} once more")
    assert champion(ctx) == 2
    with pytest.raises(NotAllowedError, match="version 2 serves already; there is nothing to override"):
        override.override(ctx, decision.id, "admin", f"{REASON} and again")


def test_an_act_that_was_cut_off_is_finished_and_not_done_twice(looped, rewritten):
    """Killed between the ledger and MLflow, an override and a rollback are said again in the same words: the same champion,
    the same generation, no second record, and the alias follows."""
    ctx = rewritten(looped, "gate.yaml", "margin: 0.01", IMPOSSIBLE)
    decision = retrain(ctx)
    first = override.override(ctx, decision.id, "admin", REASON)
    ctx.tracking.aliases["rides", "champion"] = 1  # as after a death before the mirror
    assert override.override(ctx, decision.id, "admin", REASON) == first
    assert len(ctx.ledger.overrides.list("rides")) == 1
    assert ctx.tracking.aliases["rides", "champion"] == 2
    back = promote.rollback(ctx, None, "reviewer", "the delays look wrong")
    ctx.tracking.aliases["rides", "champion"] = 2
    assert promote.rollback(ctx, None, "reviewer", "the delays look wrong") == back
    assert promote.rollback(ctx, 1, "reviewer", "the delays look wrong") == back
    assert (champion(ctx), ctx.tracking.aliases["rides", "champion"]) == (1, 1)


def test_an_expired_override_returns_to_the_last_proper_champion(looped, rewritten):
    """When its time is over, version 1, which a decision promoted, serves again; the ledger says why, and it happens once."""
    strict = rewritten(looped, "gate.yaml", "margin: 0.01", IMPOSSIBLE)
    ctx = rewritten(strict, "gate.yaml", "rules:", "override: {expires_after: 0 hours}\nrules:")
    override.override(ctx, retrain(ctx).id, "admin", REASON)
    assert "version 1, the last that a decision promoted, serves again" in override.end_expired(ctx)
    assert champion(ctx) == 1
    assert ctx.tracking.aliases["rides", "champion"] == 1
    assert ctx.ledger.models.promotions("rides")[-1].kind is PromotionKind.EXPIRY
    assert override.end_expired(ctx) == ""


def test_an_override_with_nothing_behind_it_serves_on_and_says_so(rewritten):
    """There is no properly promoted champion to return to: the expired one serves, and somebody is told to decide."""
    ctx = rewritten(None, "gate.yaml", "no_champion: promote", "override: {expires_after: 0 hours}\nno_champion: block")
    for key in MONTHS[:4]:
        take(ctx, key)
    override.override(ctx, ctx.ledger.decisions.list("rides")[0].id, "admin", REASON)
    assert "still serves; decide" in override.end_expired(ctx)
    assert champion(ctx) == 1


def test_a_second_person_confirms_what_the_policy_wants_confirmed(looped, rewritten):
    """One word changes nothing; neither the first person nor who asked for the training can be the second."""
    strict = rewritten(looped, "gate.yaml", "margin: 0.01", IMPOSSIBLE)
    ctx = rewritten(strict, "gate.yaml", "[reviewer, admin]", "[reviewer, admin, ann]")
    ctx = rewritten(ctx, "gate.yaml", "rules:", "override: {require_second_approver: true}\nrules:")
    asked, made = override.override(ctx, retrain(ctx).id, "admin", REASON)
    assert made is None
    assert champion(ctx) == 1
    with pytest.raises(NotAllowedError, match="second person"):
        override.confirm(ctx, asked.id, "admin", "I am still of my opinion")
    assert override.unconfirmed(ctx, asked.decision).id == asked.id
    with pytest.raises(NotAllowedError, match="asked for the training"):
        override.confirm(ctx, asked.id, "ann", "it was me who asked")
    override.confirm(ctx, asked.id, "reviewer", "I have looked at it too")
    assert champion(ctx) == 2
    with pytest.raises(NotAllowedError, match="waits for a second person"):
        override.unconfirmed(ctx, asked.decision)
    assert "confirmed by reviewer" in ctx.ledger.models.promotions("rides")[-1].reason


def test_a_champion_that_does_worse_than_the_one_before_is_rolled_back(looped, rewritten, monkeypatch):
    """Trained and judged on outcomes that were upside down, version 2 is promoted; on right outcomes its probation shows
    that version 1 would have done better, and version 1 serves again. The refit check, which would reinstate it sooner, is off."""
    ctx = rewritten(looped, "retrain.yaml", "triggers:\n", "triggers:\n  refit: false\n")
    ctx = rewritten(ctx, "gate.yaml", "rules:", "probation: {batches: 3}\nrules:")
    with monkeypatch.context() as patch:
        patch.setattr(ctx.case.model, "target", lambda frame: 1 - frame["label"])
        assert retrain(ctx).verdict is Verdict.PROMOTE
    for key in MONTHS[4:7]:
        take(ctx, key)
    (judged,) = ctx.ledger.probations.list("rides")
    assert (judged.former, judged.verdict) == (1, "worse")
    assert judged.result["worse"]["low"] > 0
    back = ctx.ledger.models.promotions("rides")[2]
    assert (back.version, back.generation, back.kind) == (1, 3, PromotionKind.PROBATION)
    assert back.reason == judged.sentence
    assert "than the former champion's" in judged.sentence
    take(ctx, MONTHS[7])
    assert ctx.ledger.probations.shadows("rides", 3) == [], "a return to a known champion is not on probation"


def test_an_equal_champion_passes_its_probation(looped, rewritten):
    """A challenger of the same kind on the same data is compared on two matured batches, and stays."""
    ctx = rewritten(looped, "gate.yaml", "rules:", "probation: {batches: 2}\nrules:")
    assert retrain(ctx).verdict is Verdict.PROMOTE
    for key in MONTHS[4:]:
        take(ctx, key)
    found = [each for each in ctx.ledger.probations.list("rides") if each.generation == 2]
    assert [each.verdict for each in found] == ["open", "passed"]
    assert len(ctx.ledger.probations.shadows("rides", 2)) == 2
    assert PromotionKind.PROBATION not in {p.kind for p in ctx.ledger.models.promotions("rides")}


def test_without_a_probation_nobody_scores_twice(looped):
    """The former champion's scores cost a prediction of each batch: only who asks for a probation pays for it."""
    retrain(looped)
    take(looped, MONTHS[4])
    assert looped.ledger.probations.shadows("rides", 2) == []
    assert probation.assess_probation(looped, LONG_AFTER) is None


def test_a_hold_is_judged_again_when_its_missing_rows_have_matured(rewritten):
    """2,000 of 3,500 rows: HOLD. One more month of outcomes brings the rest, and the decision is made again on both."""
    ctx = rewritten(None, "gate.yaml", "min_rows: 1000", "min_rows: 3500")
    for key in MONTHS[:3]:
        take(ctx, key)
    (hold,) = ctx.ledger.decisions.list("rides")
    assert hold.verdict is Verdict.HOLD
    assert re_decide.missing_rows(hold) == 1500
    assert re_decide.decisions_to_revisit(ctx) == []
    with pytest.raises(NotAllowedError, match="rests on every matured row"):
        re_decide.decide_again(ctx, hold.id)
    take(ctx, MONTHS[3])
    assert re_decide.decisions_to_revisit(ctx) == [hold.id]
    again = re_decide.decide_again(ctx, hold.id)
    assert again.verdict is Verdict.PROMOTE
    assert {result.rows for result in again.results if result.rule == "enough_rows"} == {4000}
    assert judge_challenger.replay_decision(ctx, again.id) == again
    promote.promote(ctx, again.id)
    assert champion(ctx) == 1
    assert re_decide.decisions_to_revisit(ctx) == []


def test_a_hold_is_released_by_an_approver_and_then_left_alone(rewritten):
    """An override releases it before its rows are there; when they are, nobody judges it again: its champion has gone."""
    ctx = rewritten(None, "gate.yaml", "min_rows: 1000", "min_rows: 3500")
    for key in MONTHS[:3]:
        take(ctx, key)
    (hold,) = ctx.ledger.decisions.list("rides")
    assert hold.verdict is Verdict.HOLD
    _, released = override.override(ctx, hold.id, "admin", REASON)
    assert released.model.version == champion(ctx) == hold.version
    assert ctx.ledger.models.promotions("rides")[-1].kind is PromotionKind.OVERRIDE
    take(ctx, MONTHS[3])
    assert hold.id not in re_decide.decisions_to_revisit(ctx)


def most(frame):
    return frame.head(1900)


def rest_upside_down(frame):
    return frame.assign(label=[*frame["label"].head(1900), *(1 - frame["label"].tail(100))])


def partly_matured(rewritten, bound):
    """A decision on the nineteen in twenty outcomes of February that were there; then the others arrive."""
    ctx = rewritten(None, "contract.yaml", "delay: 1 month", "delay: 1 month\n  updates_until: 4 months")
    ctx = rewritten(ctx, "gate.yaml", "margin: 0.01", f"margin: 0.01\n  - {bound}")
    ctx.source.relabel = {MONTHS[1]: most}
    for key in MONTHS[:3]:
        take(ctx, key)
    (decision,) = ctx.ledger.decisions.list("rides")
    assert re_decide.decisions_to_revisit(ctx) == []
    return ctx, decision


def test_a_decision_on_partly_matured_labels_is_confirmed_when_they_mature(rewritten):
    """The missing outcomes change nothing about the verdict: that is on record beside the first decision."""
    ctx, first = partly_matured(rewritten, "{rule: metric_bound, description: Useful., metric: log_loss, max: 0.9}")
    ctx.source.relabel = {}
    take(ctx, MONTHS[3])
    assert re_decide.decisions_to_revisit(ctx) == [first.id]
    again = re_decide.decide_again(ctx, first.id)
    assert (first.verdict, again.verdict) == (Verdict.PROMOTE, Verdict.PROMOTE)
    assert again.results[0].rule == "judged_again"
    assert "2,000 rows instead of 1,900" in again.results[0].sentence
    assert re_decide.decisions_to_revisit(ctx) == []
    assert champion(ctx) == 1


def raised(rewritten):
    """The late outcomes of February speak against the first champion, and its decision is made again."""
    probe, first = partly_matured(rewritten, "{rule: metric_bound, description: Useful., metric: log_loss, max: 0.9}")
    measured = next(r.value for r in first.results if r.rule.startswith("metric_bound"))
    ctx = rewritten(probe, "gate.yaml", "max: 0.9", f"max: {measured + 0.005:.4f}")
    ctx.source.relabel = {MONTHS[1]: rest_upside_down}
    take(ctx, MONTHS[3])
    return ctx, re_decide.decide_again(ctx, re_decide.decisions_to_revisit(ctx)[0])


def test_a_verdict_that_would_now_differ_asks_a_person(rewritten):
    """The late outcomes speak against the champion they made: a review is raised, which changes nothing by itself."""
    ctx, review = raised(rewritten)
    assert review.verdict is Verdict.REVIEW
    assert review.results[0].outcome is RuleOutcome.FAIL
    assert "would be BLOCK instead of PROMOTE" in review.sentence
    assert judge_challenger.replay_decision(ctx, review.id) == review
    assert champion(ctx) == 1
    assert re_decide.decisions_to_revisit(ctx) == [], "it waits for its answer"


def test_to_approve_a_champion_again_lets_it_stay(rewritten):
    """The answer is on record, and nothing else changes."""
    ctx, review = raised(rewritten)
    assert promote.record_review_response(ctx, review.id, True, "admin", REASON).model.version == 1
    assert len(ctx.ledger.models.promotions("rides")) == 1


def test_to_reject_the_only_champion_there_was_is_told(rewritten):
    """There is nothing to return to: the rejection is on record, the error says so, and the version serves on."""
    ctx, review = raised(rewritten)
    with pytest.raises(NotAllowedError, match="earlier champions are none"):
        promote.record_review_response(ctx, review.id, False, "admin", REASON)
    assert ctx.ledger.decisions.answers(review.id) == [(False, "admin", REASON)]
    assert champion(ctx) == 1


def test_to_reject_a_champion_again_rolls_it_back(looped, rewritten):
    """Version 2 was promoted on the outcomes that were there; the late ones speak against it, and version 1 returns."""
    ctx = rewritten(looped, "contract.yaml", "delay: 1 month", "delay: 1 month\n  updates_until: 4 months")
    ctx.source.relabel = {MONTHS[3]: most}
    take(ctx, MONTHS[4])
    second = retrain(ctx)
    assert (second.verdict, champion(ctx)) == (Verdict.PROMOTE, 2)
    bound = "  - {rule: metric_bound, description: Useful., metric: log_loss, max: 0.5}"
    ctx = rewritten(ctx, "gate.yaml", "rules:", f"rules:\n{bound}")
    ctx.source.relabel = {}
    take(ctx, MONTHS[5])
    review = re_decide.decide_again(ctx, second.id)
    assert review.verdict is Verdict.REVIEW
    assert champion(ctx) == 2
    assert promote.record_review_response(ctx, review.id, False, "admin", REASON).model.version == 1
    assert ctx.ledger.models.promotions("rides")[-1].kind is PromotionKind.ROLLBACK


def test_a_promotion_whose_task_was_marked_is_carried_out_and_named(ctx):
    """The decision says PROMOTE, and somebody marked the task as done: maintenance promotes, logs it, and does so once."""
    for key in MONTHS[:3]:
        take_without_promoting(ctx, key)
    (decision,) = ctx.ledger.decisions.list("rides")
    assert ctx.ledger.models.champion("rides") is None
    assert find_pending.unapplied_promotions(ctx) == [], "its own run may still be at it"
    ctx.ledger = aged(ctx.ledger)
    assert find_pending.unapplied_promotions(ctx, attended={decision.id}) == [], "its own run is slow, and still at it"
    (sentence,) = find_pending.unapplied_promotions(ctx)
    assert decision.id[:8] in sentence
    assert champion(ctx) == 1
    assert find_pending.unapplied_promotions(ctx) == []
    assert [e.kind for e in ctx.ledger.audit_log.entries()].count("promotion.not_applied") == 1


def take_without_promoting(ctx, key):
    """As when the task `promote` is marked as success by hand: its body never runs."""
    honest, promote.promote = promote.promote, lambda *_: None
    try:
        take(ctx, key)
    finally:
        promote.promote = honest


def aged(ledger):
    """The same ledger, asked ten minutes later about when its decisions were made."""
    made_at = ledger.decisions.made_at
    ledger.decisions.made_at = lambda decision: made_at(decision) - timedelta(minutes=10)
    return ledger


def test_a_review_that_nobody_is_asked_for_counts_as_rejected_in_the_end(rewritten):
    """A cleared or marked review task never answers: after its time-out the ledger says rejected by nobody, and why."""
    ctx = rewritten(None, "gate.yaml", "no_champion: promote", "no_champion: review")
    for key in MONTHS[:3]:
        take(ctx, key)
    (decision,) = ctx.ledger.decisions.list("rides")
    assert [waiting.id for waiting, _ in find_pending.open_reviews(ctx)] == [decision.id]
    assert find_pending.timed_out_reviews(ctx) == []
    assert find_pending.timed_out_reviews(ctx, LONG_AFTER, {decision.id}) == [], (
        "an answer that came in time may be on its way"
    )
    (sentence,) = find_pending.timed_out_reviews(ctx, LONG_AFTER)
    assert "counts as rejected" in sentence
    assert ctx.ledger.decisions.answers(decision.id)[0][:2] == (False, "nobody")
    assert find_pending.timed_out_reviews(ctx, LONG_AFTER) == []
    assert ctx.ledger.models.champion("rides") is None


def test_a_replaced_model_file_is_named_and_brought_back(looped):
    """The champion's bytes were changed: maintenance says so and restores MLflow's copy, which has the recorded sha256."""
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


def _kinds(ctx, start, *others):
    kinds = [entry.kind for entry in ctx.ledger.audit_log.entries()]
    return [kind for kind in kinds if kind.startswith(start) and kind not in others]


def test_a_death_between_a_finding_and_its_repair_is_one_finding(looped, monkeypatch):
    """Maintenance dies after it has logged a moved alias: the next one repairs it, and the audit log tells of one move."""

    def death(*_):
        raise KeyboardInterrupt

    looped.tracking.aliases["rides", "champion"] = 99
    with monkeypatch.context() as dying:
        dying.setattr(reconcile, "point_aliases", death)
        with pytest.raises(KeyboardInterrupt):
            reconcile.reconcile(looped)
    assert "99" in reconcile.reconcile(looped)
    assert _kinds(looped, "alias.") == ["alias.drifted", "alias.repaired"]
    looped.tracking.aliases["rides", "champion"] = 99
    reconcile.reconcile(looped)
    assert _kinds(looped, "alias.") == ["alias.drifted", "alias.repaired"] * 2
