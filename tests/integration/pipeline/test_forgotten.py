"""What no event woke: maintenance's sweep finds it, and leaves alone what somebody is still at."""

from __future__ import annotations

import pytest

from gatehouse.core.types import BatchState
from gatehouse.pipeline import gather, land, outcomes, score
from gatehouse.pipeline.maintenance import find_pending
from gatehouse.pipeline.monitor import monitor_batch
from gatehouse.pipeline.validate import validate
from support.rides import FOUR_MONTHS, ctx, folder, open_site  # noqa: F401 - three of them are fixtures


@pytest.fixture
def idle(ctx, monkeypatch):
    """Set how long ago the newest attempt at everything that was begun was."""
    attempts = type(ctx.ledger.attempts)
    known = {name: getattr(attempts, name) for name in ("idle", "idle_below")}

    def set_to(seconds: float) -> None:
        for name, asked in known.items():
            monkeypatch.setattr(
                attempts, name, lambda self, work, asked=asked: None if asked(self, work) is None else seconds
            )

    return set_to


def test_a_lost_wake_up_is_found_by_the_next_sweep(ctx, idle):
    """An accepted batch that nobody has taken up for a minute is woken; within that minute its event may still come."""
    validate(ctx, land.land(ctx, FOUR_MONTHS[0]).id)
    idle(find_pending.UNHEARD_SECONDS - 1)
    assert find_pending.unprocessed_batches(ctx) == []
    idle(find_pending.UNHEARD_SECONDS + 1)
    assert find_pending.unprocessed_batches(ctx) == [f"{FOUR_MONTHS[0]}.r1"]


@pytest.mark.parametrize("work", ["score", "score/pieces", "watch"])
def test_a_batch_that_is_being_watched_is_left_to_its_run(work, ctx, idle):
    """Its run is at it for more than a minute: a second one would make it stale, and red. After ten minutes it is woken."""
    batch = validate(ctx, land.land(ctx, FOUR_MONTHS[0]).id)
    ctx.ledger.attempts.enter(f"{batch.id}/{work}")
    idle(find_pending.FORGOTTEN_SECONDS - 1)
    assert find_pending.unprocessed_batches(ctx) == []
    idle(find_pending.FORGOTTEN_SECONDS + 1)
    assert find_pending.unprocessed_batches(ctx) == [f"{FOUR_MONTHS[0]}.r1"]


def test_a_batch_that_waits_for_its_turn_is_not_started_a_second_time(ctx, idle):
    """Its run waits behind another batch's training. On a machine ten times slower that takes hours: no age wakes it."""
    for key in FOUR_MONTHS[:2]:
        validate(ctx, land.land(ctx, key).id)
    idle(10 * find_pending.ABANDONED_SECONDS)
    first, second = (f"{key}.r1" for key in FOUR_MONTHS[:2])
    assert find_pending.unprocessed_batches(ctx, attended={first, second}) == []
    assert find_pending.unprocessed_batches(ctx, attended={second}) == [first], (
        "the one whose event was lost is woken at once"
    )


def test_a_request_that_no_run_claims_is_found_by_the_next_sweep(ctx, idle):
    """An open request is woken after a minute, one whose run has died after ten; one that a run is at never is."""
    for key in FOUR_MONTHS[:3]:
        batch = land.land(ctx, key)
        outcomes.collect(ctx, key)
        validate(ctx, batch.id)
        score.score(ctx, batch.id)
        request = monitor_batch.monitor_batch(ctx, batch.id)
    idle(find_pending.UNHEARD_SECONDS - 1)
    assert find_pending.unprocessed_requests(ctx) == []
    idle(find_pending.UNHEARD_SECONDS + 1)
    assert find_pending.unprocessed_requests(ctx) == [request.id]
    gather.claim(ctx, request.id)
    assert find_pending.unprocessed_requests(ctx) == []
    idle(find_pending.FORGOTTEN_SECONDS + 1)
    assert find_pending.unprocessed_requests(ctx) == [request.id]
    idle(10 * find_pending.ABANDONED_SECONDS)
    assert find_pending.unprocessed_requests(ctx, attended={request.id}) == []


def test_a_landed_batch_is_left_to_its_run_for_longer(ctx, idle):
    """Maintenance validates a landed batch itself, which makes the run that is at it stale: only after ten minutes."""
    batch = land.land(ctx, FOUR_MONTHS[0])
    assert batch.state is BatchState.LANDED
    idle(find_pending.FORGOTTEN_SECONDS - 1)
    assert find_pending.forgotten_landed(ctx) == []
    idle(find_pending.FORGOTTEN_SECONDS + 1)
    assert find_pending.forgotten_landed(ctx) == [f"{FOUR_MONTHS[0]}.r1"]
    assert find_pending.unprocessed_batches(ctx) == [], "it is not accepted yet"
    assert find_pending.forgotten_landed(ctx, attended=True) == [], "a big batch takes its time"
    idle(find_pending.ABANDONED_SECONDS + 1)
    assert find_pending.forgotten_landed(ctx, attended=True) == [f"{FOUR_MONTHS[0]}.r1"]
