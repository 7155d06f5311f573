"""Training windows, as the gather stage takes them."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from gatehouse.core.config.retrain import Window
from gatehouse.pipeline import gather
from gatehouse.pipeline.batch_data.row_keys import LABEL, TIME
from gatehouse.pipeline.batch_data.training_window import change_in
from support.rides import ctx, folder, open_site, take  # noqa: F401 - three of them are fixtures

MONTHS = ["2024-01", "2024-02", "2024-03", "2024-04"]


def frame(month: int, rate: float) -> pd.DataFrame:
    """A month of labels, twenty a day."""
    days = pd.date_range(datetime(2024, month, 1, tzinfo=UTC), periods=28).repeat(20)
    labels = (np.random.default_rng(month).uniform(size=len(days)) < rate).astype("float64")
    return pd.DataFrame({TIME: days, LABEL: labels})


def test_the_change_in_the_labels_is_dated(ctx):
    """Without a champion the labels are looked at: a change between March and April is dated to within a week."""
    found = change_in(ctx, [frame(1, 0.2), frame(2, 0.2), frame(3, 0.2), frame(4, 0.6)])
    assert abs(found - datetime(2024, 4, 1, tzinfo=UTC)).days <= 7
    assert change_in(ctx, [frame(1, 0.2), frame(2, 0.2), frame(3, 0.2)]) is None


@pytest.mark.parametrize("kind", ["best_of", "since_change"])
def test_what_was_chosen_is_in_the_audit_log(folder, open_site, kind):
    """The audit log tells the losses of every window that was tried, or the change that was found, and the holdout stays
    the newest batch whatever was chosen."""
    (folder / "retrain.yaml").write_text((folder / "retrain.yaml").read_text() + f"window: {kind}\n")
    ctx = open_site()
    for key in MONTHS:
        take(ctx, key)
    (request,) = ctx.ledger.requests.list("rides")
    (told,) = [entry for entry in ctx.ledger.audit_log.entries() if entry.kind == "training.window"]
    assert (told.subject, told.actor) == (request.id, "gather")
    wanted = {window.name for window in Window(kind="best_of").choices} if kind == "best_of" else {"changed"}
    assert all(name in told.body for name in wanted)
    training_set = ctx.ledger.requests.training_set(request.id)
    assert max(training_set.training_batches) < min(training_set.holdout_batches)
    before = len(ctx.ledger.audit_log.entries())
    gather.build_training_set(ctx, request)
    assert len(ctx.ledger.audit_log.entries()) == before
