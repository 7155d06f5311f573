"""A batch that the model code or the champion cannot take is its own error: it has a visible end, and the next one goes on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gatehouse.adapters.models import SkopsModels
from gatehouse.errors import ModelError, NotEnoughDataError, NotScoredError, UntrustedModelError
from gatehouse.pipeline import gather, land, outcomes
from gatehouse.pipeline.maintenance import find_pending
from gatehouse.pipeline.manual import backfill
from gatehouse.pipeline.monitor.monitor_batch import monitor_batch
from gatehouse.pipeline.monitor.score_in_order import score_in_turn
from gatehouse.pipeline.score import blocked_by, score
from gatehouse.pipeline.validate import validate
from support.rides import ctx, folder, looped, open_site, take  # noqa: F401 - four of them are fixtures

BAD, NEXT = "2024-05", "2024-06"


def landed(ctx: Any, key: str) -> Any:
    """The id of a batch that was landed and accepted with the outcomes that came with it."""
    batch = land.land(ctx, key)
    outcomes.collect(ctx, key)
    assert validate(ctx, batch.id).state == "accepted"
    return batch.id


def altered(ctx: Any, change: Any, monkeypatch: pytest.MonkeyPatch, key: str = BAD) -> None:
    """Let `features()` pass through a change that concerns one month alone."""
    real = ctx.case.model.features

    def features(tables: Any) -> Any:
        made = real(tables)
        return change(made) if str(tables["rows"]["at"].iloc[0]).startswith(key) else made

    monkeypatch.setattr(ctx.case.model, "features", features)


def infinite(frame: Any) -> Any:
    return frame.assign(amount=frame["amount"].where(np.arange(len(frame)) != 3, np.inf))


def raising(frame: Any) -> Any:
    raise ValueError("no such station")


@pytest.mark.parametrize(("change", "says"), [(infinite, "is inf in row"), (raising, "no such station")])
def test_a_batch_that_cannot_be_scored_ends_as_its_own_error(looped, monkeypatch, change, says):
    """Its verdict has the error and pages, nothing waits for it or wakes it again, and the next batch is scored."""
    altered(looped, change, monkeypatch)
    bad = landed(looped, BAD)
    with pytest.raises(NotScoredError, match=says):
        score_in_turn(looped, bad)
    report = looped.ledger.batches.watches("rides")[-1]
    assert report.batch == bad
    assert says in report.body["errors"][0]
    (incident,) = [each for each in report.body["incidents"] if each["kind"] == "model error"]
    assert (incident["state"], incident["page"]) == ("open", True)
    following = landed(looped, NEXT)
    assert blocked_by(looped, following, 0.0) == ""
    assert not any(ref.startswith(BAD) for ref in find_pending.unprocessed_batches(looped))
    assert score_in_turn(looped, following) is not None
    monitor_batch(looped, following)
    judged = looped.ledger.batches.watches("rides")[-1]
    assert judged.batch == following
    assert "drift" in judged.body


def test_the_sentence_names_version_feature_row_and_value(looped, monkeypatch):
    """A person at night must find the cell: which version, which feature, the row's key, and what it holds."""
    altered(looped, infinite, monkeypatch)
    batch = landed(looped, BAD)
    with pytest.raises(NotScoredError) as raised:
        score_in_turn(looped, batch)
    table = looped.ledger.batches.get(batch).tables["rows"].accepted
    key = looped.lake.frame(table)[looped.case.contract.tables["rows"].key[0]].iloc[3]
    said = str(raised.value)
    assert "version 1" in said
    assert "feature 'amount' is inf in row" in said
    assert str(key) in said


@pytest.mark.parametrize(
    ("predicted", "says"),
    [
        (lambda rows: np.where(np.arange(rows) == 2, np.nan, 0.5), "the first is nan"),
        (lambda rows: np.where(np.arange(rows) == 2, np.inf, 0.5), "the first is inf"),
        (lambda rows: np.full(rows - 1, 0.5), "shape"),
        (lambda rows: np.full((rows, 2, 2), 0.5), "shape"),
    ],
)
def test_a_prediction_that_is_no_number_is_the_batchs_error(looped, monkeypatch, predicted, says):
    """Not finite, too few, or of another shape: named with the version, and nothing of it is stored."""

    class Model:
        def predict_proba(self, features):
            made = predicted(len(features))
            return np.stack([1 - made, made], axis=1)

    monkeypatch.setattr(SkopsModels, "load", lambda self, data, sha256: Model())
    batch = landed(looped, BAD)
    with pytest.raises(NotScoredError, match=rf"version 1 .*{says}"):
        score_in_turn(looped, batch)
    assert all(each.batch != batch for each in looped.ledger.batches.predictions("rides"))


