"""Columns with a weekly pattern, in daily batches: a Sunday is compared with Sundays.

Measured against all days together, each day of such a column lies far off, so its limit is wide: a shift of a standard
deviation, in a column of whose variance the day of the week explains three tenths, was not named within a week
(tests/integration/core/drift/test_weekdays.py). Whether a column has such a pattern is decided on the reference alone, before any
batch is looked at: it has one when a day lies much nearer to its own weekday's whole than to the whole. So no test is
added to those that share `false_alarms`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from gatehouse.core.drift.calibration import DriftCalibration, calibration_of
from gatehouse.core.profiling import ColumnProfile, NumericProfile, Profile
from gatehouse.core.profiling.batch_profile import merged

LEAST = 3  # reference days of each day of the week
NEARER = 0.5  # of the squared distance to the whole, from which on the day of the week is what tells days apart


@dataclass(frozen=True)
class WeekdayReference:
    """For the columns with a weekly pattern: `profiles` is what each day of the week (0 is Monday) is compared with,
    `calibration` how far the reference's days lie from their own weekday's whole."""

    profiles: Mapping[int, Profile] = field(default_factory=dict)
    calibration: Mapping[str, DriftCalibration] = field(default_factory=dict)

    def on(self, day: date) -> Mapping[str, ColumnProfile]:
        """What the columns of a day are compared with; nothing on a weekday that the reference does not hold."""
        found = self.profiles.get(day.weekday())
        return found.columns if found is not None else {}

    def to_document(self) -> dict[str, Any]:
        """The profiles and calibrations as plain values."""
        return {
            "profiles": {str(weekday): each.to_document() for weekday, each in self.profiles.items()},
            "calibration": {name: each.to_document() for name, each in self.calibration.items()},
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> WeekdayReference:
        """The inverse of `to_document`; of references of before there were weekdays, none."""
        return cls(
            {int(weekday): Profile.from_document(each) for weekday, each in document.get("profiles", {}).items()},
            {name: DriftCalibration.from_document(each) for name, each in document.get("calibration", {}).items()},
        )


def weekdays_of(days: Sequence[tuple[date, Profile]], calibration: Mapping[str, DriftCalibration]) -> WeekdayReference:
    """From the reference's days, profiled on its grids, and their calibration against the whole."""
    groups: dict[int, list[Profile]] = {}
    for day, profile in sorted(days, key=lambda each: each[0].weekday()):
        groups.setdefault(day.weekday(), []).append(profile)
    groups = {weekday: profiles for weekday, profiles in groups.items() if len(profiles) >= LEAST}
    columns: dict[int, dict[str, ColumnProfile]] = {weekday: {} for weekday in groups}
    within: dict[str, DriftCalibration] = {}
    for name, known in calibration.items() if len(groups) > 1 else ():
        units = [[each.columns[name] for each in days if name in each.columns] for days in groups.values()]
        if _of_the_calendar(units) or not _on_each_day(units, groups):
            continue
        wholes = [_whole(days, name) for days in groups.values()]
        own = calibration_of(list(zip(wholes, units, strict=True)))
        if _nearer(own, known):
            within[name] = own
            for weekday, whole in zip(columns, wholes, strict=True):
                columns[weekday][name] = whole
    return WeekdayReference({weekday: Profile(found) for weekday, found in columns.items()} if within else {}, within)


def _on_each_day(units: Sequence[Sequence[ColumnProfile]], groups: Mapping[int, Sequence[Profile]]) -> bool:
    """Whether each day has values of the column."""
    return all(
        len(parts) == len(days) and all(each.values for each in parts)
        for parts, days in zip(units, groups.values(), strict=True)
    )


def _of_the_calendar(units: Sequence[Sequence[ColumnProfile]]) -> bool:
    """Whether the column mostly has one value a day: what day it is, a working day or not. A holiday is no change of it."""
    single = [_single(each) for parts in units for each in parts]
    return sum(single) >= len(single) / 2


def _single(column: ColumnProfile) -> bool:
    if isinstance(column, NumericProfile):
        return column.minimum == column.maximum
    return int(column.cells.max(initial=0)) == column.values


def _whole(days: Sequence[Profile], name: str) -> ColumnProfile:
    whole = merged(days, name)
    assert whole is not None  # each of the days has the column
    return whole.columns[name]


def _nearer(own: DriftCalibration, known: DriftCalibration) -> bool:
    """Whether days lie much nearer to their own weekday's whole, by their values or by whether there are any."""
    return any(own.apart(part, "js") < NEARER * known.apart(part, "js") for part in ("values", "presence"))
