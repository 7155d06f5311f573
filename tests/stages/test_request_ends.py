"""How requests end, and what follows a training that an alarm asked for."""

from __future__ import annotations

import pytest

from gatehouse.core.types import RequestState
from gatehouse.errors import NotAllowedError
from gatehouse.pipeline import gather, land, outcomes, score
from gatehouse.pipeline.manual.request_retraining import request_retraining
from gatehouse.pipeline.monitor import monitor_batch, retrain_state
from gatehouse.pipeline.validate import validate
from stages.rides import folder, open_site, site, take, train  # noqa: F401 - three of them are fixtures

MONTHS = ["2024-01", "2024-02", "2024-03", "2024-04", "2024-05", "2024-06"]


def only_watch(site, key):
    """A batch whose request nobody carries out."""
    batch = land.land(site, key)
    outcomes.collect(site, key)
    validate(site, batch.id)
    score.score(site, batch.id)
    return monitor_batch.monitor_batch(site, batch.id)


def test_a_request_that_no_run_claims_expires_and_what_holds_asks_anew(folder, open_site):
    """After `expire_after` watched batches an open request is expired with why; the next verdict opens another."""
    (folder / "retrain.yaml").write_text((folder / "retrain.yaml").read_text() + "expire_after: 1\n")
    site = open_site()
    for key in MONTHS[:5]:
        only_watch(site, key)
    old, new = site.ledger.requests.list("rides")
    assert (old.state, new.state) == (RequestState.EXPIRED, RequestState.OPEN)
    assert "no retrain run has claimed it" in old.closing
    assert new.opened_by.endswith("2024-05.r1")
    assert retrain_state.expire_stale_request(site, site.ledger.batches.list("rides")[-1].interval.end) is None
    train(site, new.id)
    assert site.ledger.models.champion("rides") is not None


def test_a_claimed_request_never_expires(folder, open_site):
    """Expiry is for requests that nobody took up: one that a run holds is that run's to end."""
    (folder / "retrain.yaml").write_text((folder / "retrain.yaml").read_text() + "expire_after: 1\n")
    site = open_site()
    for key in MONTHS[:3]:
        request = only_watch(site, key)
    gather.claim(site, request.id)
    for key in MONTHS[3:]:
        only_watch(site, key)
    (only,) = site.ledger.requests.list("rides")
    assert only.state is RequestState.CLAIMED
    lease = site.ledger.attempts.enter("rides/expire")
    with pytest.raises(NotAllowedError, match="claimed"):
        site.ledger.requests.close(lease, only.id, RequestState.EXPIRED, "too late for that")


def test_a_backlog_opens_one_request_and_joins_it(site):
    """Batches that are watched one after the other while a request is open join it: no storm."""
    for key in MONTHS:
        only_watch(site, key)
    assert len(site.ledger.requests.list("rides")) == 1
    request_retraining(site, "op", "the backlog is in by now")
    (request,) = site.ledger.requests.list("rides")
    assert [reason.kind for reason in request.reasons][-1] == "person"


def test_a_training_for_a_schedule_leaves_nothing_unlearned(site):
    """Only a training that an alarm asked for held out what alarmed."""
    for key in MONTHS[:4]:
        take(site, key)
    (request,) = site.ledger.requests.list("rides")
    assert retrain_state.batches_to_follow_up(site, request, fresh=1) == ()
