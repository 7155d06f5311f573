"""Calibrated thresholds: how far do the reference's own batches lie from it, and how surprising is a new batch then?

The reference's rows come in units: its training batches, each cut into consecutive pieces when there are few. The
squared distance of a batch over the mean squared distance of the units is a ratio of two quadratic forms of shares whose
rows are correlated within a unit. Rao and Scott (1981, JASA 76) scale such chi-squares by their mean design effect;
Thomas and Rao (1987, JASA 82) refer them to F with (v, v (m - 1)) degrees of freedom for m units, where v is
Satterthwaite's (1946) effective number of independent cells. That is what `Calibration.p_value` does. The units replace
the assumption that rows are independent; what remains is that a quiet batch is to the units as they are to each other.

The units may come in groups (days of the week, `weekdays`), each unit measured against its own group's whole. The mean over
all of them is then the variance within groups, with m - g degrees of freedom for g groups, as in a one-way layout.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from gatehouse.core.audit.canonical_json import number_in
from gatehouse.core.config.triggers import Distance
from gatehouse.core.drift.column_distance import TENTHS, ColumnDistance, measure_values, missing_distance, tenths
from gatehouse.core.profiling import ColumnProfile, NumericProfile, Profile

if TYPE_CHECKING:
    from numpy.typing import NDArray

MIN_UNITS = 5
DISTANCES: tuple[Distance, ...] = get_args(Distance)


@dataclass(frozen=True)
class DriftCalibration:
    """One column's distances between the units and the whole: `values` and `presence` map each distance to one number a
    unit, `rows` are the units' rows, `freedom` the effective number of independent cells (values, presence). With several
    `groups` each unit was measured against its own weekday's whole."""

    values: Mapping[str, tuple[float, ...]]
    presence: Mapping[str, tuple[float, ...]]
    rows: tuple[int, ...]
    freedom: tuple[float, float]
    pieces: bool = False
    groups: int = 1

    @property
    def origin(self) -> str:
        """Where a threshold that rests on this comes from, in words."""
        if self.groups > 1:
            return f"{len(self.rows)} reference batches, each against its own day of the week"
        return f"{len(self.rows)} {'pieces of the' if self.pieces else ''} reference batches".replace("  ", " ")

    def p_value(self, part: str, measured: ColumnDistance, distance: Distance, rows: int) -> float:
        """The chance that a quiet batch of `rows` rows lies at least as far as `measured`."""
        from scipy.special import fdtrc

        scale = self.typical(part, measured, distance, rows)
        return float(fdtrc(*self._degrees(part, distance), _squared(measured.value, distance) / scale))

    def limit(self, part: str, measured: ColumnDistance, distance: Distance, rows: int, level: float) -> float:
        """The distance at which the p-value is `level`."""
        from scipy.special import fdtri

        ratio = fdtri(*self._degrees(part, distance), 1 - level)
        squared = float(ratio) * self.typical(part, measured, distance, rows)
        return squared if distance == "psi" else float(np.sqrt(squared))

    def _degrees(self, part: str, distance: Distance) -> tuple[float, float]:
        """A sum over cells has the effective number of cells; a largest gap and an area behave like one cell's."""
        freedom = self.freedom[part == "presence"] if distance in ("js", "psi") else 1.0
        return freedom, freedom * (len(self.rows) - self.groups)

    def typical(self, part: str, measured: ColumnDistance, distance: Distance, rows: int) -> float:
        """The expected squared distance of a quiet batch of `rows` rows: that of the units, with the sampling noise of
        `rows` rows in place of that of the units' rows. Never less than the noise of independent rows."""
        per_row = measured.row_noise
        own = per_row * float(np.mean(1 / np.array(self.rows)))
        floor = per_row * (1 / rows + self.groups / sum(self.rows))
        return max(self.apart(part, distance) + per_row / rows - own, floor, 1e-12)

    def apart(self, part: str, distance: Distance) -> float:
        """The expected squared distance of one more unit: the mean of those which were measured against a whole that they
        are part of, made larger for that."""
        units = (self.values if part == "values" else self.presence)[distance]
        count = len(units) / self.groups
        return float(np.mean([_squared(each, distance) for each in units])) * (count + 1) / (count - 1)

    def widest(self, part: str, distance: Distance) -> float:
        """How far the farthest of the units lay."""
        return max((self.values if part == "values" else self.presence)[distance], default=0.0)

    def to_document(self) -> dict[str, Any]:
        """The calibration as plain values."""
        return {
            "values": {name: list(each) for name, each in self.values.items()},
            "presence": {name: list(each) for name, each in self.presence.items()},
            "rows": list(self.rows),
            "freedom": list(self.freedom),
            "pieces": self.pieces,
            "groups": self.groups,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> DriftCalibration:
        """The inverse of `to_document`; calibrations of before there were groups have one."""
        values, presence = (
            {name: tuple(map(number_in, each)) for name, each in document[part].items()}
            for part in ("values", "presence")
        )
        first, second = document["freedom"]
        rows, pieces, groups = tuple(document["rows"]), document["pieces"], document.get("groups", 1)
        return cls(values, presence, rows, (number_in(first), number_in(second)), pieces, groups)


def calibrate(
    whole: Profile, units: Sequence[Profile], pieces: bool = False, distances: Sequence[Distance] = DISTANCES
) -> dict[str, DriftCalibration]:
    """The calibration of each column from the units' profiles on the whole's grid. A column with values in fewer than
    `MIN_UNITS` units has none: its limit stays the effect size of `retrain.yaml`."""
    found = {}
    for name, column in whole.columns.items():
        parts = [unit.columns[name] for unit in units if name in unit.columns and unit.columns[name].values]
        if len(parts) >= MIN_UNITS:
            found[name] = calibration_of([(column, parts)], pieces, distances)
    return found


def calibration_of(
    groups: Sequence[tuple[ColumnProfile, Sequence[ColumnProfile]]],
    pieces: bool = False,
    distances: Sequence[Distance] = DISTANCES,
) -> DriftCalibration:
    """One column's calibration from groups of units, each with the whole that its units are measured against."""
    pairs = [(whole, unit) for whole, units in groups for unit in units]
    values: dict[str, tuple[float, ...]] = {}
    presence: dict[str, tuple[float, ...]] = {}
    for distance in distances:
        apart = [measure_values(whole, unit, distance) for whole, unit in pairs]
        there = [missing_distance(whole, unit, distance) for whole, unit in pairs]
        values[distance] = tuple(each.value for each in apart if each is not None)
        presence[distance] = tuple(each.value for each in there if each is not None)
    freedom = (
        _freedom([[_cells(whole, unit) for unit in units] for whole, units in groups]),
        _freedom([[unit.presence for unit in units] for _, units in groups]),
    )
    return DriftCalibration(values, presence, tuple(unit.rows for _, unit in pairs), freedom, pieces, len(groups))


def _cells(whole: ColumnProfile, unit: ColumnProfile) -> NDArray[np.int64]:
    if not isinstance(whole, NumericProfile):
        return unit.cells
    return np.bincount(tenths(whole.cells), unit.cells, TENTHS).astype(np.int64)


def _freedom(groups: Sequence[Sequence[NDArray[np.int64]]]) -> float:
    """(sum of eigenvalues)^2 / sum of their squares, for the covariance of the units' shares within their groups, each in
    units of its expected standard deviation; at least 1. Few units underestimate it, which makes the tail heavier:
    cautious."""
    scaled = np.concatenate([_scaled(np.array(cells, dtype=np.float64)) for cells in groups])
    gram = scaled @ scaled.T  # the same non-zero eigenvalues as the covariance's, and as small as the units are few
    squares = float((gram * gram).sum())
    return max(float(np.trace(gram)) ** 2 / squares, 1.0) if squares > 0 else 1.0


def _scaled(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """The units' deviations from their group's shares; nothing in cells that the group does not hold."""
    shares = counts / counts.sum(axis=1, keepdims=True)
    centre = counts.sum(axis=0) / counts.sum()
    deviations: NDArray[np.float64] = (shares - centre) / np.sqrt(np.where(centre > 0, centre, 1.0))
    return deviations


def _squared(value: float, distance: Distance) -> float:
    return value if distance == "psi" else value * value
