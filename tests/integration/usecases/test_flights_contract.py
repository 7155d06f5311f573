"""The contract of the flights finds the real faults of the year, and accepts its twelve months."""

from __future__ import annotations

import pandas as pd
import pytest

from gatehouse.adapters.contract import check_contract
from support.usecase_folders import accepted, case, checked, failed, tables, validated

FLIGHTS = "flight_delays"


def unexpected(key: str, table: str, column: str, severity: str) -> list[int]:
    return [found.unexpected for found in failed(FLIGHTS, key, table, column) if found.severity == severity]


@pytest.mark.parametrize("name", [FLIGHTS, "air_time"])
def test_contracts_are_sound(name: str) -> None:
    """Names, arguments, columns and parameters of every expectation fit."""
    check_contract(case(name).contract)


@pytest.mark.parametrize("month", [f"2013-{number:02}" for number in range(1, 13)])
def test_no_month_is_quarantined_whole(month: str) -> None:
    """Real months are accepted; in the whole year two rows are quarantined."""
    verdict = validated(FLIGHTS, month)
    quarantined = {"2013-02": {"flights": 0, "weather": 1}, "2013-07": {"flights": 1, "weather": 0}}
    assert verdict.reason == ""
    assert {table: verdict.counts(table)[1] for table in verdict.splits} == quarantined.get(
        month, {"flights": 0, "weather": 0}
    )
    assert not checked(FLIGHTS, month)["outcomes"].bad_rows
    assert not checked(FLIGHTS, month)["outcomes"].batch_failures


def test_impossible_wind_is_quarantined() -> None:
    """1,048 mph at Newark on 12 February reaches no feature."""
    (row,) = validated(FLIGHTS, "2013-02").splits["weather"].bad
    found = tables(FLIGHTS, "2013-02")["weather"].iloc[row]
    assert (found["origin"], str(found["local_hour"])[:16], round(found["wind_speed"])) == (
        "EWR",
        "2013-02-12 03:00",
        1048,
    )
    assert accepted(FLIGHTS, "2013-02")["weather"]["wind_speed"].max() < 150


def test_ferry_flight_is_quarantined() -> None:
    """The one flight from Newark to La Guardia is held back with both of its reasons."""
    ((row, reasons),) = validated(FLIGHTS, "2013-07").splits["flights"].bad.items()
    found = tables(FLIGHTS, "2013-07")["flights"].iloc[row]
    assert (found["origin"], found["dest"], len(reasons)) == ("EWR", "LGA", 2)


def test_stopped_feed_is_told() -> None:
    """In December the feed ends at 18:00 on the 30th: told by its last row, by its rows and by 932 flights without."""
    (stopped,) = failed(FLIGHTS, "2013-12", "weather", "local_hour")
    (few,) = failed(FLIGHTS, "2013-12", "weather")
    assert (stopped.severity, few.severity) == ("warning", "warning")
    assert "2013-12-30 18:00" in stopped.detail
    assert unexpected("2013-12", "flights", "has_weather", "warning") == [932]


def test_feed_that_runs_is_not_suspected() -> None:
    """The month before, none of the three says so."""
    assert not failed(FLIGHTS, "2013-10", "weather", "local_hour")
    assert not failed(FLIGHTS, "2013-10", "weather")
    assert not failed(FLIGHTS, "2013-10", "flights", "has_weather")


@pytest.mark.parametrize(
    ("month", "long", "short"), [("2013-08", 3, 12), ("2013-10", 4, 7), ("2013-11", 5, 8), ("2013-03", 0, 2)]
)
def test_gaps_of_the_feed_are_told(month: str, long: int, short: int) -> None:
    """August, October and November have gaps of several hours; a single missing hour is noted only."""
    assert sum(unexpected(month, "weather", "hours_since_row_before", "warning")) == long
    assert unexpected(month, "weather", "hours_since_row_before", "info") == [short]


