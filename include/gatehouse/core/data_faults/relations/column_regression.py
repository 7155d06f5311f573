"""What the other columns say of one, batch by batch: ridge regression on the other columns' normal scores and their squares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gatehouse.core.data_faults.relations.normal_scores import NormalScores, scores

if TYPE_CHECKING:
    from numpy.typing import NDArray

RIDGE = 1e-3  # of the number of rows
RISE = 1.5  # times as steep or as flat as in earlier batches, at most


@dataclass(frozen=True)
class RegressionPart:
    """One batch: the inputs of all its rows, which of them (`others`) predict, which rows have a value (`held`), these
    values, and what the batch adds to the normal equations."""

    inputs: NDArray[np.float64]
    others: NDArray[np.intp]
    held: NDArray[np.bool_]
    values: NDArray[np.float64]
    gram: NDArray[np.float64]
    moments: NDArray[np.float64]


@dataclass(frozen=True)
class RegressionFit:
    """How far a batch's mean lies above the predicted one, how far its values rise with the predicted ones, and its mean."""

    off: float
    slope: float
    mean: float


class ColumnRegression:
    """The inputs of every batch, made once for all columns that are asked for."""

    def __init__(self, rows: NormalScores) -> None:
        pooled = np.vstack(rows.earlier)
        self._width = len(rows.names)
        self._inputs = [_inputs(each, pooled) for each in [*rows.earlier, rows.batch]]
        self._grams = [each.T @ each for each in self._inputs]

    def parts(self, at: int, columns: Sequence[NDArray[np.float64]]) -> list[RegressionPart]:
        """Each batch's part for the column at that place, whose values (NaN: left out) are given; the newest last."""
        others = np.delete(np.arange(1 + 2 * self._width), [1 + at, 1 + self._width + at])  # not the column itself
        return [_part(*each, others) for each in zip(columns, self._inputs, self._grams, strict=True)]


def newest_fit(parts: Sequence[RegressionPart]) -> RegressionFit:
    """How well the relations in all earlier batches predict the newest one."""
    return _fit(parts[-1], parts[:-1])


def earlier_fits(parts: Sequence[RegressionPart]) -> list[RegressionFit]:
    """How well the relations in all earlier batches but one predict that one, for each."""
    earlier = parts[:-1]
    return [_fit(each, [other for other in earlier if other is not each]) for each in earlier]


def error_of(own: Sequence[RegressionFit]) -> float:
    """The standard error of how far a new batch is off."""
    return float(np.std([each.off for each in own], ddof=1)) * float(np.sqrt(1 + 1 / len(own)))


def rises_alike(own: Sequence[RegressionFit], slope: float) -> bool:
    """Whether a batch's values rise with the predicted ones about as in earlier batches: what was only moved does not."""
    rise = float(np.mean([each.slope for each in own]))
    return rise > 0 and rise / RISE <= slope <= rise * RISE


def _fit(part: RegressionPart, known: Sequence[RegressionPart]) -> RegressionFit:
    expected = _predicted(part, known)
    spread = float(np.var(expected))
    slope = (
        float(np.mean((part.values - part.values.mean()) * (expected - expected.mean()))) / spread if spread else 0.0
    )
    return RegressionFit(float(np.mean(part.values - expected)), slope, float(part.values.mean()))


def _predicted(part: RegressionPart, known: Sequence[RegressionPart]) -> NDArray[np.float64]:
    """What the relations in other batches give for the rows of one."""
    square = np.sum([each.gram for each in known], axis=0)
    square.flat[:: len(square) + 1] += RIDGE * square[0, 0]  # the first input is 1: the number of rows
    weights = np.zeros(part.inputs.shape[1])
    weights[part.others] = np.linalg.solve(square, np.sum([each.moments for each in known], axis=0))
    found: NDArray[np.float64] = (part.inputs @ weights)[part.held]
    return found


def _inputs(rows: NDArray[np.float64], pooled: NDArray[np.float64]) -> NDArray[np.float64]:
    """One, each column's scores, and their squares: (rows, 1 + 2 columns)."""
    placed = np.column_stack([scores(rows[:, each], pooled[:, each]) for each in range(rows.shape[1])])
    return np.column_stack([np.ones(len(rows)), placed, placed**2])


def _part(
    column: NDArray[np.float64], inputs: NDArray[np.float64], gram: NDArray[np.float64], others: NDArray[np.intp]
) -> RegressionPart:
    held = ~np.isnan(column)
    whole = gram if held.all() else inputs[held].T @ inputs[held]
    moments = inputs.T @ np.where(held, column, 0.0)
    return RegressionPart(inputs, others, held, column[held], whole[np.ix_(others, others)], moments[others])
