"""Data faults: changes that no world makes, only a pipeline. A batch that has one is quarantined and never trained on.

Everything here compares a batch with earlier accepted batches, on the columns as delivered, and errs on the quiet side: a
fault must make the batch unlike *every* earlier one given, and be explained better by the fault than by a change of the
world. What a person releases becomes an earlier batch, so it is a fault no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from gatehouse.core.data_faults.column_mapping import (
    cycles,
    describe_mapping,
    explains,
    far,
    find_column_mapping,
    shares,
)
from gatehouse.core.data_faults.data_fault import DataFault
from gatehouse.core.data_faults.relations import detect as related
from gatehouse.core.data_faults.relations import swapped_columns
from gatehouse.core.data_faults.relations.normal_scores import MIN_ROWS, NormalScores
from gatehouse.core.data_faults.time_zones import clock, zone
from gatehouse.core.data_faults.unit_change import unit_change
from gatehouse.core.profiling import CategoricalProfile, ColumnProfile, NumericProfile, Profile

NULLS = 0.2  # by how much of all rows the nulls must rise above every earlier batch
UNSEEN = 0.25  # and the values that no earlier batch had
ENOUGH = 3  # earlier batches from which it is known that a column hardly ever has new values: `month` always has
USUAL = 0.5  # of the values: a column that rests at what most of them were is quiet (no snow in May), not stuck
CYCLIC = ("sudden nulls", "constant", "unseen categories")


def detect_faults(
    table: str,
    earlier: Sequence[Profile],
    batch: Profile,
    own: Callable[[Sequence[str]], Profile],
    cycle: int = 1,
    rows: NormalScores | None = None,
) -> list[DataFault]:
    """The faults of one table against the same table of earlier batches, on one use case's grids, the newest last.

    `own(columns)` profiles these columns of the batch on their own grids; it is asked only where a column is far off.
    `rows` are some rows of each, for what only shows in how columns go together.
    Nulls, constants and new categories are judged from `cycle` earlier batches on: what is closed on Saturdays is no fault
    of the first Saturday.
    """
    earlier = [each for each in earlier if any(column.rows >= MIN_ROWS for column in each.columns.values())]
    if not earlier or all(column.rows < MIN_ROWS for column in batch.columns.values()):
        return []
    found: list[DataFault] = []
    off = far(earlier, batch)
    closer = own(off) if off else Profile({})
    moved = (_mapping(earlier, closer, rows) if off else {}) or (swapped_columns.swapped_columns(rows) if rows else {})
    if moved:
        kind = "columns swapped" if all(moved.get(moved[each]) == each for each in moved) else "columns rotated"
        found.append(
            DataFault(kind, tuple(f"{table}.{each}" for each in moved), f"table {table!r}: {describe_mapping(moved)}")
        )
    for name, column in batch.columns.items():
        known = [each.columns[name] for each in earlier if name in each.columns and each.columns[name].rows]
        if known and name not in moved:
            found += [
                DataFault(kind, (f"{table}.{name}",), f"table {table!r}: column {name!r} {says}")
                for kind, says in _column(name, known, column, closer.columns.get(name, column))
                if len(earlier) >= cycle or kind not in CYCLIC
            ][:1]
    if rows and not found:
        found += related.detect_faults(table, earlier, own, rows)
    return found


def _mapping(earlier: Sequence[Profile], far_off: Profile, rows: NormalScores | None) -> dict[str, str]:
    """The mapping of the columns that are far off, without the cycles that the relations of their columns contradict. Where
    no relations are known, the mapping has to explain most of what changed."""
    found = find_column_mapping(earlier, far_off)
    told = {held: swapped_columns.contradict(rows, part) if rows else None for part in cycles(found) for held in part}
    kept = {held: was for held, was in found.items() if not told[held]}
    known = any(said is not None for said in told.values())
    return kept if known or explains(kept, list(far_off.columns)) else {}


def _column(
    name: str, known: Sequence[ColumnProfile], column: ColumnProfile, own: ColumnProfile
) -> Iterator[tuple[str, str]]:
    """The column's own faults, the plainest first; `own` is on its own grid where it is far off."""
    before = max(each.nulls / each.rows for each in known)
    nulls = column.nulls / column.rows
    margin = NULLS if len(known) > 1 else 2 * NULLS
    if nulls > before + margin:
        yield "sudden nulls", f"has {nulls:.0%} nulls, at most {before:.0%} in any of the last {len(known)} batches"
    known = [each for each in known if each.values]
    if not column.values or not known:
        return
    if name.endswith(".hour") and isinstance(own, CategoricalProfile):
        yield from zone(name, known, own)
        return
    if name.endswith(".weekday"):
        return
    if _varied(known) and not _varied([own]) and max(_share_of_its_value(each, own) for each in known) <= USUAL:
        yield "constant", f"holds one value in all of {column.values:,} rows; it varied in every earlier batch"
    if isinstance(column, CategoricalProfile):
        yield from _unseen(known, column)
    elif isinstance(own, NumericProfile):
        numeric = [each for each in known if isinstance(each, NumericProfile)]
        yield from clock(numeric, own)
        says = unit_change(numeric, own)
        if says:
            yield "unit changed", says


def _varied(columns: Sequence[ColumnProfile]) -> bool:
    """Whether in every one of them the commonest value leaves at least a tenth of the values to others."""
    return all(_commonest(each) <= 0.9 for each in columns) if len(columns) > 1 else _commonest(columns[0]) < 1.0


def _share_of_its_value(earlier: ColumnProfile, constant: ColumnProfile) -> float:
    """Which share of an earlier batch's values was the one that a constant column holds; 0 where that is not known."""
    if isinstance(earlier, NumericProfile) and isinstance(constant, NumericProfile):
        at = np.flatnonzero(earlier.edges == constant.minimum)
        return float(earlier.cells[2 * at[0] + 1]) / earlier.values if len(at) else 0.0
    if isinstance(earlier, CategoricalProfile) and isinstance(constant, CategoricalProfile):
        held = max(shares(constant), key=lambda name: shares(constant)[name], default="")
        return shares(earlier).get(held, 0.0)
    return 0.0


def _commonest(column: ColumnProfile) -> float:
    if isinstance(column, NumericProfile):
        if column.minimum == column.maximum:
            return 1.0
        ties = column.cells[1::2]
        return min(float(ties.max()) / column.values if len(ties) else 0.0, 1.0 - 1 / column.values)
    return float(column.cells.max()) / column.values if column.tail < column.values else 0.0


def _unseen(known: Sequence[ColumnProfile], column: CategoricalProfile) -> Iterator[tuple[str, str]]:
    """Values outside the grid, that not even an earlier batch had: only where earlier batches had next to none."""
    before = max(each.tail / each.values for each in known if isinstance(each, CategoricalProfile))
    seen = {name for each in known if isinstance(each, CategoricalProfile) for name in each.tail_names}
    new = {name: count for name, count in column.tail_names.items() if name not in seen}
    share = column.tail / column.values
    if len(known) >= ENOUGH and before <= UNSEEN / 10 and share > UNSEEN and new:
        example = max(new, key=lambda each: new[each])
        yield (
            "unseen categories",
            f"holds categories that no earlier batch had in {share:.0%} of its values, such as {example!r}",
        )
