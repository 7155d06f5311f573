"""A change of unit: a whole distribution multiplied by a known factor, or moved by a known scale of temperature.

A world may make a column half or three times as large, too, and leave its shape. Two things tell them apart. A unit changes
at once, a world in steps: the batch must lie far from *every* earlier one, and farther than earlier ones lay from each
other. And a unit changes by its factor: the scale that is measured must agree with a known one as exactly as it can be
measured. Where known factors lie close together that has to be within `EXACT`: a column that doubles is no mile that
became a nautical one.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import exp, isfinite, log, sqrt

import numpy as np

from gatehouse.core.data_faults.column_mapping import FAR, cumulative, distance, tolerance
from gatehouse.core.data_faults.relations.temperature_scale import SCALES
from gatehouse.core.data_faults.relations.unit_scale import UnitMatch
from gatehouse.core.profiling import ColumnProfile, NumericProfile

# What a column is multiplied by when its unit changes, in either direction: length, mass, time, currency's hundreds.
UNITS = (1.609344, 1.852, 3.6, 2.23694, 0.3048, 2.54, 0.45359237, 28.349523, 10.0, 24.0, 60.0, 100.0, 1e3, 3600.0, 1e6)
CROWDED = 5.0  # up to this factor known ones lie close together, and there a scale
EXACT = 0.04  # must be as near to one as this, as a share of it
KNOWN = 3  # earlier batches before which a column may well be three times as large: one week's wind, and the next one's
SURE = 3.0  # standard errors within which a measured scale agrees with a known one
NEAR = 0.1  # of its range: a batch of running numbers begins as near as this to the end of the one before
QUANTILES = np.arange(0.1, 0.91, 0.05)


def unit_change(known: Sequence[NumericProfile], column: NumericProfile) -> str | None:
    """What a column looks like, when it looks like one whose unit changed; `known` are earlier batches, the newest last.

    A column that varies from batch to batch by a third as much may be the weather's: a cold week is near half a warm one.
    """
    apart = min((distance(each, column) for each in known), default=0.0)
    usual = max((distance(one, other) for one, other in pairwise(known)), default=0.0)
    newest = known[-1]
    if apart <= max(FAR, 3 * usual) or not column.moments.std or _counts_on(newest, column):
        return None
    allowed = min(tolerance(newest, column), apart / (6 if len(known) > 2 else 8))
    measured, error = _measured(known, column)
    factors = _factors(measured, error) if len(known) >= KNOWN or not 1 / CROWDED < exp(measured) < CROWDED else []
    scales = [*factors, *_temperatures(newest, column)]
    fits = sorted((rescaled(newest, column, a, b), says) for says, a, b in scales)
    fits = [(off, says) for off, says in fits if off <= allowed]
    if not fits:
        return None
    says = " or ".join(says for _, says in fits)  # a pound in kilograms and a metre per second in miles: 2.20 and 2.24
    held = f"{exp(measured):.3g} +- {error * exp(measured):.1g} times" if isfinite(measured) else "elsewhere"
    return (
        f"looks like {says} what it held: another unit (found {held}; distance {apart:.2f}, rescaled {fits[0][0]:.2f})"
    )


def _counts_on(before: NumericProfile, column: NumericProfile) -> bool:
    """Whether a column goes on where the batch before ended and runs about as far, as running numbers do: after 1 to 300
    come 301 to 600."""
    width, wide = before.maximum - before.minimum, column.maximum - column.minimum
    return 0 <= column.minimum - before.maximum <= NEAR * width and width <= CROWDED * wide <= CROWDED**2 * width


def unit_given_others(
    known: Sequence[ColumnProfile], column: ColumnProfile, found: UnitMatch
) -> tuple[float, str] | None:
    """What a column looks like whose scale is not what the other columns say: another unit, if it is off by a known factor
    and looks as before once that is taken back; how far it lies from that, and the words."""
    factors = _factors(log(found.factor), found.error)
    fits = [(off, says) for says, a, b in factors if (off := matches_after_rescaling(known, column, a, b)) is not None]
    if not fits:
        return None
    says = " or ".join(says for _, says in sorted(fits))
    held = f"{found.factor:.3g} +- {found.error * found.factor:.1g} times what the other columns say"
    return min(fits)[0], f"looks like {says} what it held: another unit (found {held})"


def matches_after_rescaling(known: Sequence[ColumnProfile], column: ColumnProfile, a: float, b: float) -> float | None:
    """How far a column lies from the nearest of earlier batches once it is no longer multiplied by `a` and moved by `b`; None
    where that is farther than sampling, and what the earlier ones vary, explain."""
    before = [each for each in known if isinstance(each, NumericProfile)]
    if not before or not isinstance(column, NumericProfile):
        return None
    usual = max((distance(one, other) for one, other in pairwise(before)), default=0.0)
    off = min(rescaled(each, column, a, b) for each in before)
    return off if off <= max(tolerance(before[-1], column), usual) else None


def rescaled(reference: NumericProfile, batch: NumericProfile, a: float, b: float) -> float:
    """How far a column lies from what it held, multiplied by `a` and moved by `b`: 0 to 1."""
    points = np.union1d(reference.edges, (batch.edges - b) / a)
    return float(np.abs(cumulative(reference, points) - cumulative(batch, a * points + b)).max())


def _factors(measured: float, error: float) -> list[tuple[str, float, float]]:
    """The known factors that the measured one agrees with, in words, as factor and offset."""
    return [
        (f"{factor:g} times", factor, 0.0)
        for each in UNITS
        for factor in (each, 1 / each)
        if abs(log(factor) - measured) <= (min(SURE * error, EXACT) if 1 / CROWDED < factor < CROWDED else SURE * error)
    ]


def _temperatures(newest: NumericProfile, column: NumericProfile) -> list[tuple[str, float, float]]:
    """The scales of temperature that this column may have left for another: the zero moves by more than half of how much
    the values vary (amounts of thousands do not tell 32 from nothing), and they vary by the scale's factor."""
    before, after = _quantiles(newest), _quantiles(column)
    spread, wider = before[-1] - before[0], after[-1] - after[0]
    return (
        [
            (name, a, b)
            for name, a, b in SCALES
            if wider > 0 and abs(b) > newest.moments.std * a / 2 and abs(log(wider / (spread * a))) <= 2 * EXACT
        ]
        if spread > 0
        else []
    )


