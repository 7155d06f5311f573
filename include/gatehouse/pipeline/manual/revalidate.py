"""Re-validate: a batch is held against its contract as it reads now, and what that says is recorded.

A quarantined batch that keeps the contract now is accepted. An accepted batch stays as it is, whatever the check says
(docs/adr/0009): its rows were scored, watched and perhaps trained on, and none of that is ever rewritten.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gatehouse.context import UseCaseContext
from gatehouse.core.audit.canonical_json import digest
from gatehouse.core.gate.human_actions import require_reason
from gatehouse.core.permissions import Act, require_may
from gatehouse.core.types import Batch, BatchId, BatchState, Revalidation
from gatehouse.errors import NotAllowedError
from gatehouse.pipeline.batch_data import batch_profiles
from gatehouse.pipeline.validate import ValidationResult, check_batch

CHECKABLE = (BatchState.ACCEPTED, BatchState.QUARANTINED)


@dataclass(frozen=True)
class RevalidationResult:
    """The record of a check, and what it means in a sentence a line."""

    record: Revalidation
    lines: tuple[str, ...]


def revalidate(ctx: UseCaseContext, batch_id: BatchId, actor: str, reason: str) -> RevalidationResult:
    """Check a batch again on a named person's word. NotAllowedError for less than a sentence, for a batch that still waits
    for its first validation, was discarded, or has a newer revision."""
    require_may(Act.REVALIDATE, actor, ctx.case.gate)
    require_reason(reason, "a re-validation")
    contract = digest(ctx.case.contract.model_dump(mode="json"))
    for known in ctx.ledger.revalidations.list(ctx.name, batch_id):
        if (known.contract, known.actor, known.reason) == (contract, actor, reason):
            return RevalidationResult(
                known, (f"on record: {_name(batch_id)} was {known.state}, is {known.verdict} by the contract",)
            )
    batch = _checkable(ctx, batch_id)
    note = f"Checked again by {actor} under contract {contract[:12]}: {reason}. Before, the batch was {batch.state}."
    examined = check_batch(ctx, batch, note)
    verdict = BatchState.ACCEPTED if examined.validation and not examined.reason else BatchState.QUARANTINED
    checked = Revalidation(
        batch_id, contract, batch.state, verdict, examined.reason, examined.counts, examined.report, actor, reason
    )
    recorded = ctx.ledger.revalidations.record(checked, *_freed(ctx, checked, examined))
    return RevalidationResult(recorded, _told(ctx, batch, recorded))


def _freed(ctx: UseCaseContext, checked: Revalidation, examined: ValidationResult) -> tuple[Any, ...]:
    """The rows and the profile of a quarantined batch that keeps the contract now; nothing for any other."""
    bad = checked.state != BatchState.QUARANTINED or checked.verdict != BatchState.ACCEPTED
    if bad or examined.validation is None or examined.profile is None:
        return ()
    return examined.store(), batch_profiles.store_profile(ctx, examined.profile)


def _checkable(ctx: UseCaseContext, batch_id: BatchId) -> Batch:
    batch = ctx.ledger.batches.get(batch_id)
    if batch.state not in CHECKABLE:
        raise NotAllowedError(
            f"batch {batch_id} is {batch.state}; only an accepted or a quarantined batch is checked again"
        )
    newest = max(each.id for each in ctx.ledger.batches.list(ctx.name) if each.id.key == batch_id.key)
    if newest != batch_id:
        raise NotAllowedError(f"batch {batch_id} has a newer revision, {newest}: check that one")
    return batch


def _told(ctx: UseCaseContext, batch: Batch, record: Revalidation) -> tuple[str, ...]:
    now = {name: pair[0] for name, pair in record.counts.items()}
    name = _name(batch.id)
    rows = ", ".join(f"{table} {count:,} rows" for table, count in now.items())
    if record.state == "quarantined":
        if record.verdict == "accepted":
            return (f"{name} keeps the contract now and is accepted: {rows}",)
        return (f"{name} stays quarantined: {record.found}",)
    before = {table: (part.accepted.rows or 0) if part.accepted else 0 for table, part in batch.tables.items()}
    if record.verdict == "accepted" and now == before:
        return (f"{name} keeps the contract as before: {rows}; nothing changes",)
    differs = "; ".join(
        f"{table}: {before.get(table, 0):,} accepted, would be {count:,}" for table, count in now.items()
    )
    found = f"would be quarantined whole: {record.found}" if record.found else f"would be split otherwise ({differs})"
    return (f"{name} {found}", "it stays accepted with the rows it has", *_rests_on(ctx, batch.id), WHAT_NEXT)


def _name(batch: BatchId) -> str:
    return f"batch {batch.key}.r{batch.revision}"


WHAT_NEXT = (
    "to have other rows, have the source deliver the batch corrected: the new revision is checked under this contract, and "
    "trainings from then on take it; a version that should not serve is rolled back"
)


def _rests_on(ctx: UseCaseContext, batch: BatchId) -> list[str]:
    """What was made from the batch: nothing of it changes, and whoever reads this may want to."""
    lines = [
        f"version {scored.version} scored it"
        for scored in ctx.ledger.batches.predictions(ctx.name)
        if scored.batch == batch
    ]
    for model in ctx.ledger.models.list(ctx.name):
        rows = ctx.ledger.requests.training_set(model.request)
        if batch in rows.training_batches:
            lines.append(f"version {model.version} was trained on it")
        if batch in rows.holdout_batches:
            lines.append(f"version {model.version} was judged on it")
    return lines or ["nothing was scored, trained or judged with it"]
