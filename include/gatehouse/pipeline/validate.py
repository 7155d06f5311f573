"""Validate: every source row of a batch ends in exactly one of accepted or quarantined (invariant I3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gatehouse.context import PartitionWork, UseCaseContext
from gatehouse.core.contract.parameters import parameters
from gatehouse.core.contract.validation import RowSplit, Validation, decide
from gatehouse.core.profiling.batch_profile import BatchProfile, on_grid
from gatehouse.core.profiling.row_sample import positions, sample_of
from gatehouse.core.rows.row_keys import without_key
from gatehouse.core.types import Batch, BatchId, BatchState, FileRef
from gatehouse.errors import SchemaMismatchError
from gatehouse.pipeline.batch_data import batch_profiles, unreadable_rows
from gatehouse.pipeline.batch_data.contract_check_result import ContractCheckResult
from gatehouse.pipeline.batch_data.time_checks import with_time_checks
from gatehouse.pipeline.partitions import combine, partition_reader
from gatehouse.pipeline.partitions.partition_profile import REASONS
from gatehouse.ports import TableCheck
from gatehouse.reports import batch_report
from gatehouse.table_types import Declared, read_declared, undeclared

if TYPE_CHECKING:
    import pandas as pd

    from gatehouse.core.data_faults.data_fault import DataFault


def validate(
    ctx: UseCaseContext,
    batch_id: BatchId,
    findings: Sequence[PartitionWork] = (),
    shares: Sequence[PartitionWork] = (),
) -> Batch:
    """Check a landed batch against its contract: landed -> accepted with its bad rows quarantined, or quarantined whole.
    A batch that keeps the contract and has a data fault against the batches before it (columns swapped, another unit,
    sudden nulls) is quarantined too: no model is retrained on a broken pipeline. A batch that rests elsewhere already is
    returned as it is.

    `findings` and `shares` are what other tasks have made of the partitions of a divided batch; without them they are made
    here, one after the other."""
    lease = ctx.ledger.attempts.enter(f"{batch_id}/validate")
    batch = ctx.ledger.batches.get(batch_id)
    if batch.state is not BatchState.LANDED:
        return batch
    checked = check_batch(ctx, batch, findings=findings, shares=shares)
    if checked.validation is not None and checked.validation.accepted and checked.profile is not None:
        stored = checked.store()
        ctx.ledger.batches.accept(
            lease, batch_id, stored, checked.report, batch_profiles.store_profile(ctx, checked.profile)
        )
    else:
        ctx.ledger.batches.quarantine(lease, batch_id, checked.reason, checked.report)
    return ctx.ledger.batches.get(batch_id)


@dataclass(frozen=True)
class ValidationResult:
    """A batch held against the contract: the verdict (None when it cannot even be read as declared), why it is bad as a
    whole (empty when it is not), the rows of each table that are accepted and quarantined, the page about it, and what
    stores those rows."""

    validation: Validation | None
    reason: str
    counts: Mapping[str, tuple[int, int]]
    report: FileRef
    profile: BatchProfile | None = None
    store: Callable[[], dict[str, tuple[FileRef, FileRef]]] = dict


def check_batch(
    ctx: UseCaseContext,
    batch: Batch,
    note: str = "",
    findings: Sequence[PartitionWork] = (),
    shares: Sequence[PartitionWork] = (),
) -> ValidationResult:
    """Hold a batch against its contract and the batches before it. Nothing is recorded but the report's file, which
    begins with `note`."""
    if batch.unreadable:
        report = _keep_report(ctx, batch, (), {}, batch.unreadable, None, note)
        return ValidationResult(None, batch.unreadable, {}, report)
    try:
        held = held_result(ctx, batch, findings, shares)
    except SchemaMismatchError as error:
        report = _keep_report(ctx, batch, (), {}, str(error), None, note)
        return ValidationResult(None, f"schema changed: {error}", {}, report)
    validation, profile = held.validation, None
    if validation.accepted:
        profile = held.profile()
        found = batch_profiles.detect_data_faults(held.accepted, profile, held.earlier, ctx.case.contract.frequency)
        found = found or _going_on(ctx, batch, held.accepted, profile, held.earlier)
        broken = [f"{batch_profiles.FAULT}{each.sentence}" for each in found]
        validation = replace(validation, reasons=tuple(broken))
    counts = {name: validation.counts(name) for name in validation.splits}
    report = _keep_report(ctx, batch, tuple(held.checks.values()), counts, validation.reason, held.undeclared, note)
    return ValidationResult(validation, validation.reason, counts, report, profile, held.store)


def held_result(
    ctx: UseCaseContext, batch: Batch, findings: Sequence[PartitionWork] = (), shares: Sequence[PartitionWork] = ()
) -> ContractCheckResult:
    """What the contract says of each row of a batch, and what stores the rows; SchemaMismatchError without a column."""
    if partition_reader.needs_partitions(ctx, batch):
        return combine.combined_result(ctx, batch, findings, shares)
    declared = declared_tables(ctx, batch)
    frames = {name: table.frame for name, table in declared.items()}
    checks = run_expectations(ctx, batch, declared)
    validation = decide_validation(ctx, frames, checks)
    good = accepted_rows(frames, validation)
    earlier = batch_profiles.earlier_profiles(ctx, batch)
    return ContractCheckResult(
        validation=validation,
        checks=checks,
        undeclared={name: undeclared(frame) for name, frame in frames.items()},
        accepted=good,
        earlier=earlier,
        profile=lambda: batch_profiles.profile(ctx, good, earlier),
        store=lambda: store_rows(ctx, frames, validation),
    )


def _going_on(
    ctx: UseCaseContext,
    batch: Batch,
    good: Mapping[str, Any],
    profile: BatchProfile,
    earlier: Sequence[BatchProfile],
) -> list[DataFault]:
    """The data faults for which the batch before waits in quarantine, as far as this one has them, too."""
    waiting = batch_profiles.previous_quarantined(ctx, batch)
    if waiting is None:
        return []
    return batch_profiles.persisting_faults(good, profile, earlier, waiting.reason, _own_profile(ctx, waiting))


def _own_profile(ctx: UseCaseContext, batch: Batch) -> BatchProfile:
    """The delivered rows of each table that has any, on their own grids."""
    if partition_reader.needs_partitions(ctx, batch):
        return combine.own_profile(ctx, batch)
    frames = {name: table.frame for name, table in declared_tables(ctx, batch).items() if len(table.frame)}
    samples = {name: sample_of(frame.iloc[positions(len(frame))]) for name, frame in frames.items()}
    return BatchProfile({name: on_grid(frame, None) for name, frame in frames.items()}, samples=samples)


def declared_tables(ctx: UseCaseContext, batch: Batch) -> dict[str, Declared]:
    """Each delivered table with its declared columns as their declared types; SchemaMismatchError when a column lacks."""
    return {
        name: read_declared(
            ctx.lake.frame(batch.tables[name].source),
            spec.columns,
            partition_reader.where(batch, name),
            spec.key,
            ctx.case.contract.dialect(name),
        )
        for name, spec in ctx.case.contract.tables.items()
    }


def run_expectations(ctx: UseCaseContext, batch: Batch, tables: Mapping[str, Declared]) -> dict[str, TableCheck]:
    """Every table's expectations, with the contract's parameters for this batch's interval, and its unreadable cells."""
    values = parameters(ctx.case.contract, batch.interval)
    specs = ctx.case.contract.tables
    return {
        name: with_time_checks(
            unreadable_rows.counted(
                ctx.checker.check(name, specs[name], table.frame, values),
                table.cells,
                without_key(table.frame, specs[name].key),
                len(table.frame),
            ),
            name,
            specs[name],
            table.frame.__getitem__,
            len(table.frame),
        )
        for name, table in tables.items()
    }


