"""Backfill: a range of batches is taken by hand, oldest first, without a training for each.

While a backfill is open the ledger says so, and the watch holds back what its batches would ask for, whichever task or
command takes them. When the range is done, and only where it was ticked, one training is asked for.
"""

from __future__ import annotations

from gatehouse.context import UseCaseContext
from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.core.gate.human_actions import require_reason
from gatehouse.core.permissions import Act, require_may
from gatehouse.core.types import Backfill, Batch, BatchState, Request
from gatehouse.errors import ConfigurationError, InvalidInputError, NotAllowedError, NotScoredError
from gatehouse.pipeline import land, outcomes
from gatehouse.pipeline.batch_data.row_keys import newest_revisions
from gatehouse.pipeline.monitor.monitor_batch import monitor_batch
from gatehouse.pipeline.monitor.score_in_order import score_in_turn
from gatehouse.pipeline.score import blocked_by
from gatehouse.pipeline.validate import validate

IDLE_SECONDS = 3600.0


def begin(ctx: UseCaseContext, first: str, last: str, promote: bool, actor: str, reason: str) -> Backfill:
    """Record the backfill; the very same one that is open is gone on with. InvalidInputError for keys that are none, the wrong
    way round, outside the contract, or with nothing to take between them; NotAllowedError while another one is open."""
    require_may(Act.BACKFILL, actor, ctx.case.gate)
    require_reason(reason, "a backfill")
    contract = ctx.case.contract
    for key in (first, last):
        try:
            batch_interval(contract.frequency, key)
        except ConfigurationError as error:
            raise InvalidInputError(error.what, found=error.found, allowed=error.allowed) from error
    if first > last:
        raise InvalidInputError(
            "a backfill goes from the older to the newer batch",
            found=f"{first} to {last}",
            allowed=f"{last} to {first}",
        )
    if first < contract.first_batch or (contract.last_batch is not None and last > contract.last_batch):
        span = f"{contract.first_batch} to {contract.last_batch or 'the newest'}, as contract.yaml (data engineer) says"
        raise InvalidInputError("the range reaches beyond the contract", found=f"{first} to {last}", allowed=span)
    under_way = ctx.ledger.backfills.open(ctx.name)
    if under_way is None and not pending_keys(ctx, first, last):
        there = ctx.source.available()
        allowed = f"the source has {there[0]} to {there[-1]}" if there else "the source has no batch"
        raise InvalidInputError("nothing waits to be taken in the range", found=f"{first} to {last}", allowed=allowed)
    return ctx.ledger.backfills.begin(ctx.name, first, last, promote, actor, reason)


def pending_keys(ctx: UseCaseContext, first: str, last: str) -> list[str]:
    """The keys of a range that the source has and nobody took, and those that wait half done, the oldest first."""
    watched = {report.batch for report in ctx.ledger.batches.watches(ctx.name)}
    known = ctx.ledger.batches.list(ctx.name)
    half = [batch.id.key for batch in known if batch.state is BatchState.LANDED]
    half += [batch.id.key for batch in newest_revisions(known) if batch.id not in watched]
    return sorted(key for key in {*land.pending_keys(ctx, last), *half} if first <= key <= last)


def process_batch(ctx: UseCaseContext, backfill: Backfill, key: str) -> str:
    """One batch of the range through landing, outcomes, validation, scoring and watching; a sentence about it.

    NotAllowedError when its turn has not come: an earlier batch, or a training that may change the champion, comes first.
    """
    if not backfill.covers(key):
        raise NotAllowedError(f"batch {key} is not in the backfill {backfill.first} to {backfill.last}")
    batch = _landed(ctx, key)
    outcomes.collect_readable(ctx, key)
    batch = validate(ctx, batch.id)
    if batch.state is not BatchState.ACCEPTED:
        return f"{key}: {batch.state}: {batch.reason}"
    ctx.ledger.attempts.enter(f"{batch.id}/run")
    why = blocked_by(ctx, batch.id, 0.0)
    if why:
        raise NotAllowedError(f"{key} cannot be backfilled yet: {why}; start the backfill again then")
    try:
        scored = score_in_turn(ctx, batch.id)
    except NotScoredError as error:
        return f"{key}: accepted, {_rows(ctx, batch):,} rows; {error}"
    monitor_batch(ctx, batch.id)
    return f"{key}: accepted, {_rows(ctx, batch):,} rows, {_scored(scored.version if scored else None)}; {_watched(ctx, batch)}"


def complete(ctx: UseCaseContext, backfill: Backfill) -> Request | None:
    """End a backfill whose batches are taken; returns the one training that a ticked one asks for."""
    left = pending_keys(ctx, backfill.first, backfill.last)
    if left:
        raise NotAllowedError(
            f"the backfill {backfill.first} to {backfill.last} is not done: {left[0]} waits to be taken"
        )
    request = None
    accepted = newest_revisions(ctx.ledger.batches.list(ctx.name))
    if backfill.promote and accepted:
        said = f"backfill of {backfill.first} to {backfill.last}: {backfill.reason}"
        request = ctx.ledger.requests.ask(ctx.name, accepted[-1].interval.end, backfill.actor, said)
    asked = f"one training is asked for, request {request.id[:8]}" if request else "no training is asked for"
    sentence = f"{backfill.first} to {backfill.last} are taken; {asked}"
    ctx.ledger.backfills.end(backfill.id, "done", sentence, request.id if request else None)
    return request


def abort(ctx: UseCaseContext, backfill: Backfill, sentence: str) -> None:
    """End a backfill that trying again cannot help."""
    ctx.ledger.backfills.end(backfill.id, "failed", sentence)


def stalled(ctx: UseCaseContext) -> str:
    """The sentence about an open backfill that nobody has gone on with for an hour; empty when there is none."""
    backfill = ctx.ledger.backfills.open(ctx.name)
    if backfill is None:
        return ""
    idle = ctx.ledger.attempts.idle(task_key(backfill))
    if idle is not None and idle < IDLE_SECONDS:
        return ""
    return (
        f"{ctx.name}: the backfill {backfill.first} to {backfill.last} of {backfill.actor} stands still, and its batches ask "
        "for no training; start it again with the same values"
    )


def task_key(backfill: Backfill) -> str:
    """The work that attempts at a backfill are counted under."""
    return f"{backfill.use_case}/{backfill.id}/backfill"


def _landed(ctx: UseCaseContext, key: str) -> Batch:
    known = [batch for batch in ctx.ledger.batches.list(ctx.name) if batch.id.key == key]
    if known:
        return known[-1]
    ctx.source.settle()
    return land.land(ctx, key)


def _rows(ctx: UseCaseContext, batch: Batch) -> int:
    part = batch.tables[ctx.case.contract.main].accepted
    return (part.rows or 0) if part else 0


def _scored(version: int | None) -> str:
    return f"scored by version {version}" if version else "not scored, there is no champion"


def _watched(ctx: UseCaseContext, batch: Batch) -> str:
    report = next(each for each in ctx.ledger.batches.watches(ctx.name) if each.batch == batch.id)
    held = report.body["held_back"]
    return f"{len(report.body['alarms'])} alarms, {len(held)} reasons to retrain held back"
