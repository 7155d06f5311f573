"""Columns with a weekly pattern are compared with their own day of the week."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from gatehouse.core.audit.canonical_json import canonical
from gatehouse.core.config.triggers import DriftReason
from gatehouse.core.drift import judge
from gatehouse.core.drift.calibration import DriftCalibration, calibrate
from gatehouse.core.drift.weekday_reference import WeekdayReference, weekdays_of
from gatehouse.core.profiling import Profile, profile_of

MONDAY = datetime(2024, 1, 1, tzinfo=UTC)
WEEKS = 8
POLICY = DriftReason(min_rows=50)
PATTERN = np.array([0.0, 0.1, -0.1, 0.2, 0.5, 2.2, 1.8])  # Monday to Sunday: the weekend is another world
PATTERN = (PATTERN - PATTERN.mean()) / PATTERN.std()


def day(random: np.random.Generator, number: int, share: float, moved: float = 0.0) -> pd.DataFrame:
    """300 rows. The weekday explains `share` of the variance of `busy`, and each day's own luck a twentieth of the rest; `steady`
    has no pattern, `workday` has one value a day, `open` is missing on every other row of a Sunday, `closed` on all of them."""
    own, rest = np.sqrt(0.05) * random.normal(size=2), np.sqrt(0.95) * random.normal(size=(2, 300))
    busy = np.sqrt(share) * PATTERN[number % 7] + np.sqrt(1 - share) * (own[0] + rest[0]) + moved
    opened = np.where((np.arange(300) % 2 == 0) & (number % 7 == 6), np.nan, random.normal(size=300))
    closed = np.full(300, np.nan) if number % 7 == 6 else random.normal(size=300)
    workday = float(number % 7 < 5 and number % 30 != 0)
    return pd.DataFrame(
        {"busy": busy, "steady": own[1] + rest[1], "workday": workday, "open": opened, "closed": closed}
    )


class Known:
    """A reference of eight weeks, and what is judged of a day by it."""

    def __init__(self, seed: int, share: float, weeks: int = WEEKS) -> None:
        self.random, self.share = np.random.default_rng(seed), share
        days = [day(self.random, number, share) for number in range(7 * weeks)]
        self.whole = profile_of(pd.concat(days))
        profiles = [profile_of(each, like=self.whole) for each in days]
        self.plain = calibrate(self.whole, profiles)
        dates = [MONDAY + timedelta(days=number) for number in range(7 * weeks)]
        self.weekdays = weekdays_of(list(zip(dates, profiles, strict=True)), self.plain)

    def changed(self, number: int, moved: float = 0.0, weekdays: bool = True) -> set[str]:
        """The columns of a day that are said to have changed."""
        batch = profile_of(day(self.random, number, self.share, moved), like=self.whole)
        usual = self.weekdays.on(MONDAY + timedelta(days=number)) if weekdays else {}
        known = Profile({**self.whole.columns, **usual})
        calibration: dict[str, DriftCalibration] = {
            **self.plain,
            **{name: self.weekdays.calibration[name] for name in usual},
        }
        return {each.column for each in judge(known, batch, POLICY, calibration) if each.changed}


@pytest.mark.parametrize("share", [0.3, 0.5, 0.8])
def test_a_shift_is_seen_behind_a_weekly_pattern(share: float) -> None:
    """One standard deviation, of whose variance the weekday explains three tenths or more: named within two days, on whatever
    weekday it begins, in most streams. Against all days together it is not named in a week."""
    soon, blind = 0, 0
    for first in range(7):
        known = Known(first, share)
        start = 7 * WEEKS + first
        soon += any("busy" in known.changed(number, 1.0) for number in (start, start + 1))
        blind += not any("busy" in known.changed(start + later, 1.0, weekdays=False) for later in range(7))
    assert soon >= 6
    assert blind == 7


def test_quiet_days_stay_quiet() -> None:
    """280 quiet days of ten streams, weekends and a holiday a month among them: in at most 8 is anything said to have
    changed, where .01 promises three and a holiday changes nothing that is judged."""
    streams = [Known(seed, 0.5) for seed in range(10)]
    told = sum(bool(known.changed(number)) for known in streams for number in range(7 * WEEKS, 7 * WEEKS + 28))
    assert told <= 8


def test_only_what_has_a_weekly_pattern_is_compared_by_weekday() -> None:
    """By its values or by whether there are any; not what has none, nor what the calendar says with one value a day, nor what
    has no values at all on some weekday."""
    for seed in range(5):
        assert set(Known(seed, 0.5).weekdays.calibration) == {"busy", "open"}
        assert set(Known(seed, 0.0).weekdays.calibration) == {"open"}


def test_a_few_weeks_are_no_pattern() -> None:
    """Two days of each weekday say nothing; and a weekday that the reference hardly holds is compared with all days."""
    assert Known(0, 0.8, weeks=2).weekdays == WeekdayReference()
    known = Known(0, 0.8)
    days = [(MONDAY + timedelta(days=number), profile_of(day(known.random, number, 0.8), like=known.whole))
            for number in range(56) if number % 7 < 5 or number == 5]  # fmt: skip
    found = weekdays_of(days, known.plain)
    assert set(found.profiles) <= set(range(5))
    assert found.on(MONDAY + timedelta(days=5)) == {}


def test_what_days_are_compared_with_survives_storage() -> None:
    """Through canonical JSON and back: the same columns, limits and groups; an older reference has none."""
    known = Known(0, 0.5).weekdays
    again = WeekdayReference.from_document(json.loads(canonical(known.to_document())))
    assert again.to_document() == known.to_document()
    assert again.calibration["busy"].groups == 7
    assert again.calibration["busy"].origin == "56 reference batches, each against its own day of the week"
    assert WeekdayReference.from_document({}) == WeekdayReference()
