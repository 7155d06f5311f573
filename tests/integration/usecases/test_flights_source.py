"""The source of the flights: every flight once, and nothing of what happens after departure."""

from __future__ import annotations

import pandas as pd
import pytest

from gatehouse.core.contract.batch_calendar import batch_interval
from support.usecase_folders import case, outcomes, source, tables
from usecases import _nycflights

MONTHS = dict(
    zip(
        [f"2013-{month:02}" for month in range(1, 13)],
        [27004, 24951, 28834, 28330, 28796, 28243, 29425, 29327, 27574, 28889, 27268, 28135],
    )
)
AFTER_DEPARTURE = {"dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"}


def fetched(name: str, key: str) -> pd.DataFrame:
    return source(name).fetch(key, batch_interval(case(name).contract.frequency, key))["flights"]


def test_every_flight_is_in_exactly_one_month() -> None:
    """The months hold as many flights as the data set, 336,776 together, and no key twice."""
    keys = pd.concat(
        [fetched("flight_delays", month)[list(case("flight_delays").contract.outcomes.key)] for month in MONTHS]
    )
    assert source("flight_delays").available() == list(MONTHS)
    assert {month: len(fetched("flight_delays", month)) for month in MONTHS} == MONTHS
    assert len(keys) == 336_776
    assert not keys.duplicated().any()


@pytest.mark.parametrize(("name", "key"), [("flight_delays", "2013-07"), ("air_time", "2013-W12")])
def test_nothing_of_what_happens_after_departure_is_delivered_before(name: str, key: str) -> None:
    """The clocks and delays of the flight itself come with the outcomes only."""
    assert not AFTER_DEPARTURE & set(fetched(name, key).columns)
    assert not AFTER_DEPARTURE & set(case(name).contract.tables["flights"].columns)


@pytest.mark.parametrize(("name", "key"), [("flight_delays", "2013-02"), ("air_time", "2013-W12")])
def test_outcomes_have_the_keys_of_the_flights(name: str, key: str) -> None:
    """Each flight of a batch has one row of outcomes, cancelled ones a null label."""
    of_key = list(case(name).contract.outcomes.key)
    assert outcomes(name, key)[of_key].equals(tables(name, key)["flights"][of_key])
    assert outcomes(name, key)[case(name).contract.outcomes.label].isna().any()


def test_a_day_is_one_of_new_york() -> None:
    """The first flight of the year leaves at a quarter past five on New York's clock, five hours earlier than in UTC."""
    flights = tables("flight_delays", "2013-01")["flights"]
    assert flights["scheduled"].min() == pd.Timestamp("2013-01-01 05:15", tz="UTC")
    assert flights["time_hour"].min() == pd.Timestamp("2013-01-01 10:00", tz="UTC")
    assert flights["day"].nunique() == 31


def test_weather_joins_by_the_true_hour() -> None:
    """The hour that the clocks repeat in November has its two weather rows at each airport, an hour apart."""
    weather = tables("flight_delays", "2013-11")["weather"]
    twice = weather[weather.duplicated(["origin", "local_hour"], keep=False)]
    assert len(twice) == 6
    assert not weather.duplicated(["origin", "time_hour"]).any()


def test_the_same_batch_is_delivered_again() -> None:
    """A source gives the same rows in the same order whenever it is asked."""
    first, again = (fetched("flight_delays", "2013-03") for _ in range(2))
    assert first.equals(again)


def test_nine_weeks_of_spring() -> None:
    """The second use case delivers weeks, each with its seven days."""
    weeks = source("air_time").available()
    assert (weeks[0], weeks[-1], len(weeks)) == ("2013-W10", "2013-W18", 9)
    assert {tables("air_time", week)["flights"]["day"].nunique() for week in weeks} == {7}


def test_the_end_of_an_interval_belongs_to_the_next() -> None:
    """A flight on the stroke of midnight is in one batch only."""
    moments = pd.DataFrame(
        {"scheduled": pd.to_datetime(["2013-03-01", "2013-03-31 23:59", "2013-04-01"], utc=True, format="ISO8601")}
    )
    march = batch_interval("month", "2013-03")
    assert len(_nycflights.within(moments, "scheduled", march.start, march.end)) == 2
