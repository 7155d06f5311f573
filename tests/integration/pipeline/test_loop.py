"""The stages as a loop: what they promise, whatever happens between them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gatehouse.core.audit.canonical_json import canonical
from gatehouse.core.gate.decide import decision_document
from gatehouse.core.types import BatchState, Override, PromotionKind, RequestState, Verdict
from gatehouse.errors import ModelError, NotAllowedError, ServiceUnavailableError, SourceError, StaleChampionError
from gatehouse.pipeline import choose, fit, gather, land, outcomes, promote, score
from gatehouse.pipeline.judge import judge_challenger
from gatehouse.pipeline.maintenance import mlflow_projection, reconcile
from gatehouse.pipeline.manual.quarantined import release
from gatehouse.pipeline.monitor import monitor_batch
from gatehouse.pipeline.validate import validate
from support.rides import ctx, folder, looped, open_site, take, train  # noqa: F401 - four of them are fixtures

MONTHS = ["2024-01", "2024-02", "2024-03", "2024-04"]


def test_the_loop_ends_with_a_champion_that_the_gate_decided_on(looped):
    """The first champion comes as soon as enough batches have matured; later batches are scored by it."""
    champion = looped.ledger.models.champion("rides")
    (promotion,) = looped.ledger.models.promotions("rides")
    assert champion.generation == 1
    assert looped.ledger.decisions.get(promotion.decision).verdict is Verdict.PROMOTE
    assert [prediction.batch.key for prediction in looped.ledger.batches.predictions("rides")] == ["2024-04"]
    assert looped.tracking.aliases["rides", "champion"] == 1


def test_running_everything_again_changes_nothing(looped):
    """Each stage finds what it did before: no audit log entry, no file, no champion is added (I4)."""
    before = len(looped.ledger.audit_log.entries()), set(looped.lake.files), looped.ledger.models.champion("rides")
    for key in MONTHS:
        batch = next(b for b in looped.ledger.batches.list("rides") if b.id.key == key)
        outcomes.collect(looped, key)
        validate(looped, batch.id)
        if key == MONTHS[-1]:
            score.score(looped, batch.id)
        monitor_batch.monitor_batch(looped, batch.id)
    (request,) = looped.ledger.requests.list("rides")
    gather.build_training_set(looped, gather.claim(looped, request.id))
    for name in fit.candidate_names(looped):
        fit.fit(looped, request.id, name)
    promote.promote(looped, judge_challenger.judge(looped, request.id).id)
    after = len(looped.ledger.audit_log.entries()), set(looped.lake.files), looped.ledger.models.champion("rides")
    assert after == before


def test_the_same_content_again_is_a_no_op_and_changed_content_a_revision(looped):
    """A repeated delivery is noted; a corrected one is a new revision beside the old one."""
    assert land.land(looped, "2024-02").id.revision == 1
    looped.source.change["2024-02"] = lambda frame: frame.assign(amount=frame["amount"] + 1)
    corrected = land.land(looped, "2024-02")
    assert (corrected.id.revision, corrected.state) == (2, BatchState.LANDED)
    kinds = [entry.kind for entry in looped.ledger.audit_log.entries()]
    assert kinds.count("batch.repeated") == 1


def test_no_held_out_row_is_trained_on_and_no_quarantined_one(ctx):
    """Training rows are accepted rows of earlier batches; the holdout is the newest matured batch (I9)."""

    def misdated(frame):
        long_ago = frame["at"].iloc[0].replace(year=2020)
        return frame.assign(at=frame["at"].where(frame.index > 4, long_ago))

    ctx.source.change["2024-01"] = misdated
    for key in MONTHS[:3]:
        take(ctx, key)
    (request,) = ctx.ledger.requests.list("rides")
    recorded = ctx.ledger.requests.training_set(request.id)
    training, holdout = ctx.lake.frame(recorded.training), ctx.lake.frame(recorded.holdout)
    assert set(training["gh_batch"]) == {"rides/2024-01.r1"}
    assert set(holdout["gh_batch"]) == {"rides/2024-02.r1"}
    assert len(training) == 1995
    assert not set(training["gh_key"]) & set(holdout["gh_key"])


def test_outcomes_that_arrived_later_are_not_looked_at(open_site):
    """A batch that is watched after a later one was ingested gets the verdict it would have had in time."""
    late = open_site()
    for key in MONTHS:
        batch = land.land(late, key)
        outcomes.collect(late, key)
        validate(late, batch.id)
    early = late.ledger.batches.outcomes("rides", late.ledger.batches.list("rides")[1].interval.end)
    assert set(early) == {"2024-01"}
    third = late.ledger.batches.list("rides")[2]
    assert monitor_batch.monitor_batch(late, late.ledger.batches.list("rides")[0].id) is None
    assert monitor_batch.monitor_batch(late, late.ledger.batches.list("rides")[1].id) is None
    request = monitor_batch.monitor_batch(late, third.id)
    assert request.as_of == third.interval.end


def test_a_batch_waits_for_earlier_ones_and_for_the_open_request_until_patience_ends(ctx):
    """The order of time decides whose turn it is, not the order of arrival; nobody waits for ever."""
    ids = {}
    for key in ("2024-02", "2024-01"):
        batch = land.land(ctx, key)
        outcomes.collect(ctx, key)
        ids[key] = validate(ctx, batch.id).id
    assert "2024-01 comes first" in score.blocked_by(ctx, ids["2024-02"], 0)
    assert score.blocked_by(ctx, ids["2024-01"], 0) == ""
    assert score.blocked_by(ctx, ids["2024-02"], 7 * 3600) == ""
    ctx.ledger.requests.ask("rides", ctx.ledger.batches.get(ids["2024-01"]).interval.end, "ann", "to see who waits")
    assert "is open" in score.blocked_by(ctx, ids["2024-01"], 0)


def test_a_label_that_never_arrives_is_named_and_never_trained_on(ctx):
    """A batch without outcomes is reported as overdue and stays out of every training set."""
    ctx.source.no_outcomes = {"2024-01"}
    for key in MONTHS:
        take(ctx, key)
    report = ctx.ledger.batches.watches("rides")[-1]
    assert report.body["overdue_outcomes"] == ["2024-01"]
    (request,) = ctx.ledger.requests.list("rides")
    recorded = ctx.ledger.requests.training_set(request.id)
    assert "2024-01" not in {batch.key for batch in (*recorded.training_batches, *recorded.holdout_batches)}


def test_replay_gives_the_archived_decision_byte_for_byte(looped):
    """A decision is a pure function of its archived evidence and policy."""
    for decision in looped.ledger.decisions.list("rides"):
        again = judge_challenger.replay_decision(looped, decision.id)
        assert canonical(decision_document(again)) == canonical(decision_document(decision))


def test_a_review_waits_for_a_person_and_a_second_answer_is_refused(folder, open_site):
    """REVIEW promotes nothing by itself; approved by name it does; the opposite answer afterwards is refused."""
    (folder / "gate.yaml").write_text(
        (folder / "gate.yaml").read_text().replace("no_champion: promote", "no_champion: review")
    )
    ctx = open_site()
    for key in MONTHS[:3]:
        take(ctx, key)
    (decision,) = ctx.ledger.decisions.list("rides")
    assert decision.verdict is Verdict.REVIEW
    assert ctx.ledger.models.champion("rides") is None
    assert ctx.ledger.requests.list("rides")[0].state is RequestState.DECIDED
    champion = promote.record_review_response(ctx, decision.id, True, "admin", "the figures are what we expect")
    assert champion.model.version == 1
    with pytest.raises(NotAllowedError):
        promote.record_review_response(ctx, decision.id, False, "reviewer", "I disagree")


def test_a_decision_against_an_older_generation_promotes_nothing(looped):
    """Compare-and-set: when the champion has moved since the decision, promoting is refused."""
    newest = looped.ledger.batches.list("rides")[-1]
    request = looped.ledger.requests.ask("rides", newest.interval.end, "ann", "a test of the generation")
    gather.build_training_set(looped, gather.claim(looped, request.id))
    for name in fit.candidate_names(looped):
        fit.fit(looped, request.id, name)
    choose.choose(looped, request.id)
    decision = judge_challenger.judge(looped, request.id)
    assert decision.verdict is Verdict.PROMOTE
    never = datetime(2100, 1, 1, tzinfo=UTC)
    asked = Override("moved", "rides", decision.version, 1, decision.id, "admin", "moved in between", never, False)
    act = (asked.version, asked.generation, PromotionKind.OVERRIDE, asked.decision, asked.actor, asked.reason)
    looped.ledger.models.promote("rides", *act, override=looped.ledger.overrides.propose(asked).id)
    back = promote.rollback(looped, 1, "reviewer", "and moved back again")
    assert back.generation == 3
    with pytest.raises(StaleChampionError):
        promote.promote(looped, decision.id)
    assert looped.ledger.models.champion("rides") == back


def test_a_rollback_returns_to_an_earlier_champion_only(looped):
    """There is nothing to roll back to before there were two champions, and the refusal says so."""
    with pytest.raises(NotAllowedError, match="earlier champions are none"):
        promote.rollback(looped, None, "reviewer", "it feels wrong today")
    with pytest.raises(NotAllowedError, match="version 7"):
        promote.plan_rollback(looped, 7)


@pytest.mark.parametrize("actor", ["mallory", "viewer", "Reviewer", "nobody", ""])
def test_only_an_approver_rolls_back(looped, actor):
    """Pages, forms, REST and the command line all come here with the person's name: one whom gate.yaml does not name among
    the approvers changes nothing."""
    before = looped.ledger.models.champion("rides")
    with pytest.raises(NotAllowedError, match="may not roll back"):
        promote.rollback(looped, None, actor, "the delays look wrong")
    assert looped.ledger.models.champion("rides") == before


def test_an_alias_moved_by_hand_is_named_and_repaired(looped):
    """Maintenance logs the difference once and points the alias where the ledger says."""
    looped.tracking.aliases["rides", "champion"] = 99
    assert "99" in reconcile.reconcile(looped)
    assert looped.tracking.aliases["rides", "champion"] == 1
    assert reconcile.reconcile(looped) == ""


def test_a_schema_change_quarantines_the_batch_and_loses_nothing(ctx):
    """A missing column is one sentence in the ledger; the delivery is kept, and cannot be released unread."""
    ctx.source.change["2024-01"] = lambda frame: frame.drop(columns="amount")
    batch = validate(ctx, land.land(ctx, "2024-01").id)
    assert batch.state is BatchState.QUARANTINED
    assert "'amount' is missing" in batch.reason
    assert len(ctx.lake.frame(batch.tables["rows"].source)) == 2000
    with pytest.raises(Exception, match="amount"):
        release(ctx, batch.id, "admin", "we take it as it is")


def test_an_empty_batch_and_too_many_bad_rows_are_quarantined_with_numbers(ctx):
    """Too few rows, or too large a share of bad ones, quarantines the batch and says found and allowed."""
    ctx.source.change["2024-01"] = lambda frame: frame.head(0)
    ctx.source.change["2024-02"] = lambda frame: frame.assign(id=frame["id"].where(frame.index > 400, "same"))
    empty, double = (validate(ctx, land.land(ctx, key).id) for key in ("2024-01", "2024-02"))
    assert "0 rows, contract.yaml asks for at least 100" in empty.reason
    assert "401 of 2000 rows" in double.reason
    released = release(ctx, double.id, "admin", "the ids are known to repeat")
    assert released.state is BatchState.ACCEPTED
    assert released.tables["rows"].accepted.rows == 1599


def test_a_batch_of_bad_rows_alone_is_not_released(ctx):
    """There is nothing that a person could accept: the sentence says so, and the batch stays in quarantine."""
    ctx.source.change["2024-01"] = lambda frame: frame.assign(id="same")
    batch = validate(ctx, land.land(ctx, "2024-01").id)
    with pytest.raises(NotAllowedError, match="each of its 2,000 rows is bad"):
        release(ctx, batch.id, "admin", "we take it as it is")
    assert ctx.ledger.batches.get(batch.id).state is BatchState.QUARANTINED


def test_a_source_that_lacks_a_table_is_one_clear_error(ctx):
    """The message names the table, what was found and what is declared; nothing is landed."""
    ctx.source.fetch = lambda key, interval: {}
    with pytest.raises(SourceError, match=r"no table rows.*found nothing.*declares rows"):
        land.land(ctx, "2024-01")
    assert ctx.ledger.batches.list("rides") == []


def test_an_estimator_that_fails_does_not_stop_the_others(folder, open_site):
    """One candidate raises, one predicts NaN: both are flagged with why, the good one becomes the challenger."""
    code = (
        (folder / "model.py")
        .read_text()
        .replace(
            '        "logistic": make_pipeline(linear, LogisticRegression()),\n',
            """\
        "logistic": make_pipeline(linear, LogisticRegression()),
        "raising": make_pipeline(linear, LogisticRegression(C=-1)),
