"""A divided batch held against its contract: what other tasks have made of its partitions, or else made here."""

from __future__ import annotations

from collections.abc import Sequence

from gatehouse.context import Site, Work
from gatehouse.core.profiling.batch_profile import BatchProfile, column_by_column
from gatehouse.core.profiling.row_sample import positions, sample_of
from gatehouse.core.types import Batch
from gatehouse.stages import profiles
from gatehouse.stages.held import Held
from gatehouse.stages.parts import checking, profiling, reading


def held(site: Site, batch: Batch, findings: Sequence[Work] = (), shares: Sequence[Work] = ()) -> Held:
    """Hold it; SchemaMismatch when it cannot be read as declared."""
    findings = findings or [checking.find(site, batch, work) for work in checking.works(site, batch)]
    settled = checking.settle(site, batch, findings)
    earlier = profiles.earlier_profiles(site, batch)
    known = profiling.grids(earlier)

    def profile() -> BatchProfile:
        works = profiling.works(site, batch, settled.validation)
        made = shares or site.spread(profiling.share, batch, works, known)
        return profiling.profile(site, batch, settled.validation, known, made)

    return Held(
        validation=settled.validation,
        checks=settled.checks,
        undeclared=settled.undeclared,
        accepted={
            name: reading.Accepted(site, batch, name, split.bad) for name, split in settled.validation.splits.items()
        },
        earlier=earlier,
        profile=profile,
        store=lambda: profiling.store(site, batch, settled.validation),
    )


def own_profile(site: Site, batch: Batch) -> BatchProfile:
    """The delivered rows of each table that has any, on their own grids, one column after the other."""
    tables, samples = {}, {}
    for table, spec in site.case.contract.tables.items():
        count = reading.rows_of(batch, table)
        if count:
            columns = reading.Accepted(site, batch, table, ())
            tables[table] = column_by_column(list(spec.columns), columns.__getitem__)
            samples[table] = sample_of({name: columns[name].iloc[positions(count)] for name in spec.columns})
    return BatchProfile(tables, samples=samples)
