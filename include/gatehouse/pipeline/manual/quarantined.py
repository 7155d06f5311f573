"""Release and discard: an approver's word on a batch that waits in quarantine."""

from __future__ import annotations

from gatehouse.context import UseCaseContext
from gatehouse.core.permissions import Act, require_may
from gatehouse.core.types import Batch, BatchId, BatchState
from gatehouse.errors import NotAllowedError
from gatehouse.pipeline.batch_data import batch_profiles
from gatehouse.pipeline.validate import held_result


def release(ctx: UseCaseContext, batch_id: BatchId, actor: str, reason: str) -> Batch:
    """Accept a quarantined batch on a named person's word: its good rows are accepted, its bad rows stay quarantined.
    A batch that lacks a declared column has no good rows and cannot be released (SchemaMismatchError says why)."""
    require_may(Act.RELEASE, actor, ctx.case.gate)
    batch = ctx.ledger.batches.get(batch_id)
    if batch.state is not BatchState.QUARANTINED:
        raise NotAllowedError(f"batch {batch_id} is {batch.state}; only a quarantined batch is released")
    if batch.unreadable:
        raise NotAllowedError(
            f"batch {batch_id} has no row that could be released: {batch.unreadable}. Have it delivered again: the corrected "
            "file becomes the next revision. Or discard the batch"
        )
    held = held_result(ctx, batch)
    split = held.validation.splits[ctx.case.contract.main]
    if split.rows and split.rows == len(split.bad):
        raise NotAllowedError(
            f"batch {batch_id} has no row that could be released: each of its {split.rows:,} rows is bad ({batch.reason}). "
            "Have it delivered again: the corrected file becomes the next revision. Or discard the batch"
        )
    profile = held.profile()
    stored = held.store()
    ctx.ledger.batches.release(batch_id, actor, reason, stored, batch_profiles.store_profile(ctx, profile))
    return ctx.ledger.batches.get(batch_id)


def discard(ctx: UseCaseContext, batch_id: BatchId, actor: str, reason: str) -> Batch:
    """Keep a quarantined batch and never use it, on a named person's word."""
    require_may(Act.DISCARD, actor, ctx.case.gate)
    state = ctx.ledger.batches.get(batch_id).state
    if state is not BatchState.QUARANTINED:
        raise NotAllowedError(f"batch {batch_id} is {state}; only a quarantined batch is discarded")
    ctx.ledger.batches.discard(batch_id, actor, reason)
    return ctx.ledger.batches.get(batch_id)
