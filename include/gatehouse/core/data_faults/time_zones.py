"""Clocks that were turned: the hours of a timestamp, or a column of whole hours, another time zone's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from gatehouse.core.data_faults.column_mapping import cumulative, tolerance
from gatehouse.core.profiling import CategoricalProfile, ColumnProfile, NumericProfile

TURNED = 0.2  # how far off a clock must be before another time zone is looked for


def zone(name: str, known: Sequence[ColumnProfile], column: CategoricalProfile) -> Iterator[tuple[str, str]]:
    """The hours of a timestamp turned round the clock."""
    batch = _hours(column)
    earlier = [_hours(each) for each in known if isinstance(each, CategoricalProfile)]
    allowed = tolerance(known[-1], column)
    yield from _turned(f"the clock of {name.removesuffix('.hour')!r}", earlier, batch, allowed)


def clock(known: Sequence[NumericProfile], column: NumericProfile) -> Iterator[tuple[str, str]]:
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
