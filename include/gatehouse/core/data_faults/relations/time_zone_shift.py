"""A clock that was turned where every hour is as full as the others: what goes with the hours of the day moved along."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gatehouse.core.data_faults.relations.normal_scores import NormalScores, scores
from gatehouse.core.profiling.row_sample import HOUR

if TYPE_CHECKING:
    from numpy.typing import NDArray

BEYOND = 3.0  # times as far from earlier days' shapes as any earlier batch, in squares
BACK = 1.5  # times as far as any earlier batch, at most, once the clock is turned back
HOURS = np.arange(24)


def shifted_time_zone(rows: NormalScores) -> dict[str, int]:
    """By how many hours (-11 to 12) which clock, a column of whole hours from 0 to 23, looks off; empty where none does.
    One hour is left to daylight saving time."""
    found = {}
    for at, name in enumerate(rows.names):
        if all(_is_clock(each[:, at]) for each in [*rows.earlier, rows.batch]):
            hours = _turned(rows, at)
            if hours:
                found[name] = hours
    return found


def still(rows: NormalScores, name: str, hours: int) -> bool:
    """Whether the turn that an earlier batch had brings this one's days nearer to what they were, too."""
    if name not in rows.names or not _is_clock(rows.batch[:, rows.names.index(name)]):
        return False
    shapes = _shapes(rows, rows.names.index(name))
    known = np.mean(shapes[:-1], axis=0)
    return _off(np.roll(shapes[-1], -hours, axis=0), known) * BACK < _off(shapes[-1], known)


def _turned(rows: NormalScores, at: int) -> int:
    *earlier, batch = _shapes(rows, at)
    shapes = np.stack(earlier)
    known = shapes.mean(axis=0)
    usual = max(_off(each, (shapes.sum(axis=0) - each) / (len(shapes) - 1)) for each in shapes)
    off = _off(batch, known)
    best, hours = min((_off(np.roll(batch, -each, axis=0), known), each) for each in range(-11, 13) if abs(each) > 1)
    return hours if off > BEYOND * usual and best <= min(BACK * usual, off / BEYOND) else 0


def _shapes(rows: NormalScores, at: int) -> list[NDArray[np.float64]]:
    """The shape of the day in each batch, the newest last; what else is a clock is left out."""
    others = [each for each in range(len(rows.names)) if each != at and not rows.names[each].endswith(HOUR)]
    return [_shape(each, at, others) for each in [*rows.earlier, rows.batch]]


def _shape(rows: NDArray[np.float64], at: int, others: list[int]) -> NDArray[np.float64]:
    """The mean normal score of every other column at each hour, hours without rows in between: (24, columns)."""
    hours = rows[:, at].astype(int)
    count = np.bincount(hours, minlength=24)
    held = HOURS[count > 0]
    columns = []
    for each in others:
        sums = np.bincount(hours, weights=scores(rows[:, each]), minlength=24)
        columns.append(np.interp(HOURS, held, sums[held] / count[held], period=24))
    return np.array(columns).reshape(len(others), 24).T


def _off(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(((one - other) ** 2).sum())


def _is_clock(column: NDArray[np.float64]) -> bool:
    if np.isnan(column).any() or column.min() < 0 or column.max() > 23 or column.max() - column.min() < 12:
        return False
    return bool((column == np.floor(column)).all())
