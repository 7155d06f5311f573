"""Data faults: what no world does is told from what a world may do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatehouse.core.data_faults.column_mapping import describe_mapping, distance, find_column_mapping
from gatehouse.core.data_faults.detect import DataFault, detect_faults
from gatehouse.core.drift.column_distance import all_distances
from gatehouse.core.profiling import Profile, profile_of
from gatehouse.core.profiling.batch_profile import on_grid
from gatehouse.core.profiling.histogram import histogram


def table(seed: int, rows: int = 1500) -> pd.DataFrame:
    """A delivery: lengths, masses and temperatures, a code, the hour, and an identity nobody has twice."""
    random = np.random.default_rng(seed)
    start = pd.Timestamp("2024-01-01", tz="UTC")
    hours = np.clip(random.normal(9, 2.5, rows), 0, 23.9)
    return pd.DataFrame(
        {
            "id": [f"{seed}-{row}" for row in range(rows)],
            "at": start + pd.to_timedelta(random.integers(0, 28, rows) * 24 + hours, unit="h"),
            "miles": random.gamma(4, 20, rows),
            "pounds": random.normal(12, 3, rows),
            "celsius": random.normal(15, 6, rows),
            "hour": np.floor(hours),
            "code": random.choice(["a", "b", "c", "d"], rows, p=[0.4, 0.3, 0.2, 0.1]),
        }
    )


def found(batch: pd.DataFrame, earlier: Sequence[pd.DataFrame] | None = None, cycle: int = 1) -> list[DataFault]:
    """The faults of a delivery after four quiet ones."""
    profiles: list[Profile] = []
    for each in [table(seed) for seed in range(4)] if earlier is None else earlier:
        profiles.append(on_grid(each, profiles[-1] if profiles else None))

    def own(columns: Sequence[str]) -> Profile:
        return profile_of(batch[[name for name in columns if name in batch]])

    return detect_faults("trips", profiles, on_grid(batch, profiles[-1] if profiles else None), own, cycle)


def test_a_quiet_delivery_has_no_fault() -> None:
    """Neither an identity that is new in every row, nor another draw of the same distributions."""
    assert found(table(9)) == []


STATES = {
    "nothing": lambda rows: pd.Series(np.full(len(rows), np.nan)),
    "one value": lambda rows: pd.Series(np.full(len(rows), 3.0)),
    "another value": lambda rows: pd.Series(np.full(len(rows), -7.0)),
    "values": lambda rows: rows["miles"],
    "others": lambda rows: rows["celsius"] * 0.45,
    "some": lambda rows: rows["pounds"].where(rows.index % 3 > 0),
    "infinite": lambda rows: pd.Series(np.full(len(rows), np.inf)),
}


@example([("nothing",) * 3, ("values",) * 3, ("others",) * 3])
@given(st.lists(st.tuples(*[st.sampled_from(sorted(STATES))] * 3), min_size=2, max_size=6))
def test_columns_come_and_go(states: list[tuple[str, str, str]]) -> None:
    """A column may have no values, one, many or none again, in any order and as number, text or moment: the batch is
    judged, its distances stay within their bounds, its drawing is finite, and the same content again is no fault."""
    deliveries = [
        pd.DataFrame(
            {
                "number": STATES[one](rows).to_numpy(),
                "text": STATES[two](rows)
                .astype("object")
                .map(lambda x: None if pd.isna(x) else f"{x:.0f}")
                .astype("str"),
                "at": pd.Timestamp("2024-01-01", tz="UTC")
                + pd.to_timedelta(STATES[three](rows).replace(np.inf, np.nan).to_numpy(), unit="h"),
            }
        )
        for number, (one, two, three) in enumerate(states)
        for rows in [table(number, 300)]
    ]
    found(deliveries[-1], deliveries[:-1])
    profile = None
    for each in deliveries:
        profile = on_grid(each, profile)
        columns = profile.columns.values()
        assert all(not column.values or len(getattr(column, "edges", [1])) for column in columns), "it has begun a grid"
    assert found(deliveries[-1], [*deliveries[:-1], deliveries[-1]]) == []
    reference = on_grid(deliveries[0], None)
    batch = on_grid(deliveries[-1], reference)
    for name, column in ((name, batch.columns[name]) for name in batch.columns if name in reference.columns):
        known = reference.columns[name]
        drawn = histogram(known, column)
        assert np.isfinite([*(drawn.reference if drawn else ()), *(drawn.batch if drawn else ())]).all()
        assert not any(
            abs(value) > 1
            for name, value in all_distances(known, column).items()
            if name in ("js", "ks", "null_change")
        )


def test_a_moved_world_is_no_fault() -> None:
    """A heat wave, longer trips, a category that grew: changes for the watch, not for quarantine."""
    warm = table(9).assign(celsius=lambda each: each["celsius"] + 12, miles=lambda each: each["miles"] * 1.2)
    assert found(warm.assign(code=lambda each: each["code"].where(each.index % 3 > 0, "d"))) == []


def test_a_cold_week_is_no_unit_change() -> None:
    """Weather that halves overnight fits a factor by chance; it varied nearly as much before (the flights' January)."""
    weeks = [
        table(seed).assign(celsius=lambda each, by=by: 45 + by + each["celsius"]) for seed, by in ((0, 0), (1, -8))
    ]
    cold = table(9).assign(celsius=lambda each: 0.54 * (each["celsius"] + 37))
    assert found(cold, weeks) == []


@pytest.mark.parametrize(
    ("change", "kind", "says"),
    [
        ({"miles": "pounds", "pounds": "miles"}, "columns swapped", "'miles' holds what 'pounds' held"),
        (
            {"miles": "pounds", "pounds": "celsius", "celsius": "miles"},
            "columns rotated",
            "'celsius' holds what 'miles'",
        ),
    ],
)
def test_a_mapping_fault_names_the_mapping(change: dict[str, str], kind: str, says: str) -> None:
    """Swapped and rotated columns are one fault that says which column holds which content."""
    right = table(9)
    (fault,) = found(right.assign(**{held: right[was] for held, was in change.items()}))
    assert fault.kind == kind
    assert says in fault.sentence
    assert set(fault.columns) == {f"trips.{name}" for name in change}


@pytest.mark.parametrize(
    ("column", "change", "kind", "says"),
    [
        ("miles", lambda x: x * 1.609344, "unit changed", "1.60934 times"),
        ("pounds", lambda x: x * 0.45359237, "unit changed", "0.453592 times"),
        ("celsius", lambda x: x * 1.8 + 32, "unit changed", "Celsius to Fahrenheit"),
        ("miles", lambda x: x * 1000, "unit changed", "1000 times"),
        ("hour", lambda x: (x + 7) % 24, "time zone shifted", "+7 hours"),
        ("at", lambda x: x + pd.Timedelta(hours=-5), "time zone shifted", "-5 hours"),
        ("celsius", lambda x: x * 0 + 20.0, "constant", "one value"),
        ("code", lambda x: x.where(x.index % 2 > 0, "z"), "unseen categories", "'z'"),
        ("pounds", lambda x: x.where(x.index % 3 > 0), "sudden nulls", "33% nulls"),
    ],
)  # fmt: skip
def test_a_broken_column_is_named_with_its_kind(column: str, change: object, kind: str, says: str) -> None:
    """One fault, in words the data engineer can act on."""
    right = table(9)
    broken = right.assign(**{column: change(right[column])})  # type: ignore[operator]
    (fault,) = found(broken)
    assert fault.kind == kind
    assert says in fault.sentence


def test_what_was_seen_before_is_no_fault_again() -> None:
    """A person released a delivery in kilometres: the next one in kilometres is like an earlier batch."""
    metric = [table(seed).assign(miles=lambda each: each["miles"] * 1.609344) for seed in (7, 8)]
    assert found(metric[1], [*(table(seed) for seed in range(3)), metric[0]]) == []


@pytest.mark.parametrize("seed", range(3))
def test_weather_that_moved_into_another_column_is_recognised(seed: int) -> None:
    """Temperatures lie elsewhere each week; in the stock's column they are temperatures still. As delivered, a week of
    another temperature, and stocks that follow it, are no fault."""
    random = np.random.default_rng(seed)
    weeks = [
        table(number, 900).assign(celsius=random.normal(mean, 2, 900), stock=random.uniform(0, 400, 900))
        for number, mean in enumerate(10 + 2.5 * random.normal(size=7))
    ]
    *earlier, right = weeks
    assert found(right, earlier) == []
    (fault,) = found(right.rename(columns={"stock": "celsius", "celsius": "stock"}), earlier)
    assert fault.kind == "columns swapped"
    assert found(right.assign(celsius=right["celsius"] + 25, stock=right["stock"] / 3), earlier) == []


def test_small_batches_and_first_batches_are_not_judged() -> None:
    """Without an earlier batch, or with a hundred rows, nothing is known well enough to refuse rows."""
    swapped = table(9).assign(miles=table(9)["pounds"], pounds=table(9)["miles"])
    assert found(swapped, []) == []
    assert found(swapped.head(100)) == []


def test_columns_on_different_grids_are_compared() -> None:
    """The distance between contents is that of their distributions, whatever grids they were profiled on."""
    one, other = table(1), table(2)
    a, b = (profile_of(each[["miles", "pounds", "code"]]) for each in (one, other))
    assert distance(a.columns["miles"], b.columns["miles"]) < 0.07
    assert distance(a.columns["miles"], b.columns["pounds"]) > 0.8
    assert distance(a.columns["code"], b.columns["code"]) < 0.07
    assert distance(a.columns["code"], b.columns["miles"]) == 1.0


def test_a_mapping_is_whole_cycles_only() -> None:
    """A column that looks like another one, which still holds its own content, is no mapping."""
    right = table(9)
    known = [on_grid(table(1), None)]
    copied = profile_of(right.assign(miles=right["pounds"])[["miles"]])
    assert find_column_mapping(known, copied) == {}
    assert describe_mapping({"a": "b", "b": "c", "c": "a"}).startswith("columns look rotated: 'a' holds what 'b' held")


def test_no_snow_in_may_is_no_stuck_sensor() -> None:
    """A column that rests at what most of its values were has not broken; one that rests at a rare value has."""
    winter = [table(seed).assign(snow=_snow(seed), promotion=_snow(seed) > 0) for seed in range(6)]
    assert found(table(9).assign(snow=0.0, promotion=False), winter) == []
    (stuck,) = found(table(9).assign(snow=4.0, promotion=False), winter)
    assert (stuck.kind, stuck.columns) == ("constant", ("trips.snow",))
    (always,) = found(table(9).assign(snow=0.0, promotion=True), winter)
    assert (always.kind, always.columns) == ("constant", ("trips.promotion",))


def _snow(seed: int) -> pd.Series[float]:
    random = np.random.default_rng(seed)
    return pd.Series(np.where(random.uniform(size=1500) < 0.75, 0.0, random.integers(1, 9, 1500)))


def test_a_column_whose_values_are_new_each_time_has_no_unseen_categories() -> None:
    """The month by its name is new in every delivery; that is known after a few, and not held against the second one."""
    months = [table(number).assign(month=name) for number, name in enumerate(("jan", "feb", "mar", "apr", "may"))]
    for number in range(1, 5):
        assert found(months[number], months[:number]) == []


def test_the_first_saturday_is_no_fault_of_the_week() -> None:
    """Closed on Saturdays: nulls, one code only. It is judged once every day of the week has been seen, and then it is a
    Saturday like the others; on a weekday the same is a fault."""
    week = [table(number) for number in range(5)]
    closed = table(9).assign(code="z", celsius=np.nan)
    assert {each.kind for each in found(closed, week)} == {"constant", "sudden nulls"}
    assert found(closed, week, cycle=7) == []
    assert found(closed, [*week, closed, table(10)], cycle=7) == []
    assert found(closed, [*week, table(10), table(11)], cycle=7) != []
    swapped = table(9).rename(columns={"miles": "pounds", "pounds": "miles"})
    assert [each.kind for each in found(swapped, week, cycle=7)] == ["columns swapped"], "no weekday swaps columns"
