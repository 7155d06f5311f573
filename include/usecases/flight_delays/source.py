"""New York's flights of 2013, month by month: what is known at departure, the weather, and the outcomes later.

A batch is a month of New York's wall clock (`usecases._nycflights` says how that is written), so each of the 336,776
flights is in exactly one batch. Weather is joined by `time_hour`, the true hour: the hour in which the clocks go back
happens twice on the wall.
"""

from __future__ import annotations

from functools import lru_cache

import pandas as pd

from gatehouse.core.contract.batch_calendar import Interval, keys_between
from usecases import _nycflights


def available() -> list[str]:
    """The twelve months."""
    return keys_between("month", "2013-01", "2013-12")


def fetch(key: str, interval: Interval) -> dict[str, pd.DataFrame]:
    """The month's flights with whether their weather is there, and the weather of the same stretch of time."""
    flights = _nycflights.within(_nycflights.flights()[_nycflights.KNOWN], "scheduled", interval.start, interval.end)
    observed = pd.MultiIndex.from_frame(_weather()[["origin", "time_hour"]])
    flights["has_weather"] = pd.MultiIndex.from_frame(flights[["origin", "time_hour"]]).isin(observed)
    return {"flights": flights, "weather": _nycflights.within(_weather(), "local_hour", interval.start, interval.end)}


def outcomes(key: str, interval: Interval) -> pd.DataFrame:
    """How the month's flights arrived. `missing_that_day` is the share of the day's flights without an arrival delay:
    a snow storm cancels half of a day's flights, and those labels are not missing at random."""
    columns = [*_nycflights.KEY, "day", "dep_time", "arr_time", "arr_delay"]
    found = _nycflights.within(_nycflights.flights()[columns], "scheduled", interval.start, interval.end)
    missing = found["arr_delay"].isna().groupby(found["day"]).transform("mean")
    return found.assign(missing_that_day=missing).drop(columns="day")


@lru_cache
def _weather() -> pd.DataFrame:
    """Hourly weather with the hours since the station's row before: a gap shows in the row that ends it."""
    raw = _nycflights.table("weather.csv")
    local = _nycflights.wall_clock(raw[["year", "month", "day", "hour"]])
    weather = raw.assign(local_hour=local, time_hour=pd.to_datetime(raw["time_hour"], utc=True))
    weather = weather.sort_values(["origin", "time_hour"], kind="stable", ignore_index=True)
    gap = weather.groupby("origin")["time_hour"].diff().dt.total_seconds() / 3600
    return weather.assign(hours_since_row_before=gap.fillna(1.0)).drop(columns=["year", "month", "day", "hour"])
