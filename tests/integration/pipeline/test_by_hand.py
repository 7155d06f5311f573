"""What people do by hand besides answering the gate: a training of their own, a batch checked again, a range backfilled."""

from __future__ import annotations

import json

import pytest

from gatehouse import invariants
from gatehouse.core.types import BatchState, RequestState
from gatehouse.errors import InvalidInputError, NotAllowedError
from gatehouse.pipeline import fit, gather, land
from gatehouse.pipeline.manual import backfill
from gatehouse.pipeline.manual.request_retraining import request_retraining
from gatehouse.pipeline.manual.revalidate import revalidate
from gatehouse.pipeline.manual.rollback_preview import preview_rollback
from gatehouse.pipeline.validate import validate
from support.rides import ctx, folder, looped, open_site, take, train  # noqa: F401 - four of them are fixtures

MONTHS = [f"2024-{month:02}" for month in range(1, 9)]
REASON = "the airport asked for it today"


@pytest.fixture
def rewritten(folder, open_site):
    """Reads the use case again after an edit, on the same ledger, lake, source and tracking server."""

    def again(ctx, file, old, new):
        text = (folder / file).read_text()
        assert old in text
        (folder / file).write_text(text.replace(old, new))
        after = open_site()
        after.lake, after.source, after.tracking = ctx.lake, ctx.source, ctx.tracking
        return after

    return again


def breaches(ctx, database):
    """What `gatehouse audit verify` finds broken."""
    return [breach for finding in invariants.run(database.url, ctx.lake, None) for breach in finding.breaches]


def kinds(ctx):
    return [entry.kind for entry in ctx.ledger.audit_log.entries()]


def test_a_window_and_estimators_are_for_one_request_and_on_record_with_it(looped, ledger_database):
    """The request's reason holds them, the training set has that window, only those candidates are fitted; the next
    request is the use case's own again."""
    request = request_retraining(looped, "ann", REASON, "rolling", 1, ["logistic"])
    assert request.reasons[-1].numbers == {
        "actor": "ann",
        "window": {"kind": "rolling", "batches": 1},
        "estimators": ["logistic"],
    }
    assert request_retraining(looped, "ann", REASON, "rolling", 1, ["logistic"]) == request, (
        "asked twice, it is one request"
    )
    request = gather.claim(looped, request.id)
    assert len(gather.build_training_set(looped, request).training_batches) == 1
    assert fit.candidate_names(looped, request) == ["logistic"]
    (told,) = [entry for entry in looped.ledger.audit_log.entries() if entry.kind == "training.window"]
    assert json.loads(told.body) == {"asked_by": "ann", "batches": 1}
    with pytest.raises(NotAllowedError, match="is being trained"):
        request_retraining(looped, "bob", REASON, "expanding")
    train(looped, request.id)
    later = request_retraining(looped, "bob", REASON)
    assert fit.candidate_names(looped, later) == ["boosting", "logistic"]
    assert breaches(looped, ledger_database) == []


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (("everything", None, ()), r"no such window; found 'everything'; allowed: expanding, rolling"),
        (("rolling", None, ()), r"a rolling window needs `batches`"),
        ((None, 3, ()), r"a number of batches was given and no window"),
        (("expanding", 2, ()), r"`batches` is for rolling and same_season windows"),
        (
            (None, None, ("logistic", "oracle")),
            r"no such estimator in model.py; found oracle; allowed: boosting, logistic",
        ),
    ],
)
def test_what_cannot_be_trained_is_refused_by_name(ctx, wanted, said):
    """A window that is none or lacks its number, and an estimator that is not there, open no request."""
    validate(ctx, land.land(ctx, MONTHS[0]).id)
    with pytest.raises(InvalidInputError, match=said):
        request_retraining(ctx, "ann", REASON, *wanted)
    assert ctx.ledger.requests.list("rides") == []


