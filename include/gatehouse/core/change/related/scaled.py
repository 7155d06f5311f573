"""A change of unit that the season would hide: a column is a known factor larger than the others say it should be.

The logarithm of a positive column is predicted from the other columns by ridge regression on earlier batches; how far off
the prediction is on average, batch by batch, is how much the column's scale is not the others' doing. In earlier batches
that hardly varies where columns go together at all, and a change of unit moves it by its logarithm at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gatehouse.core.change.related.rows import Rows, scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

RIDGE = 1e-3  # of the number of rows
POSITIVE = 0.9  # of the values of a column in every batch, for its logarithm to tell
LEAST = 0.4  # how far off a logarithm must be before it is asked how much it varied: the smallest factor's is .48
PRECISE = 0.04  # standard error beyond which the others say too little of a column
BEYOND = 4.0  # times as far off as any earlier batch
FINEST = 0.015  # standard error: no prediction beyond what earlier batches held is better


@dataclass(frozen=True)
class Scaled:
    """A column that is `factor` times (its logarithm with standard error `error`) what the others say it should be;
    `usual` is the most that it was off in earlier batches, as a logarithm."""

    column: str
    factor: float
    error: float
    usual: float


def scaled(rows: Rows) -> list[Scaled]:
    """The columns whose scale changed against what the others say, beyond what earlier batches vary. Of two that go
    together both may be the one: either is off against the other."""
    beyond = [each for each in _measured(rows, rows.names) if abs(np.log(each.factor)) > BEYOND * each.usual]
    return [each for each in beyond if each.error <= PRECISE]


def still(rows: Rows, before: Scaled) -> bool:
    """Whether a column is as far off as it was in an earlier batch."""
    far = abs(np.log(before.factor))
    return any(abs(np.log(each.factor / before.factor)) <= far / 3 for each in _measured(rows, [before.column]))


def _measured(rows: Rows, names: Sequence[str]) -> list[Scaled]:
    """Those of the columns that are off by as much as any unit's factor."""
    pooled = np.vstack(rows.earlier)
    inputs = [_inputs(each, pooled) for each in [*rows.earlier, rows.batch]]
    grams = [each.T @ each for each in inputs]
    return [found for at, name in enumerate(rows.names) if name in names and (found := _scale(rows, at, inputs, grams))]


def _inputs(rows: NDArray[np.float64], pooled: NDArray[np.float64]) -> NDArray[np.float64]:
    """What logarithms are predicted from: one, each column's scores and their squares (rows, 1 + 2 columns)."""
    placed = np.column_stack([scores(rows[:, each], pooled[:, each]) for each in range(rows.shape[1])])
    return np.column_stack([np.ones(len(rows)), placed, placed**2])


def _scale(
    rows: Rows, at: int, inputs: Sequence[NDArray[np.float64]], grams: Sequence[NDArray[np.float64]]
) -> Scaled | None:
    columns = [each[:, at] for each in [*rows.earlier, rows.batch]]
    if any(np.mean(each > 0) < POSITIVE for each in columns):
        return None
    width = len(rows.names)
    others = np.delete(np.arange(1 + 2 * width), [1 + at, 1 + width + at])  # not the column itself
    *earlier, batch = [_part(*each, others) for each in zip(columns, inputs, grams, strict=True)]
    off = _error(batch, earlier)
    if abs(off) < LEAST:
        return None
    own = np.array([_error(each, [other for other in earlier if other is not each]) for each in earlier])
    error = max(float(np.std(own, ddof=1)) * np.sqrt(1 + 1 / len(own)), FINEST)
    return Scaled(rows.names[at], float(np.exp(off)), error, float(np.abs(own).max()))


@dataclass(frozen=True)
class _Part:
    """One batch's share of the normal equations, and its means of the inputs and of the logarithm."""

    gram: NDArray[np.float64]
    moments: NDArray[np.float64]
    inputs: NDArray[np.float64]
    log: float


def _part(
    column: NDArray[np.float64], inputs: NDArray[np.float64], gram: NDArray[np.float64], others: NDArray[np.intp]
) -> _Part:
    held = column > 0
    x, y = inputs[held][:, others], np.log(column[held])
    square = gram[np.ix_(others, others)] if held.all() else x.T @ x
    return _Part(square, x.T @ y, x.mean(axis=0), float(y.mean()))


def _error(part: _Part, known: Sequence[_Part]) -> float:
    """By how much the mean logarithm of one batch is above what other batches predict."""
    square = np.sum([each.gram for each in known], axis=0)
    square.flat[:: len(square) + 1] += RIDGE * square[0, 0]  # the first input is 1: the number of rows
    moments = np.sum([each.moments for each in known], axis=0)
    return part.log - float(part.inputs @ np.linalg.solve(square, moments))
