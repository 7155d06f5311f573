"""A change of unit that the season would hide: a column is a known factor larger than the others say it should be.

The logarithm of a positive column is predicted from the other columns by ridge regression on earlier batches; how far off
the prediction is on average, batch by batch, is how much the column's scale is not the others' doing. In earlier batches
that hardly varies where columns go together at all, and a change of unit moves it by its logarithm at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gatehouse.core.data_faults.relations.column_regression import (
    ColumnRegression,
    earlier_fits,
    error_of,
    newest_fit,
    rises_alike,
)
from gatehouse.core.data_faults.relations.normal_scores import NormalScores

if TYPE_CHECKING:
    from collections.abc import Sequence

POSITIVE = 0.9  # of the values of a column in every batch, for its logarithm to tell
LEAST = 0.4  # how far off a logarithm must be before it is asked how much it varied: the smallest factor's is .48
PRECISE = 0.04  # standard error beyond which the others say too little of a column
BEYOND = 4.0  # times as far off as any earlier batch
FINEST = 0.015  # standard error: no prediction beyond what earlier batches held is better


@dataclass(frozen=True)
class UnitMatch:
    """A column that is `factor` times (its logarithm with standard error `error`) what the others say it should be;
    `usual` is the most that it was off in earlier batches, as a logarithm."""

    column: str
    factor: float
    error: float
    usual: float


def scaled(rows: NormalScores, others: ColumnRegression) -> list[UnitMatch]:
    """The columns whose scale changed against what the others say, beyond what earlier batches vary. Of two that go
    together both may be the one: either is off against the other."""
    beyond = [each for each in _measured(rows, others, rows.names) if abs(np.log(each.factor)) > BEYOND * each.usual]
    return [each for each in beyond if each.error <= PRECISE]


def still(rows: NormalScores, others: ColumnRegression, before: UnitMatch) -> bool:
    """Whether a column is as far off as it was in an earlier batch."""
    far = abs(np.log(before.factor))
    return any(abs(np.log(each.factor / before.factor)) <= far / 3 for each in _measured(rows, others, [before.column]))


def _measured(rows: NormalScores, others: ColumnRegression, names: Sequence[str]) -> list[UnitMatch]:
    """Those of the columns that are off by as much as any unit's factor."""
    return [found for at, name in enumerate(rows.names) if name in names and (found := _scale(rows, at, others))]


def _scale(rows: NormalScores, at: int, others: ColumnRegression) -> UnitMatch | None:
    columns = [each[:, at] for each in [*rows.earlier, rows.batch]]
    if any(np.mean(each > 0) < POSITIVE for each in columns):
        return None
    logs = [np.log(np.where(each > 0, each, np.nan)) for each in columns]
    parts = others.parts(at, logs)
    now = newest_fit(parts)
    if abs(now.off) < LEAST:
        return None
    own = earlier_fits(parts)
    if not rises_alike(own, now.slope):
        return None
    usual = max(abs(each.off) for each in own)
    return UnitMatch(rows.names[at], float(np.exp(now.off)), max(error_of(own), FINEST), usual)
