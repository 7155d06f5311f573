"""New York's flights of 2013, month by month: what is known at departure, the weather of the hour, and outcomes later.

A batch is a month of New York's wall clock: `scheduled` is the scheduled departure on that clock, written as if it were
UTC, so that the 24-hour blocks of the gate are the days that airports live by. `time_hour` is the true UTC hour, by
which weather is joined. Nothing that happens at or after departure (dep_time, dep_delay, arr_time, air_time, arr_delay)
is in `flights`; it comes with `outcomes`.
"""

from __future__ import annotations

from functools import lru_cache

import pandas as pd
from gatehouse.core.calendar import Interval, keys_between

from usecases import _nycflights

KEY = ["scheduled", "carrier", "flight", "origin", "dest"]


def available() -> list[str]:
    """The twelve months."""
    return keys_between("month", "2013-01", "2013-12")


def fetch(key: str, interval: Interval) -> dict[str, pd.DataFrame]:
    """The month's flights, and the weather rows of the same stretch of time."""
    return {
        "flights": _nycflights.of_interval(_departures(), "scheduled", *_bounds(interval)),
        "weather": _nycflights.of_interval(_weather(), "local_hour", *_bounds(interval)),
    }


def outcomes(key: str, interval: Interval) -> pd.DataFrame:
    """How the month's flights arrived. `missing_that_day` is the share of the day's flights without an arrival delay:
    a snow storm cancels half of a day's flights, and their labels are not missing at random."""
    columns = [*KEY, "dep_time", "arr_time", "arr_delay"]
    found = _nycflights.of_interval(_nycflights.flights(), "scheduled", *_bounds(interval))[columns]
    missing = found["arr_delay"].isna().groupby(found["scheduled"].dt.floor("D")).transform("mean")
    return found.assign(missing_that_day=missing)


@lru_cache
def _departures() -> pd.DataFrame:
    """Flights with what is known of their plane and destination."""
    planes = _nycflights.table("planes.csv").rename(columns={"year": "plane_year"})[["tailnum", "plane_year", "seats"]]
    airports = _nycflights.table("airports.csv").rename(
        columns={"faa": "dest", "lat": "dest_lat", "lon": "dest_lon", "tz": "dest_tz"}
    )
    known = ["scheduled", "carrier", "flight", "tailnum", "origin", "dest", "distance", "sched_arr_time", "time_hour"]
    flights = _nycflights.flights()[known].assign(time_hour=pd.to_datetime(_nycflights.flights()["time_hour"], utc=True))
    joined = flights.merge(planes, on="tailnum", how="left").merge(
        airports[["dest", "dest_lat", "dest_lon", "dest_tz"]], on="dest", how="left"
    )
    return joined.sort_values(KEY, kind="stable", ignore_index=True)


@lru_cache
def _weather() -> pd.DataFrame:
    """Hourly weather with the hours since the station's row before: a gap shows in the row that ends it."""
    raw = _nycflights.table("weather.csv")
    local = pd.to_datetime(raw[["year", "month", "day", "hour"]]).astype("datetime64[us]").dt.tz_localize("UTC")
    weather = raw.assign(local_hour=local, time_hour=pd.to_datetime(raw["time_hour"], utc=True))
    weather = weather.sort_values(["origin", "time_hour"], kind="stable", ignore_index=True)
    gap = weather.groupby("origin")["time_hour"].diff().dt.total_seconds() / 3600
    return weather.assign(hours_since_row_before=gap.fillna(1.0)).drop(columns=["year", "month", "day", "hour"])


def _bounds(interval: Interval) -> tuple[pd.Timestamp, pd.Timestamp]:
    return pd.Timestamp(interval.start), pd.Timestamp(interval.end)
