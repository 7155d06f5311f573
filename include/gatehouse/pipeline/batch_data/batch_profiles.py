"""The profiles of batches: made when a batch is validated, stored with it, and compared with those before."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gatehouse.context import UseCaseContext
from gatehouse.core.contract.batch_calendar import BatchKind
from gatehouse.core.data_faults.data_fault import DataFault
from gatehouse.core.data_faults.detect import detect_faults
from gatehouse.core.data_faults.persisting import going_on
from gatehouse.core.data_faults.relations.normal_scores import NormalScores, rows_of
from gatehouse.core.profiling import Profile, profile_of
from gatehouse.core.profiling.batch_profile import BatchProfile, on_grid
from gatehouse.core.profiling.row_sample import positions, sample_of
from gatehouse.core.types import Batch, BatchState, FileRef
from gatehouse.errors import ModelError, SchemaMismatchError
from gatehouse.pipeline.batch_data.row_keys import newest_revisions
from gatehouse.use_case_code import features_of

if TYPE_CHECKING:
    import pandas as pd

    Table = pd.DataFrame | Mapping[Any, Any]  # with columns by name, several by a list of names

NEWEST: dict[BatchKind, int] = {
    "hour": 169,
    "day": 8,
    "week": 6,
    "month": 6,
    "quarter": 6,
    "year": 6,
}  # earlier batches that a fault must set a batch apart from: a week of hours or days at least
CYCLE: dict[BatchKind, int] = {
    "hour": 168,
    "day": 7,
    "week": 1,
    "month": 1,
    "quarter": 1,
    "year": 1,
}  # earlier batches after which each hour or day of the week has been seen
FAULT = "data fault: "  # begins the reason of a batch that waits for one
SEASONS = 3  # further ones of the same season of earlier years


def earlier_profiles(ctx: UseCaseContext, batch: Batch) -> list[BatchProfile]:
    """The profiles of the newest accepted batches before this one, and of some of the same season of earlier years, the
    newest last."""
    before = [
        each
        for each in newest_revisions(ctx.ledger.batches.list(ctx.name))
        if each.profile is not None and each.interval.end <= batch.interval.start
    ]
    newest = NEWEST[ctx.case.contract.frequency]
    seasons = [each for each in before[:-newest] if same_season(each, batch)][-SEASONS:]
    return [
        BatchProfile.from_document(json.loads(ctx.lake.read(each.profile)))
        for each in [*seasons, *before[-newest:]]
        if each.profile is not None
    ]


def same_season(earlier: Batch, batch: Batch) -> bool:
    """Whether a batch lies a whole number of years before, give or take one batch."""
    length = batch.interval.end - batch.interval.start
    middle = (batch.interval.start + length / 2) - (earlier.interval.start + length / 2)
    years = round(middle.days / 365.25)
    return years >= 1 and abs(middle.days - years * 365.25) <= 1.5 * max(length.days, 1)


def profile(ctx: UseCaseContext, frames: Mapping[str, pd.DataFrame], earlier: Sequence[BatchProfile]) -> BatchProfile:
    """Profile the accepted rows of each table, and the features that the use case makes of them, on the grids of the
    newest earlier profile. What cannot be profiled is left out: a profile is never a reason to refuse rows."""
    tables, samples = {}, {}
    for name, frame in frames.items():
        grid = next((each.tables[name] for each in reversed(earlier) if name in each.tables), None)
        if len(frame):
            tables[name] = on_grid(frame, grid)
            samples[name] = sample_of(frame.iloc[positions(len(frame))])
    grid = next((each.features for each in reversed(earlier) if each.features), None)
    try:
        return BatchProfile(tables, on_grid(features_of(ctx.case, frames), grid), samples)
    except (ModelError, SchemaMismatchError):
        return BatchProfile(tables, samples=samples)


def detect_data_faults(
    frames: Mapping[str, Table], made: BatchProfile, earlier: Sequence[BatchProfile], batch: BatchKind
) -> list[DataFault]:
    """The data faults of every table against the same table of earlier batches of that kind."""
    found: list[DataFault] = []
    for name, table in made.tables.items():
        before = [each.tables[name] for each in earlier if name in each.tables]
        found += detect_faults(name, before, table, _own(frames[name]), CYCLE[batch], _rows(name, earlier, made))
    return found


def _rows(table: str, earlier: Sequence[BatchProfile], batch: BatchProfile) -> NormalScores | None:
    known = [each.samples[table] for each in earlier if table in each.samples]
    return rows_of(known, batch.samples[table]) if table in batch.samples else None


def previous_quarantined(ctx: UseCaseContext, batch: Batch) -> Batch | None:
    """The newest batch before this one, if it waits in quarantine for a data fault and none after it was accepted."""
    before = [
        each
        for each in ctx.ledger.batches.list(ctx.name)
        if each.interval.end <= batch.interval.start and each.state in (BatchState.ACCEPTED, BatchState.QUARANTINED)
    ]
    newest = max(before, key=lambda each: each.id, default=None)
    waits = newest is not None and newest.state is BatchState.QUARANTINED and newest.reason.startswith(FAULT)
    return newest if waits else None


def persisting_faults(
    frames: Mapping[str, Table],
    made: BatchProfile,
    earlier: Sequence[BatchProfile],
    reason: str,
    waiting: BatchProfile,
) -> list[DataFault]:
    """The columns that are off as in the batch that waits in quarantine for that reason, profiled on its own grids."""
    found: list[DataFault] = []
    for name, table in made.tables.items():
        if name in waiting.tables:
            before = [each.tables[name] for each in earlier if name in each.tables]
            rows = _rows(name, earlier, waiting), _rows(name, earlier, made)
            found += going_on(name, before, waiting.tables[name], _own(frames[name]), table, reason, rows)
    return found


def _own(frame: Table) -> Callable[[Sequence[str]], Profile]:
    """Profiles some columns of a table on their own grids."""

    def own(columns: Sequence[str]) -> Profile:
        names = {each if each in frame else each.rpartition(".")[0] for each in columns}
        return profile_of(frame[sorted(names)])

    return own


def store_profile(ctx: UseCaseContext, made: BatchProfile) -> FileRef:
    """Store a profile in the lake. Its hundred thousand numbers are written by Python's own JSON, ten times as fast as the
    canonical one and as repeatable; NaN is written as such."""
    text = json.dumps(made.to_document(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return ctx.lake.put(text.encode(), "profiles", "json")
