"""The bodies of the tasks behind the forms."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from gatehouse.core.types import BatchState
from gatehouse.errors import GatehouseError, StaleAttemptError
from gatehouse_airflow.tasks import context

if TYPE_CHECKING:
    from gatehouse.core.types import Revalidation

log = logging.getLogger(__name__)


def override(folder: str, act: str, decision: str, actor: str, reason: str) -> str:
    """Override a verdict, or confirm as the second person what somebody has overridden."""
    from gatehouse.pipeline.manual import override as stage

    ctx = context.use_case_context(folder)
    whole = context.resolve_decision(ctx, decision)
    if act == "confirm":
        asked, champion = stage.confirm(ctx, stage.unconfirmed(ctx, whole.id).id, actor, reason)
    else:
        asked, champion = stage.override(ctx, whole.id, actor, reason)
    if champion is None:
        return f"override {asked.id[:8]} waits for a second person to confirm it; nothing has changed yet"
    return f"version {champion.model.version} is the champion until {asked.expires:%Y-%m-%d %H:%M} UTC"


def rollback(folder: str, version: int | None, actor: str, reason: str, dry_run: bool) -> str:
    """Roll back, or say what a rollback would change."""
    from gatehouse.pipeline import promote as stage
    from gatehouse.pipeline.manual.rollback_preview import preview_rollback

    ctx = context.use_case_context(folder)
    if dry_run:
        return "\n".join(["dry run", *preview_rollback(ctx, version)])
    champion = stage.rollback(ctx, version, actor, reason)
    return f"version {champion.model.version} is the champion of generation {champion.generation}"


def revalidate(folder: str, ref: str, actor: str, reason: str) -> tuple[list[str], list[str]]:
    """Hold a batch against its contract as it reads now; returns what was found, and the batch when that accepted it."""
    from gatehouse.pipeline.manual.revalidate import revalidate as check_again

    ctx = context.use_case_context(folder)
    done = check_again(ctx, context.newest(ctx, ref), actor, reason)
    record: Revalidation = done.record
    freed = (record.state, record.verdict) == (BatchState.QUARANTINED, BatchState.ACCEPTED)
    return list(done.lines), [context.ref_of(record.batch)] if freed else []


def backfill(folder: str, params: dict[str, Any], actor: str) -> tuple[list[str], list[str]]:
    """Take a range of batches, oldest first; returns a sentence a batch, and the training that follows if it was ticked.

    A named error that trying again cannot heal ends the backfill as failed; anything else leaves it open, and the next
    try goes on where this one was.
    """
    from gatehouse.pipeline.manual import backfill as stage

    ctx = context.use_case_context(folder)
    begun = stage.begin(ctx, params["first"], params["last"], params["promote"], actor, params["reason"])
    ctx.ledger.attempts.enter(stage.task_key(begun))
    told = []
    try:
        for key in stage.pending_keys(ctx, begun.first, begun.last):
            told.append(stage.process_batch(ctx, begun, key))
            log.info("%s", told[-1])
        request = stage.complete(ctx, begun)
    except GatehouseError as error:
        if not error.retry and not isinstance(error, StaleAttemptError):
            stage.abort(ctx, begun, str(error))
        raise
    return told, [request.id] if request else []