def test_a_rollback_is_told_before_it_is_done(looped):
    """The dry run names both versions, since when and by which decision they served, and their measured quality; nothing
    changes."""
    (first,) = looped.ledger.decisions.list("rides")
    newest = looped.ledger.batches.list("rides")[-1].interval.end
    train(looped, looped.ledger.requests.ask("rides", newest, "ann", "to have two versions to choose from").id)
    take(looped, MONTHS[4])
    before = kinds(looped)
    told = "\n".join(preview_rollback(looped, None))
    assert "version 2 would be replaced by version 1, generation 2 by 3; nothing has changed yet" in told
    assert f"by decision {first.id[:8]} of gate" in told
    assert told.count("log_loss") >= 2
    assert "on its own holdout" in told
    assert "measured last" in told
    assert "undone by a rollback to version 2" in told
    assert kinds(looped) == before
    with pytest.raises(NotAllowedError, match="cannot be rolled back to"):
        preview_rollback(looped, 7)


def test_a_quarantined_batch_that_keeps_the_changed_contract_is_accepted(ctx, rewritten, ledger_database):
    """Two thousand rows were too few for the contract; after it was changed the check accepts the batch, in one change
    with the record of who asked and why. Asked again, nothing happens."""
    ctx = rewritten(ctx, "contract.yaml", "min_rows: 100", "min_rows: 3000")
    batch = validate(ctx, land.land(ctx, MONTHS[0]).id)
    assert batch.state is BatchState.QUARANTINED
    stays = revalidate(ctx, batch.id, "ann", REASON)
    assert (stays.record.state, stays.record.verdict) == ("quarantined", "quarantined")
    assert "stays quarantined: table 'rows' has 2000 rows" in stays.lines[0]
    ctx = rewritten(ctx, "contract.yaml", "min_rows: 3000", "min_rows: 100")
    freed = revalidate(ctx, batch.id, "ann", REASON)
    assert "keeps the contract now and is accepted: rows 2,000 rows" in freed.lines[0]
    assert ctx.ledger.batches.get(batch.id).state is BatchState.ACCEPTED
    page = ctx.lake.read(freed.record.report).decode()
    assert f"Checked again by ann under contract {freed.record.contract[:12]}: {REASON}" in page
    before = kinds(ctx)
    assert revalidate(ctx, batch.id, "ann", REASON).record == freed.record
    assert kinds(ctx) == before
    assert before.count("batch.revalidated") == 2
    assert breaches(ctx, ledger_database) == []


def test_an_accepted_batch_that_the_contract_would_quarantine_now_stays_as_it_is(looped, rewritten, ledger_database):
    """The check is on record with what rests on the batch; its rows, its scores and the training sets are what they were."""
    batch = looped.ledger.batches.list("rides")[0]
    (model,) = looped.ledger.models.list("rides")
    training = looped.ledger.requests.training_set(model.request)
    ctx = rewritten(looped, "contract.yaml", "min_rows: 100", "min_rows: 3000")
    done = revalidate(ctx, batch.id, "ann", REASON)
    assert (done.record.state, done.record.verdict) == ("accepted", "quarantined")
    told = "\n".join(done.lines)
    assert "would be quarantined whole: table 'rows' has 2000 rows, contract.yaml asks for at least 3000" in told
    assert "stays accepted with the rows it has" in told
    assert "version 1 was trained on it" in told
    assert ctx.ledger.batches.get(batch.id) == batch
    assert ctx.ledger.requests.training_set(model.request) == training
    assert breaches(ctx, ledger_database) == []


def test_what_cannot_be_checked_again_is_named(ctx, rewritten):
    """Less than a sentence, a batch that waits for its first check, one that was discarded, one with a newer revision."""
    landed = land.land(ctx, MONTHS[0])
    with pytest.raises(NotAllowedError, match="at least a sentence"):
        revalidate(ctx, landed.id, "ann", "because")
    with pytest.raises(NotAllowedError, match="is landed; only an accepted or a quarantined batch"):
        revalidate(ctx, landed.id, "ann", REASON)
    validate(ctx, landed.id)
    ctx.source.change[MONTHS[0]] = lambda frame: frame.head(1999)
    land.land(ctx, MONTHS[0])
    with pytest.raises(NotAllowedError, match=r"has a newer revision, rides/2024-01\.r2"):
        revalidate(ctx, landed.id, "ann", REASON)


def run(ctx, first, last, promote=False):
    """A backfill from its form to its end."""
    begun = backfill.begin(ctx, first, last, promote, "ann", REASON)
    told = [backfill.process_batch(ctx, begun, key) for key in backfill.pending_keys(ctx, first, last)]
    return told, backfill.complete(ctx, begun)