def decide_validation(
    ctx: UseCaseContext, frames: Mapping[str, pd.DataFrame], checks: Mapping[str, TableCheck]
) -> Validation:
    """The verdict on the batch."""
    return decide(ctx.case.contract.tables, {name: len(frame) for name, frame in frames.items()}, checks)


def accepted_rows(frames: Mapping[str, pd.DataFrame], validation: Validation) -> dict[str, pd.DataFrame]:
    """The rows of each table that are, or in a release would be, accepted."""
    return {
        name: frame.iloc[list(validation.splits[name].good)].reset_index(drop=True) for name, frame in frames.items()
    }


def store_rows(
    ctx: UseCaseContext, frames: Mapping[str, pd.DataFrame], validation: Validation
) -> dict[str, tuple[FileRef, FileRef]]:
    """The accepted and the quarantined rows of each table as files; a quarantined row carries its reasons."""
    return {name: _store_table(ctx, frame, validation.splits[name]) for name, frame in frames.items()}


def _store_table(ctx: UseCaseContext, frame: pd.DataFrame, split: RowSplit) -> tuple[FileRef, FileRef]:
    good = frame.iloc[list(split.good)].reset_index(drop=True)
    return ctx.lake.put_frame(good, "accepted"), ctx.lake.put_frame(quarantined_rows(frame, split), "quarantined")


def quarantined_rows(frame: pd.DataFrame, split: RowSplit) -> pd.DataFrame:
    """The bad rows of a table, each with its reasons."""
    reasons = ["; ".join(reasons) for reasons in split.bad.values()]
    return frame.iloc[list(split.bad)].assign(**{REASONS: reasons}).reset_index(drop=True)


def _keep_report(
    ctx: UseCaseContext,
    batch: Batch,
    checks: tuple[TableCheck, ...],
    counts: Mapping[str, tuple[int, int]],
    reason: str,
    extra: Mapping[str, Sequence[str]] | None = None,
    note: str = "",
) -> FileRef:
    page = batch_report(ctx.case.contract, batch, checks, counts, reason, extra, note)
    return ctx.lake.put(page.encode(), "reports", "html")
