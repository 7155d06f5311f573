"""The profiles of batches: made when a batch is validated, stored with it, and compared with those before."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from gatehouse.core.change.faults import Fault, faults
from gatehouse.core.profile import Profile, profile_of
from gatehouse.core.profile.batch import BatchProfile, on_grid
from gatehouse.core.records import Batch, FileRef
from gatehouse.errors import ModelError, SchemaMismatch
from gatehouse.site import Site
from gatehouse.stages.rows import features_of, newest_revisions

if TYPE_CHECKING:
    import pandas as pd

NEWEST = 6  # earlier batches that a fault must set a batch apart from


def earlier_profiles(site: Site, batch: Batch) -> list[BatchProfile]:
    """The profiles of the newest accepted batches before this one, the newest last."""
    before = [
        each
        for each in newest_revisions(site.ledger.batches.list(site.name))
        if each.profile is not None and each.interval.end <= batch.interval.start
    ]
    return [
        BatchProfile.from_document(json.loads(site.lake.read(each.profile)))
        for each in before[-NEWEST:]
        if each.profile is not None
    ]


def profile(site: Site, frames: Mapping[str, pd.DataFrame], earlier: Sequence[BatchProfile]) -> BatchProfile:
    """Profile the accepted rows of each table, and the features that the use case makes of them, on the grids of the
    newest earlier profile. What cannot be profiled is left out: a profile is never a reason to refuse rows."""
    tables = {}
    for name, frame in frames.items():
        grid = next((each.tables[name] for each in reversed(earlier) if name in each.tables), None)
        if len(frame):
            tables[name] = on_grid(frame, grid)
    grid = next((each.features for each in reversed(earlier) if each.features), None)
    try:
        return BatchProfile(tables, on_grid(features_of(site, frames), grid))
    except (ModelError, SchemaMismatch):
        return BatchProfile(tables)


def found_faults(
    frames: Mapping[str, pd.DataFrame], made: BatchProfile, earlier: Sequence[BatchProfile]
) -> list[Fault]:
    """The data faults of every table against the same table of earlier batches."""
    found: list[Fault] = []
    for name, table in made.tables.items():
        before = [each.tables[name] for each in earlier if name in each.tables]

        def own(columns: Sequence[str], frame: pd.DataFrame = frames[name]) -> Profile:
            names = {each if each in frame else each.rpartition(".")[0] for each in columns}
            return profile_of(frame[sorted(names)])

        found += faults(name, before, table, own)
    return found


def keep(site: Site, made: BatchProfile) -> FileRef:
    """Store a profile in the lake. Its hundred thousand numbers are written by Python's own JSON, ten times as fast as the
    canonical one and as repeatable; NaN is written as such."""
    text = json.dumps(made.to_document(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return site.lake.put(text.encode(), "profiles", "json")