def test_missing_pressure_is_noted() -> None:
    """A tenth of the year's pressure is missing: noted every month, and no alarm."""
    months = [f"2013-{number:02}" for number in (1, 5, 12)]
    assert [unexpected(month, "weather", "pressure", "info") for month in months] == [[249], [302], [322]]
    assert [unexpected(month, "weather", "pressure", "warning") for month in months] == [[], [], []]


def test_labels_missing_for_a_storm_are_told() -> None:
    """More than half of the flights of 8 and 9 February were cancelled: no other day of the year comes near."""
    assert unexpected("2013-02", "outcomes", "missing_that_day", "warning") == [930 + 684]
    assert unexpected("2013-02", "outcomes", "arr_delay", "warning") == [1340]
    others = ["2013-05", "2013-09", "2013-12"]
    assert [unexpected(month, "outcomes", "missing_that_day", "warning") for month in others] == [[], [], []]


def test_repeated_hour_is_told() -> None:
    """Three local hours of 3 November have two rows each."""
    (found,) = failed(FLIGHTS, "2013-11", "weather", ["origin", "local_hour"])
    assert (found.severity, found.unexpected) == ("warning", 6)


def test_unknown_airports_and_planes_are_noted() -> None:
    """Flights to SJU, BQN, STT and PSE have no coordinates; one tail number in six is in no register."""
    flights = tables(FLIGHTS, "2013-07")["flights"]
    unknown = flights[flights["dest_tz"].isna()]
    assert set(unknown["dest"]) == {"SJU", "BQN", "STT", "PSE"}
    assert unexpected("2013-07", "flights", "dest_tz", "info") == [len(unknown)] == [752]
    assert unexpected("2013-07", "flights", "seats", "info") == [4630]
    assert unexpected("2013-07", "flights", "seats", "warning") == []


def test_midnight_written_as_2400_is_noted() -> None:
    """The clock value 2400 occurs in both clocks of July."""
    assert unexpected("2013-07", "outcomes", "dep_time", "info") == [6]
    assert unexpected("2013-07", "outcomes", "arr_time", "info") == [11]


def test_short_key_repeats_24_times() -> None:
    """Day, carrier and number name 24 flights of the year twice; the contract notes them where they are."""
    repeats = {}
    for month in ("2013-06", "2013-07", "2013-08", "2013-09"):
        (found,) = failed(FLIGHTS, month, "flights", ["day", "carrier", "flight"])
        repeats[month] = found.unexpected // 2
    assert repeats == {"2013-06": 4, "2013-07": 4, "2013-08": 13, "2013-09": 3}
    assert sum(repeats.values()) == 24


def test_every_expectation_says_why() -> None:
    """An expectation without a reason cannot be judged by who is woken by it."""
    contract = case(FLIGHTS).contract
    specs = {**contract.tables, "outcomes": contract.outcomes}
    assert all(each.reason for spec in specs.values() for each in spec.expectations)


@pytest.mark.parametrize("week", ["2013-W10", "2013-W18"])
def test_weeks_are_accepted(week: str) -> None:
    """The second use case's weeks meet their contract."""
    assert validated("air_time", week).reason == ""
    assert all(result.success for check in checked("air_time", week).values() for result in check.results)


def test_another_unit_quarantines_the_batch() -> None:
    """A month of temperatures in Kelvin is quarantined whole."""
    from gatehouse.adapters.contract import GreatExpectationsChecker
    from gatehouse.core.contract.batch_calendar import batch_interval
    from gatehouse.core.contract.parameters import parameters
    from gatehouse.core.contract.validation import decide

    contract = case(FLIGHTS).contract
    spec, weather = contract.tables["weather"], tables(FLIGHTS, "2013-03")["weather"]
    wrong: pd.DataFrame = weather.assign(temp=weather["temp"] + 273)
    check = GreatExpectationsChecker().check(
        "weather", spec, wrong, parameters(contract, batch_interval("month", "2013-03"))
    )
    assert not decide({"weather": spec}, {"weather": len(wrong)}, {"weather": check}).accepted
