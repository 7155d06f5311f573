"""A divided batch held against its contract: what other tasks have made of its partitions, or else made here."""

from __future__ import annotations

from collections.abc import Sequence

from gatehouse.context import PartitionWork, UseCaseContext
from gatehouse.core.profiling.batch_profile import BatchProfile, column_by_column
from gatehouse.core.profiling.row_sample import positions, sample_of
from gatehouse.core.types import Batch
from gatehouse.pipeline.batch_data import batch_profiles
from gatehouse.pipeline.batch_data.contract_check_result import ContractCheckResult
from gatehouse.pipeline.partitions import partition_check, partition_profile, partition_reader


def combined_result(
    ctx: UseCaseContext, batch: Batch, findings: Sequence[PartitionWork] = (), shares: Sequence[PartitionWork] = ()
) -> ContractCheckResult:
    """Hold it; SchemaMismatchError when it cannot be read as declared."""
    findings = findings or [
        partition_check.check_partition(ctx, batch, work) for work in partition_check.partition_tasks(ctx, batch)
    ]
    settled = partition_check.combine_checks(ctx, batch, findings)
    earlier = batch_profiles.earlier_profiles(ctx, batch)
    known = partition_profile.reference_grids(earlier)

    def profile() -> BatchProfile:
        works = partition_profile.works(ctx, batch, settled.validation)
        made = shares or ctx.spread(partition_profile.profile_partition, batch, works, known)
        return partition_profile.profile(ctx, batch, settled.validation, known, made)

    return ContractCheckResult(
        validation=settled.validation,
        checks=settled.checks,
        undeclared=settled.undeclared,
        accepted={
            name: partition_reader.AcceptedRows(ctx, batch, name, split.bad)
            for name, split in settled.validation.splits.items()
        },
        earlier=earlier,
        profile=profile,
        store=lambda: partition_profile.store(ctx, batch, settled.validation),
    )


def own_profile(ctx: UseCaseContext, batch: Batch) -> BatchProfile:
    """The delivered rows of each table that has any, on their own grids, one column after the other."""
    tables, samples = {}, {}
    for table, spec in ctx.case.contract.tables.items():
        count = partition_reader.rows_of(batch, table)
        if count:
            columns = partition_reader.AcceptedRows(ctx, batch, table, ())
            tables[table] = column_by_column(list(spec.columns), columns.__getitem__)
            samples[table] = sample_of({name: columns[name].iloc[positions(count)] for name in spec.columns})
    return BatchProfile(tables, samples=samples)