def test_a_backfill_takes_a_range_in_order_and_trains_nothing(ctx, ledger_database):
    """Four months with a reason to train after the second: all are watched, the reasons stand in the reports as held
    back, no request is opened and there is no champion. Taken again, there is nothing to take."""
    told, request = run(ctx, MONTHS[0], MONTHS[3])
    assert request is None
    assert [line[:7] for line in told] == MONTHS[:4]
    assert ctx.ledger.requests.list("rides") == []
    reports = ctx.ledger.batches.watches("rides")
    assert [report.batch.key for report in reports] == MONTHS[:4]
    held = [each["why"] for report in reports for each in report.body["held_back"]]
    assert any("a backfill of 2024-01 to 2024-04 by ann is under way: no training was wanted" in why for why in held)
    (ended,) = ctx.ledger.backfills.list("rides")
    assert (ended.ended, ended.request) == ("done", None)
    with pytest.raises(
        InvalidInputError, match=r"nothing waits to be taken in the range.*the source has 2024-01 to 2024-08"
    ):
        backfill.begin(ctx, MONTHS[0], MONTHS[3], False, "ann", REASON)
    assert breaches(ctx, ledger_database) == []


def test_a_ticked_backfill_asks_for_one_training(ctx, ledger_database):
    """However many of its batches had a reason, one request follows, of the person who ticked it; its challenger goes
    before the gate like any other. What comes after the range asks for itself again."""
    _, request = run(ctx, MONTHS[0], MONTHS[3], promote=True)
    assert [each.id for each in ctx.ledger.requests.list("rides")] == [request.id]
    assert request.reasons[0].numbers["actor"] == "ann"
    assert request.reasons[0].sentence == f"backfill of 2024-01 to 2024-04: {REASON}"
    train(ctx, request.id)
    assert ctx.ledger.models.champion("rides").model.version == 1
    assert ctx.ledger.requests.get(request.id).state is RequestState.DECIDED
    assert breaches(ctx, ledger_database) == []


def test_a_backfill_that_died_goes_on_where_it_was(ctx):
    """Begun again with the same values it is the same one; another one waits; maintenance names what stands still."""
    begun = backfill.begin(ctx, MONTHS[0], MONTHS[2], False, "ann", REASON)
    backfill.process_batch(ctx, begun, MONTHS[0])
    assert "stands still" in backfill.stalled(ctx)
    assert backfill.begin(ctx, MONTHS[0], MONTHS[2], False, "ann", REASON) == begun
    with pytest.raises(NotAllowedError, match="of ann is under way"):
        backfill.begin(ctx, MONTHS[3], MONTHS[4], False, "bob", REASON)
    with pytest.raises(NotAllowedError, match="2024-02 waits to be taken"):
        backfill.complete(ctx, begun)
    assert backfill.pending_keys(ctx, MONTHS[0], MONTHS[2]) == MONTHS[1:3]
    ctx.ledger.attempts.enter(backfill.task_key(begun))
    assert backfill.stalled(ctx) == ""


def test_a_backfill_waits_for_the_training_that_may_change_the_champion(looped):
    """While a request is open a batch of the range is refused by name, so that no range is scored by two champions."""
    request_retraining(looped, "bob", REASON)
    begun = backfill.begin(looped, MONTHS[4], MONTHS[5], False, "ann", REASON)
    with pytest.raises(NotAllowedError, match=r"2024-05 cannot be backfilled yet: retrain request"):
        backfill.process_batch(looped, begun, MONTHS[4])


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("2024-13", "2024-02", "not the key of a month batch; found '2024-13'; allowed: a key like `2024-03`|2013-03"),
        ("2024-03", "2024-01", "from the older to the newer batch"),
        ("2023-12", "2024-01", "beyond the contract"),
        ("2030-01", "2030-02", "nothing waits to be taken"),
    ],
)
def test_a_range_that_is_none_is_refused_by_name(ctx, first, last, said):
    """What is wrong, what was found and what is allowed, before anything is recorded."""
    with pytest.raises(InvalidInputError, match=said):
        backfill.begin(ctx, first, last, False, "ann", REASON)
    assert ctx.ledger.backfills.list("rides") == []
