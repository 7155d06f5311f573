"""What a person decides by clicking: a review rejected and another approved, a batch released and another discarded."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from gatehouse.bootstrap import InstalledContext
from gatehouse.context import UseCaseContext
from gatehouse.core.types import BatchId, BatchState, Decision, PromotionKind, Verdict
from gatehouse.dev_stack.demo import walk
from gatehouse.dev_stack.stack import Stack
from gatehouse.use_case import find
from system.test_browser import act, browser, pictures, reviewer  # noqa: F401 - three of them are fixtures
from system.visitor import Visitor

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
CASE = "deliveries"  # the template, whose first model waits for a person, with two months that are cut short
SECONDS = 180.0  # a busy machine is slow, not broken


@pytest.fixture(scope="module")
def ctx(browser: Any, running: Stack) -> UseCaseContext:
    walk(running, CASE, 3)
    return InstalledContext(find(CASE, running.settings), running.settings)


def newest(ctx: UseCaseContext) -> Decision:
    return ctx.ledger.decisions.list(CASE)[-1]


def watched(ctx: UseCaseContext, batch: BatchId) -> bool:
    return any(report.batch == batch for report in ctx.ledger.batches.watches(CASE))


def eventually(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < deadline, f"not within {SECONDS:g} s: {what}"
        time.sleep(0.5)


def home(visitor: Visitor) -> Any:
    """From Airflow's first page to the fleet."""
    visitor.page.goto(visitor.stack.airflow_url)
    return visitor.open_pages()


def answer(visitor: Visitor, button: str, reason: str) -> None:
    """From the fleet to the review that waits, and its answer."""
    inside = home(visitor)
    inside.get_by_role("row", name=CASE).get_by_role("link", name="1 review waiting").click()
    inside.get_by_role("heading", name="Decision on version").wait_for()
    act(inside, f"{button} as reviewer", reason)
    inside.get_by_text("Your answer is with Airflow's review").wait_for()


def on_batch(visitor: Visitor, batch: str, button: str, reason: str) -> None:
    """From the fleet to the batch that waits, and the act on it."""
    inside = home(visitor)
    inside.get_by_role("row", name=CASE).get_by_role("link", name="in quarantine").click()
    inside.get_by_role("link", name=batch).click()
    inside.get_by_role("heading", name=f"Batch {batch}").wait_for()
    act(inside, f"{button} as reviewer", reason)


def test_a_review_is_rejected_by_clicking(ctx: UseCaseContext, reviewer: Visitor) -> None:
    """The answer goes through Airflow's review, in that person's name: no champion."""
    decision = newest(ctx)
    assert decision.verdict is Verdict.REVIEW
    answer(reviewer, "Reject", "two months of rows are too few for us")
    eventually(lambda: bool(ctx.ledger.decisions.answers(decision.id)), "the run carries the answer to the ledger")
    (found,) = ctx.ledger.decisions.answers(decision.id)
    assert found[:2] == (False, "reviewer")
    assert ctx.ledger.models.champion(CASE) is None


def test_a_batch_is_released_by_clicking_and_the_next_review_approved(
    ctx: UseCaseContext,
    reviewer: Visitor,
    running: Stack,
) -> None:
    """A short month waits in quarantine; released by name it goes on, a model is trained again, and the answer to its
    review makes it the champion."""
    walk(running, CASE, 4)
    batch = next(each for each in ctx.ledger.batches.list(CASE) if each.id.key == "2024-04")
    assert batch.state is BatchState.QUARANTINED
    before = newest(ctx).id
    on_batch(reviewer, "2024-04", "Release", "the feed was cut, the rows that came are right")
    reviewer.inside.get_by_text("Released. The good rows are accepted").wait_for()
    reviewer.shoot("batch-released")
    assert ctx.ledger.batches.get(batch.id).state is BatchState.ACCEPTED

    eventually(lambda: watched(ctx, batch.id), "the watch of the released batch starts at once")
    walk(running, CASE, 5)
    assert newest(ctx).id != before, "May, after a month of rest, asks for a model again"
    decision = newest(ctx)
    assert decision.verdict is Verdict.REVIEW
    answer(reviewer, "Approve", "the same figures again, and nothing better comes")
    eventually(lambda: ctx.ledger.models.champion(CASE) is not None, "the approved version serves")
    (promotion,) = ctx.ledger.models.promotions(CASE)
    assert (promotion.version, promotion.kind, promotion.actor) == (
        decision.version,
        PromotionKind.APPROVAL,
        "reviewer",
    )


def test_a_batch_is_discarded_by_clicking(ctx: UseCaseContext, reviewer: Visitor, running: Stack) -> None:
    """What is discarded is kept, named and used by nobody."""
    walk(running, CASE, 6)
    batch = next(each for each in ctx.ledger.batches.list(CASE) if each.id.key == "2024-06")
    on_batch(reviewer, "2024-06", "Discard", "the whole month will be delivered again")
    reviewer.inside.get_by_text("Discarded. The batch is kept").wait_for()
    assert ctx.ledger.batches.get(batch.id).state is BatchState.DISCARDED
    told = next(e for e in reversed(list(ctx.ledger.audit_log.entries())) if e.kind == "batch.discarded")
    assert told.actor == "reviewer"
    assert reviewer.broken == []
