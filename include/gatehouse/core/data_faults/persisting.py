"""A fault that goes on: no longer recognised by itself, since the world moves on below it, and off as in the batch before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from gatehouse.core.data_faults.column_mapping import distance, far, nearest, tolerance
from gatehouse.core.data_faults.data_fault import DataFault
from gatehouse.core.data_faults.relations import detect as related
from gatehouse.core.data_faults.relations.normal_scores import NormalScores
from gatehouse.core.profiling import Profile


def going_on(
    table: str,
    earlier: Sequence[Profile],
    waiting: Profile,
    own: Callable[[Sequence[str]], Profile],
    batch: Profile,
    reason: str,
    rows: tuple[NormalScores | None, NormalScores | None],
) -> list[DataFault]:
    """Columns that are off as in the batch before, which waits in quarantine: a fault that is no longer recognised by
    itself, since the world moves on below it, is the same fault until a person says otherwise.

    `waiting` is that batch's table on its own grids, `reason` why it waits: only columns that it names count. `rows` are some
    rows of that batch, and of this one, beside those of earlier batches."""
    off = [name for name in far(earlier, batch) if f"{name!r}" in reason and name in waiting.columns] if earlier else []
    closer = own(off) if off else Profile({})
    found = []
    for name in (each for each in off if each in closer.columns):
        column, before = closer.columns[name], [each.columns[name] for each in earlier if name in each.columns]
        usual = max((distance(one, other) for one, other in pairwise(before)), default=0.0)
        allowed = min(max(tolerance(waiting.columns[name], column), usual), nearest(earlier, name, column) / 2)
        if distance(waiting.columns[name], column) <= allowed:
            found.append(_goes_on(table, name))
    waited, now = rows
    if waited and now and not found:
        named = [name for name in now.names if f"{name!r}" in reason]
        found += [_goes_on(table, name) for name in related.still(waited, now, named)]
    return found


def _goes_on(table: str, name: str) -> DataFault:
    says = f"table {table!r}: column {name!r} is off as in the batch before, which waits in quarantine"
    return DataFault("fault goes on", (f"{table}.{name}",), says)