def _measured(known: Sequence[NumericProfile], column: NumericProfile) -> tuple[float, float]:
    """The logarithm of the factor between earlier batches and this one, and its standard error: batches differ as much as
    the earlier ones do among themselves, at least by what their numbers of rows leave open. NaN where there is none."""
    mine = _quantiles(column)
    logs = [_log_ratio(mine, _quantiles(each)) for each in known]
    if not all(map(isfinite, logs)):
        return float("nan"), float("nan")
    spread = float(np.std(logs, ddof=1)) * sqrt(1 + 1 / len(logs)) if len(logs) > 1 else 0.0
    sampling = sqrt(1 / column.values + 1 / min(each.values for each in known))
    return float(np.mean(logs)), max(spread, sampling)


def _log_ratio(mine: np.typing.NDArray[np.float64], other: np.typing.NDArray[np.float64]) -> float:
    """The mean logarithm of how many times larger the quantiles are, by their size: those about zero say little."""
    comparable = mine * other > 0
    if not comparable.any():
        return float("nan")
    with np.errstate(divide="ignore"):
        return float(np.average(np.log(mine[comparable] / other[comparable]), weights=np.abs(other[comparable])))


def _quantiles(profile: NumericProfile) -> np.typing.NDArray[np.float64]:
    points = np.unique(np.concatenate([[profile.minimum], profile.edges, [profile.maximum]]))
    return np.asarray(np.interp(QUANTILES, cumulative(profile, points), points))
