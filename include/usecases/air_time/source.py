"""New York's flights of spring 2013, week by week, and the minutes that each was in the air, a week later."""

from __future__ import annotations

import pandas as pd

from gatehouse.core.contract.batch_calendar import Interval, keys_between
from usecases import _nycflights


def available() -> list[str]:
    """Nine weeks of spring."""
    return keys_between("week", "2013-W10", "2013-W18")


def fetch(key: str, interval: Interval) -> dict[str, pd.DataFrame]:
    """The week's flights, as they are known at departure."""
    return {
        "flights": _nycflights.within(
            _nycflights.flights()[_nycflights.KNOWN], "scheduled", interval.start, interval.end
        )
    }


def outcomes(key: str, interval: Interval) -> pd.DataFrame:
    """The minutes in the air; null for a flight that did not arrive."""
    columns = [*_nycflights.KEY, "air_time"]
    return _nycflights.within(_nycflights.flights()[columns], "scheduled", interval.start, interval.end)
