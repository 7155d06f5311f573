"""A temperature on another scale, which a season would hide: the winter's Fahrenheit are no summer's Celsius to the others.

What the other columns say a column should be (`predicted`) is compared with what it would hold on its old scale, if it held
another one now: both the level and how far the values rise with the predicted ones must be what they are in earlier batches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gatehouse.core.data_faults.relations.column_regression import (
    ColumnRegression,
    RegressionFit,
    earlier_fits,
    error_of,
    newest_fit,
    rises_alike,
)
from gatehouse.core.data_faults.relations.normal_scores import NormalScores

if TYPE_CHECKING:
    from collections.abc import Sequence

TEMPERATURES = (("Celsius to Fahrenheit", 1.8, 32.0), ("Celsius to kelvin", 1.0, 273.15))
SCALES = tuple(
    each
    for name, a, b in TEMPERATURES
    for each in ((name, a, b), (" to ".join(reversed(name.split(" to "))), 1 / a, -b / a))
)  # each with what its values are multiplied by, and what is then added
HOTTEST = 1e4  # degrees on any scale
BEYOND = 4.0  # times as far off as any earlier batch, and as on the old scale
SURE = 3.0  # standard errors within which a level agrees with a scale


@dataclass(frozen=True)
class TemperatureMatch:
    """A column that looks as if its scale had become another one, by `scales` in words: `a` times the old one, plus `b`."""

    column: str
    scales: str
    a: float
    b: float


def converted(rows: NormalScores, others: ColumnRegression) -> list[TemperatureMatch]:
    """The columns that look like a temperature on another scale."""
    found = []
    for at, name in enumerate(rows.names):
        columns = [each[:, at] for each in [*rows.earlier, rows.batch]]
        if max(float(np.nanmax(np.abs(each))) for each in columns) > HOTTEST:
            continue
        parts = others.parts(at, columns)
        now = newest_fit(parts)
        deviation = float(np.std(np.concatenate([each.values for each in parts[:-1]])))
        if abs(now.off) > deviation:  # whose zero moved by less tells no scale from a change of the world
            own = earlier_fits(parts)
            found += [TemperatureMatch(name, *scale) for scale in SCALES if _fits(own, now, *scale[1:])]
    return found


def _fits(own: Sequence[RegressionFit], now: RegressionFit, a: float, b: float) -> bool:
    usual = max(abs(each.off) for each in own)
    back = abs((now.mean - b) / a - (now.mean - now.off))
    if back > max(SURE * error_of(own), usual) or abs(now.off) <= BEYOND * max(usual, back):
        return False
    return rises_alike(own, now.slope / a)