""",
        )
    )
    (folder / "model.py").write_text(code)
    ctx = open_site()
    for key in MONTHS[:3]:
        take(ctx, key)
    (request,) = ctx.ledger.requests.list("rides")
    failed = {c.name: c.reason for c in ctx.ledger.requests.candidates(request.id) if c.file is None}
    assert set(failed) == {"raising"}
    assert "raised in fit" in failed["raising"]
    assert ctx.ledger.models.champion("rides") is not None


def test_one_class_only_ends_with_a_reason(folder, open_site):
    """Labels of one class cannot train anything: the error says what was found and needed."""
    code = (
        (folder / "source.py")
        .read_text()
        .replace('label = (random.uniform(size=ROWS) < chance).astype("float64")', "label = np.zeros(ROWS)")
    )
    (folder / "source.py").write_text(code)
    ctx = open_site()
    for key in MONTHS[:2]:
        take(ctx, key)
    with pytest.raises(ModelError, match="one class only; found 0 in all"):
        take(ctx, MONTHS[2])
    assert ctx.ledger.models.champion("rides") is None


def test_mlflow_away_leaves_the_ledger_right_and_maintenance_completes(ctx):
    """When MLflow does not answer after a promotion, the champion has changed and the task is green; maintenance finishes
    the mirror, and nobody is accused of having moved the alias."""
    mirror, ctx.tracking.mirror = ctx.tracking.mirror, _away
    for key in MONTHS[:3]:
        take(ctx, key)
    assert ctx.ledger.models.champion("rides").generation == 1
    assert ("rides", "champion") not in ctx.tracking.aliases
    ctx.tracking.mirror = mirror
    assert reconcile.reconcile(ctx) == ""
    assert "the aliases" in mlflow_projection.make_up(ctx).done
    assert ctx.tracking.aliases["rides", "champion"] == 1
    kinds = [entry.kind for entry in ctx.ledger.audit_log.entries() if entry.kind.startswith(("tracking.", "alias."))]
    assert kinds == ["tracking.behind", "tracking.caught_up"]


def _away(*_args):
    raise ServiceUnavailableError("MLflow does not answer")


def test_a_request_is_trained_once_however_often_it_is_asked_for(looped):
    """A person's wish joins the open request instead of making a second one."""
    as_of = looped.ledger.batches.list("rides")[-1].interval.end
    one = looped.ledger.requests.ask("rides", as_of, "ann", "a first reason")
    other = looped.ledger.requests.ask("rides", as_of, "bob", "a second reason")
    assert one.id == other.id
    assert [reason.kind for reason in other.reasons] == ["person", "person"]
    train(looped, one.id)
    assert looped.ledger.requests.get(one.id).state is RequestState.DECIDED
