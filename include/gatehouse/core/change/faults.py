"""Data faults: changes that no world makes, only a pipeline. A batch that has one is quarantined and never trained on.

Everything here compares a batch with earlier accepted batches, on the columns as delivered, and errs on the quiet side: a
fault must make the batch unlike *every* earlier one given, and be explained better by the fault than by a change of the
world. What a person releases becomes an earlier batch, so it is a fault no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from gatehouse.core.change.mapping import cumulative, distance, far, in_words, mapping, nearest, shares, tolerance
from gatehouse.core.change.units import unit_change
from gatehouse.core.profile import CategoricalProfile, ColumnProfile, NumericProfile, Profile

MIN_ROWS = 200
TURNED = 0.2  # how far off a clock must be before another time zone is looked for
NULLS = 0.2  # by how much of all rows the nulls must rise above every earlier batch
UNSEEN = 0.25  # and the values that no earlier batch had
ENOUGH = 3  # earlier batches from which it is known that a column hardly ever has new values: `month` always has
USUAL = 0.5  # of the values: a column that rests at what most of them were is quiet (no snow in May), not stuck
CYCLIC = ("sudden nulls", "constant", "unseen categories")


@dataclass(frozen=True)
class Fault:
    """One data fault: `kind` in a word or two, the columns as `table.column`, and a sentence for the data engineer."""

    kind: str
    columns: tuple[str, ...]
    sentence: str


def faults(
    table: str, earlier: Sequence[Profile], batch: Profile, own: Callable[[Sequence[str]], Profile], cycle: int = 1
) -> list[Fault]:
    """The faults of one table against the same table of earlier batches, on one use case's grids, the newest last.

    `own(columns)` profiles these columns of the batch on their own grids; it is asked only where a column is far off.
    Nulls, constants and new categories are judged from `cycle` earlier batches on: what is closed on Saturdays is no fault
    of the first Saturday.
    """
    earlier = [each for each in earlier if any(column.rows >= MIN_ROWS for column in each.columns.values())]
    if not earlier or all(column.rows < MIN_ROWS for column in batch.columns.values()):
        return []
    found: list[Fault] = []
    off = far(earlier, batch)
    closer = own(off) if off else Profile({})
    moved = mapping(earlier, closer) if off else {}
    if moved:
        kind = "columns swapped" if all(moved.get(moved[each]) == each for each in moved) else "columns rotated"
        found.append(Fault(kind, tuple(f"{table}.{each}" for each in moved), f"table {table!r}: {in_words(moved)}"))
    for name, column in batch.columns.items():
        known = [each.columns[name] for each in earlier if name in each.columns and each.columns[name].rows]
        if known and name not in moved:
            found += [
                Fault(kind, (f"{table}.{name}",), f"table {table!r}: column {name!r} {says}")
                for kind, says in _column(name, known, column, closer.columns.get(name, column))
                if len(earlier) >= cycle or kind not in CYCLIC
            ][:1]
    return found


def going_on(
    table: str,
    earlier: Sequence[Profile],
    waiting: Profile,
    own: Callable[[Sequence[str]], Profile],
    batch: Profile,
    reason: str,
) -> list[Fault]:
    """Columns that are off as in the batch before, which waits in quarantine: a fault that is no longer recognised by
    itself, since the world moves on below it, is the same fault until a person says otherwise.

    `waiting` is that batch's table on its own grids, `reason` why it waits: only columns that it names count."""
    off = [name for name in far(earlier, batch) if f"{name!r}" in reason and name in waiting.columns] if earlier else []
    closer = own(off) if off else Profile({})
    found = []
    for name in (each for each in off if each in closer.columns):
        column, before = closer.columns[name], [each.columns[name] for each in earlier if name in each.columns]
        usual = max((distance(one, other) for one, other in pairwise(before)), default=0.0)
        allowed = min(max(tolerance(waiting.columns[name], column), usual), nearest(earlier, name, column) / 2)
        if distance(waiting.columns[name], column) <= allowed:
            says = f"table {table!r}: column {name!r} is off as in the batch before, which waits in quarantine"
            found.append(Fault("fault goes on", (f"{table}.{name}",), says))
    return found


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
        yield from _zone(name, known, own)
        return
    if name.endswith(".weekday"):
        return
    if _varied(known) and not _varied([own]) and max(_share_of_its_value(each, own) for each in known) <= USUAL:
        yield "constant", f"holds one value in all of {column.values:,} rows; it varied in every earlier batch"
    if isinstance(column, CategoricalProfile):
        yield from _unseen(known, column)
    elif isinstance(own, NumericProfile):
        numeric = [each for each in known if isinstance(each, NumericProfile)]
        yield from _clock(numeric, own)
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


def _zone(name: str, known: Sequence[ColumnProfile], column: CategoricalProfile) -> Iterator[tuple[str, str]]:
    """The hours of a timestamp turned round the clock."""
    batch = _hours(column)
    earlier = [_hours(each) for each in known if isinstance(each, CategoricalProfile)]
    allowed = tolerance(known[-1], column)
    yield from _turned(f"the clock of {name.removesuffix('.hour')!r}", earlier, batch, allowed)


def _clock(known: Sequence[NumericProfile], column: NumericProfile) -> Iterator[tuple[str, str]]:
    """A column of whole hours, 0 to 23, turned round the clock."""
    columns = [*known, column]
    hours = np.arange(24.0)
    if not known or any(each.maximum - each.minimum < 12 for each in columns):
        return
    if not all(np.isin(each.edges, hours).all() and each.minimum >= 0 and each.maximum <= 23 for each in columns):
        return
    shares = [np.diff(cumulative(each, hours), prepend=0.0) for each in columns]
    yield from _turned("the clock", shares[:-1], shares[-1], tolerance(known[-1], column))


def _turned(
    what: str, known: Sequence[np.typing.NDArray[np.float64]], batch: np.typing.NDArray[np.float64], allowed: float
) -> Iterator[tuple[str, str]]:
    """One hour is left to daylight saving time."""
    apart = min(_apart(each, batch) for each in known)
    fits = [(_apart(known[-1], np.roll(batch, -hours)), hours) for hours in range(-11, 13) if abs(hours) > 1]
    best, hours = min(fits)
    if apart > TURNED and best <= min(allowed, apart / 2.5):
        yield (
            "time zone shifted",
            f"looks {hours:+d} hours off: {what} was turned (distance {apart:.2f}, {best:.2f} back)",
        )


def _apart(one: np.typing.NDArray[np.float64], other: np.typing.NDArray[np.float64]) -> float:
    return float(np.abs(one - other).sum() / 2)


def _hours(column: CategoricalProfile) -> np.typing.NDArray[np.float64]:
    counts = dict(zip(column.categories, column.counts.tolist(), strict=True)) | dict(column.tail_names)
    return np.array([counts.get(str(hour), 0) for hour in range(24)]) / max(column.values, 1)
