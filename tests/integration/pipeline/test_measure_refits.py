"""Each matured batch says what a retrain would have given on it."""

from __future__ import annotations

import pandas as pd
import pytest

from gatehouse.core.retraining.refit_check import refit_records
from gatehouse.pipeline import land, outcomes, score
from gatehouse.pipeline.gather import build_training_set, claim
from gatehouse.pipeline.monitor import measure_refits, monitor_batch
from gatehouse.pipeline.validate import validate
from support.rides import ctx, folder, looped, open_site  # noqa: F401 - they are fixtures


def _monitored(ctx, *months):
    """The reports of some months, in which labels are turned round and nobody trains."""
    for key in months:
        ctx.source.relabel[key] = lambda frame: frame.assign(label=1 - frame["label"])
        batch = land.land(ctx, key)
        outcomes.collect(ctx, key)
        validate(ctx, batch.id)
        score.score(ctx, batch.id)
        monitor_batch.monitor_batch(ctx, batch.id)
    return [report.body for report in ctx.ledger.batches.watches("rides") if report.batch.key in months]


def _reopened(looped, folder, open_site, text, where="triggers:\n"):
    """The use case with another retrain.yaml, over the same ledger, lake and models."""
    path = folder / "retrain.yaml"
    path.write_text(path.read_text().replace(where, text))
    changed = open_site()
    changed.lake, changed.tracking = looped.lake, looped.tracking
    return changed


def test_a_matured_batch_is_compared_with_refits_of_earlier_rows(looped, folder, open_site, monkeypatch):
    """The record is of the batch that was measured; every refit saw rows of earlier batches only, and few enough of them."""
    looped = _reopened(looped, folder, open_site, "window: best\ntriggers:\n")
    monkeypatch.setattr(measure_refits, "MOST_ROWS", 900)
    seen = []
    fit = looped.models.fit

    def counted(name, estimator, features, labels, weights=None):
        seen.append(len(features))
        return fit(name, estimator, features, labels, weights)

    monkeypatch.setattr(looped.models, "fit", counted)
    bodies = _monitored(looped, "2024-05", "2024-06")
    assert all(body["refits"]["batch"] == body["matured"]["batch"] for body in bodies)
    assert {"expanding", "rolling 2", "since_change"} <= set(bodies[-1]["refits"]["alternatives"])
    assert seen
    assert max(seen) <= 900


def test_the_alarm_of_a_change_waits_for_rows_to_learn_from_and_then_trains_on_them(looped, folder, open_site):
    """No refit on rows of before repairs turned labels, and the report says so; a month later refits on them do, a request is
    opened, and it trains on the window that the record names."""
    looped = _reopened(looped, folder, open_site, "window: best\ntriggers:\n")
    _monitored(looped, "2024-05")
    first, second = _monitored(looped, "2024-06", "2024-07")
    waiting = [held for held in first["held_back"] if "no refit on earlier rows" in held["why"]]
    assert waiting
    assert any(each["found"] for each in second["refits"]["findings"])
    request = looped.ledger.requests.pending("rides")
    assert request is not None
    assert "refit" in {reason.kind for reason in request.reasons}
    training_set = build_training_set(looped, claim(looped, request.id))
    records = refit_records(looped.ledger.batches.watches("rides"), request.as_of)
    assert records[-1].batch == training_set.holdout_batches[-1].key


@pytest.mark.parametrize("text", ["refit: false", "refit: {error: 0.01, min_gain: 0.5}"])
def test_the_check_can_be_turned_off_and_down(looped, folder, open_site, text):
    """Off, there is no record; with a `min_gain` that nothing reaches there is one, and it asks for nothing."""
    changed = _reopened(looped, folder, open_site, f"triggers:\n  {text}\n")
    (body,) = _monitored(changed, "2024-05")
    assert bool(body.get("refits")) == ("false" not in text)
    assert "refit" not in {each["sentence"][:5] for each in body["held_back"]}


@pytest.mark.parametrize("most", [1, 5, 100])
def test_rows_of_a_refit_are_spread_over_its_batches(most: int) -> None:
    """Each batch gives rows in proportion, one without labelled rows gives none, and no row is taken twice."""
    frames = [pd.DataFrame({"row": range(start, start + size)}) for start, size in ((0, 0), (0, 30), (30, 10))]
    found = list(measure_refits._thinned(frames, most)["row"])
    assert len(found) == len(set(found)) == {1: 2, 5: 4, 100: 40}[most]
