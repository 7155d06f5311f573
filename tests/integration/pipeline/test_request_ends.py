"""How requests end, and what follows a training that an alarm asked for."""

from __future__ import annotations

import pytest

from gatehouse.core.types import RequestState
from gatehouse.errors import NotAllowedError
from gatehouse.pipeline import gather, land, outcomes, score
from gatehouse.pipeline.manual.request_retraining import request_retraining
from gatehouse.pipeline.monitor import monitor_batch, retrain_state
from gatehouse.pipeline.validate import validate
from support.rides import ctx, folder, open_site, take, train  # noqa: F401 - three of them are fixtures

MONTHS = ["2024-01", "2024-02", "2024-03", "2024-04", "2024-05", "2024-06"]


def only_watch(ctx, key):
    """A batch whose request nobody carries out."""
    batch = land.land(ctx, key)
    outcomes.collect(ctx, key)
    validate(ctx, batch.id)
    score.score(ctx, batch.id)
    return monitor_batch.monitor_batch(ctx, batch.id)


def test_a_request_that_no_run_claims_expires_and_what_holds_asks_anew(folder, open_site):
    """After `request_expires_after_batches` watched batches an open request is expired with why; the next verdict opens another."""
    (folder / "retrain.yaml").write_text((folder / "retrain.yaml").read_text() + "request_expires_after_batches: 1\n")
    ctx = open_site()
    for key in MONTHS[:5]:
        only_watch(ctx, key)
    old, new = ctx.ledger.requests.list("rides")
    assert (old.state, new.state) == (RequestState.EXPIRED, RequestState.OPEN)
    assert "no retrain run has claimed it" in old.closing
    assert new.opened_by.endswith("2024-05.r1")
    assert retrain_state.expire_stale_request(ctx, ctx.ledger.batches.list("rides")[-1].interval.end) is None
    train(ctx, new.id)
    assert ctx.ledger.models.champion("rides") is not None


def test_a_claimed_request_never_expires(folder, open_site):
    """Expiry is for requests that nobody took up: one that a run holds is that run's to end."""
    (folder / "retrain.yaml").write_text((folder / "retrain.yaml").read_text() + "request_expires_after_batches: 1\n")
    ctx = open_site()
    for key in MONTHS[:3]:
        request = only_watch(ctx, key)
    gather.claim(ctx, request.id)
    for key in MONTHS[3:]:
        only_watch(ctx, key)
    (only,) = ctx.ledger.requests.list("rides")
    assert only.state is RequestState.CLAIMED
    lease = ctx.ledger.attempts.enter("rides/expire")
    with pytest.raises(NotAllowedError, match="claimed"):
        ctx.ledger.requests.close(lease, only.id, RequestState.EXPIRED, "too late for that")


def test_a_backlog_opens_one_request_and_joins_it(ctx):
    """Batches that are watched one after the other while a request is open join it: no storm."""
    for key in MONTHS:
        only_watch(ctx, key)
    assert len(ctx.ledger.requests.list("rides")) == 1
    request_retraining(ctx, "op", "the backlog is in by now")
    (request,) = ctx.ledger.requests.list("rides")
    assert [reason.kind for reason in request.reasons][-1] == "person"


def test_a_training_for_a_schedule_leaves_nothing_unlearned(ctx):
    """Only a training that an alarm asked for held out what alarmed."""
    for key in MONTHS[:4]:
        take(ctx, key)
    (request,) = ctx.ledger.requests.list("rides")
    assert retrain_state.batches_to_follow_up(ctx, request, fresh=1) == ()