def test_a_batch_is_scored_later_when_its_error_is_mended(looped, monkeypatch):
    """The verdict stays as it was recorded; the scores are made when somebody clears the task."""
    with monkeypatch.context() as broken:
        altered(looped, raising, broken)
        batch = landed(looped, BAD)
        for _ in range(2):
            with pytest.raises(NotScoredError):
                score_in_turn(looped, batch)
    assert score_in_turn(looped, batch).version == 1
    monitor_batch(looped, batch)
    assert [each.batch for each in looped.ledger.batches.watches("rides")].count(batch) == 1


def test_outcomes_of_a_broken_batch_leave_the_next_verdict_whole(looped, monkeypatch):
    """A month later its outcomes arrive: they are left out of what is measured, and the verdict says so."""
    altered(looped, raising, monkeypatch)
    with pytest.raises(NotScoredError):
        score_in_turn(looped, landed(looped, BAD))
    following = landed(looped, NEXT)
    score(looped, following)
    monitor_batch(looped, following)
    body = looped.ledger.batches.watches("rides")[-1].body
    assert f"batch rides/{BAD}" in body["errors"][0]
    assert "no such station" in body["errors"][0]


def test_a_model_that_cannot_be_trusted_is_no_batchs_error(looped, monkeypatch):
    """Its file is damaged for all batches: they wait, and no verdict is recorded."""

    def load(self, data, sha256):
        raise UntrustedModelError("another sha256")

    monkeypatch.setattr(SkopsModels, "load", load)
    batch = landed(looped, BAD)
    with pytest.raises(UntrustedModelError):
        score_in_turn(looped, batch)
    assert all(each.batch != batch for each in looped.ledger.batches.watches("rides"))


def test_a_backfill_goes_on_after_a_broken_batch(looped, monkeypatch):
    """The batch is told as not scored, and the next one of the range is taken."""
    altered(looped, raising, monkeypatch)
    begun = backfill.begin(looped, BAD, NEXT, False, "Ada", "two months were missing")
    told = [backfill.process_batch(looped, begun, key) for key in (BAD, NEXT)]
    assert "no such station" in told[0]
    assert "scored by version 1" in told[1]


@pytest.mark.parametrize(
    ("change", "says"), [(infinite, "feature 'amount' is inf in row"), (raising, "no such station")]
)
def test_a_training_leaves_a_broken_batch_out(looped, monkeypatch, change, says):
    """A batch whose features cannot be made, or are infinite, is not trained on, and the audit log names it; the others are."""
    altered(looped, change, monkeypatch, "2024-03")
    batch = landed(looped, BAD)
    asked = looped.ledger.requests.ask(
        "rides", looped.ledger.batches.get(batch).interval.end, "Ada", "for a test of it"
    )
    recorded = gather.build_training_set(looped, gather.claim(looped, asked.id))
    used = {batch.key for batch in (*recorded.training_batches, *recorded.holdout_batches)}
    assert "2024-04" in used
    assert "2024-03" not in used
    notes = [entry.body for entry in looped.ledger.audit_log.entries() if entry.kind == "training.window"]
    assert says in notes[0]


def test_too_few_batches_are_told_with_those_left_out(ctx, monkeypatch):
    """Two batches are needed and one has no features: the sentence says so, and not only that one is too few."""
    altered(ctx, raising, monkeypatch, "2024-01")
    with pytest.raises(NotEnoughDataError, match="no such station"):
        taken(ctx)


def test_features_that_always_raise_are_the_trainings_error(ctx, monkeypatch):
    """Where no batch has features, the training says why and not that there are too few batches."""
    monkeypatch.setattr(ctx.case.model, "features", raising)
    with pytest.raises(ModelError, match="no such station"):
        taken(ctx)


def taken(ctx: Any) -> None:
    for key in ("2024-01", "2024-02", "2024-03", "2024-04"):
        take(ctx, key)
