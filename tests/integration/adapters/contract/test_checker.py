from __future__ import annotations

import math
import multiprocessing
from datetime import UTC, datetime

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gatehouse.adapters.contract import GreatExpectationsChecker, gx_checker
from gatehouse.adapters.contract.row_masks import MASKS
from gatehouse.adapters.contract.supported_expectations import EXPECTATIONS
from gatehouse.core.config.contract import ExpectationSpec
from gatehouse.errors import ConfigurationError
from support.contracts import expectation, rides, table

EVERY_MASK = [
    expectation("expect_column_values_to_not_be_null", column="speed"),
    expectation("expect_column_values_to_be_null", column="name"),
    expectation("expect_column_values_to_be_between", column="speed", min_value=1, max_value=5, strict_max=True),
    expectation("expect_column_values_to_be_between", column="id", min_value=2, strict_min=True),
    expectation("expect_column_values_to_be_between", column="at", max_value="2013-01-01T01:00:00Z"),
    expectation("expect_column_values_to_be_in_set", column="name", value_set=["a", "<b>"]),
    expectation("expect_column_values_to_be_in_set", column="open", value_set=[True]),
    expectation("expect_column_values_to_be_in_set", column="at", value_set=["2013-01-01"]),
    expectation("expect_column_values_to_not_be_in_set", column="id", value_set=[0, 3]),
    expectation("expect_column_values_to_match_regex", column="name", regex=r"^a\d?$"),
    expectation("expect_column_values_to_not_match_regex", column="name", regex="[ab]"),
    expectation("expect_column_values_to_be_unique", column="id"),
    expectation("expect_column_values_to_be_unique", column="name"),
    expectation("expect_column_value_lengths_to_be_between", column="name", min_value=1, max_value=2, strict_min=True),
    expectation("expect_column_value_lengths_to_equal", column="name", value=1),
    expectation("expect_column_pair_values_a_to_be_greater_than_b", column_A="speed", column_B="id", or_equal=True),
    expectation(
        "expect_column_pair_values_a_to_be_greater_than_b",
        column_A="speed", column_B="limit", ignore_row_if="either_value_is_missing",
    ),
    expectation("expect_column_pair_values_to_be_equal", column_A="id", column_B="speed"),
    expectation("expect_column_pair_values_to_be_equal", column_A="speed", column_B="limit", ignore_row_if="neither"),
    expectation("expect_compound_columns_to_be_unique", column_list=["id", "name", "open"]),
    expectation(
        "expect_compound_columns_to_be_unique", column_list=["id", "name"], ignore_row_if="any_value_is_missing"
    ),
    expectation("expect_compound_columns_to_be_unique", column_list=["speed", "at"], ignore_row_if="never"),
]  # fmt: skip

ROWS = st.lists(
    st.tuples(
        st.none() | st.integers(0, 4) | st.sampled_from([-(2**63), 2**63 - 1]),
        st.none() | st.sampled_from(["a", "a1", "<b>", "b\n", "a\x00", "🛫", "é", "\u0661"]),
        st.sampled_from([math.nan, 0.0, 1.0, 2.0, 5.0, math.inf, -math.inf]),
        st.none() | st.booleans(),
        st.none() | st.integers(0, 3),
        st.sampled_from([math.nan, 1.0, 2.0]),
    ),
    min_size=1,
    max_size=12,
)


def check(spec, frame, **parameters):
    """What the checker finds in the table."""
    return GreatExpectationsChecker().check("rides", spec, frame, parameters)


def frame_of(rows) -> pd.DataFrame:
    """The rows as a table of declared types."""
    ids, names, speeds, opens, hours, limits = map(list, zip(*rows, strict=True))
    start = datetime(2013, 1, 1, tzinfo=UTC)
    moments = [None if hour is None else start.replace(hour=hour) for hour in hours]
    at = pd.Series(pd.DatetimeIndex(moments, dtype="datetime64[us, UTC]"))
    return rides(len(rows), id=ids, name=names, speed=speeds, open=opens, at=at, limit=limits)


def test_every_mask_is_exercised() -> None:
    """The list below has each expectation that has a mask, so that the comparison misses none."""
    assert {one["expect"] for one in EVERY_MASK} == set(MASKS)


NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)  # shrinking takes minutes, and 12 rows are few enough


@given(ROWS)
@settings(max_examples=12, deadline=None, phases=NO_SHRINKING, suppress_health_check=[HealthCheck.too_slow])
def test_masks_find_the_very_rows_great_expectations_finds(rows) -> None:
    """On nulls, infinities, NUL, emoji and the largest integers our masks and Great Expectations agree row by row."""
    found = check(table(*EVERY_MASK), frame_of(rows))
    assert found.batch_failures == ()
    for result in found.results:
        ours = sum(any(reason.startswith(sentence(result)) for reason in why) for why in found.bad_rows.values())
        assert ours == result.unexpected


def sentence(result) -> str:
    """How the reasons of bad rows name the expectation."""
    return f"{result.expect}({', '.join(f'{name}={value!s}' for name, value in result.args.items())})"


def test_bad_rows_carry_every_reason() -> None:
    """A row that fails two critical expectations is quarantined once, with both reasons; a good row has none."""
    spec = table(
        expectation("expect_column_values_to_be_between", reason="no wind blows so", column="speed", max_value=150),
        expectation("expect_column_values_to_not_be_null", column="name"),
    )
    found = check(spec, rides(3, speed=[1.0, 1048.36, math.nan], name=["a", None, "b"]))
    assert list(found.bad_rows) == [1]
    assert found.bad_rows[1] == (
        "expect_column_values_to_be_between(column=speed, max_value=150): no wind blows so",
        "expect_column_values_to_not_be_null(column=name)",
    )
    assert found.batch_failures == ()
    assert [(one.checked, one.unexpected, one.success) for one in found.results] == [(3, 1, False), (3, 1, False)]
    assert "1048.36" in found.results[0].detail


def test_warnings_are_recorded_only() -> None:
    """A failed warning or info expectation marks no row and fails no batch."""
    spec = table(
        expectation("expect_column_values_to_be_between", "warning", column="speed", max_value=1),
        expectation("expect_table_row_count_to_be_between", "info", min_value=10),
    )
    found = check(spec, rides())
    assert [(one.severity, one.success, one.row_level) for one in found.results] == [
        ("warning", False, True), ("info", False, False),
    ]  # fmt: skip
    assert not found.bad_rows
    assert not found.batch_failures


def test_critical_table_failure_fails_the_batch() -> None:
    """A critical expectation about the whole table quarantines the batch, with what was observed."""
    spec = table(
        expectation("expect_column_max_to_be_between", reason="the feed stopped", column="at", min_value="$latest")
    )
    found = check(spec, rides(), latest=datetime(2013, 1, 31, tzinfo=UTC))
    assert not found.bad_rows
    assert "the feed stopped: observed 2013-01-01 03:00:00+00:00" in found.batch_failures[0]
    assert check(spec, rides(), latest=datetime(2013, 1, 1, tzinfo=UTC)).batch_failures == ()


def test_mostly_spares_the_batch_not_the_row() -> None:
    """With `mostly` a failing row is quarantined all the same; the batch fails only below that share of good rows."""

    def spec(mostly: float):
        return table(expectation("expect_column_values_to_be_between", column="speed", max_value=2, mostly=mostly))

    kept, failed = check(spec(0.75), rides(4)), check(spec(0.76), rides(4))
    assert list(kept.bad_rows) == list(failed.bad_rows) == [3]
    assert kept.batch_failures == ()
    assert "1 of 4 rows fail it" in failed.batch_failures[0]


def test_disagreement_names_both_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """When a mask and Great Expectations differ, the batch fails and the sentence has both counts and the row."""
    name = "expect_column_values_to_be_between"
    monkeypatch.setitem(MASKS, name, lambda frame, args: frame[args["column"]] > 0)
    found = check(table(expectation(name, column="speed", max_value=2)), rides(4))
    assert (
        "Great Expectations finds 1 bad rows and our row mask 3; they differ first at row 1" in found.batch_failures[0]
    )


def test_what_cannot_be_evaluated_fails() -> None:
    """An expectation that raises inside Great Expectations fails the batch and says why."""
    spec = table(expectation("expect_column_values_to_be_between", column="speed", min_value="$low", max_value=1))
    found = check(spec, rides(), low=5)
    assert "could not be evaluated: min_value cannot be greater than max_value" in found.batch_failures[0]
    assert not found.results[0].success


def test_refused_arguments_are_named() -> None:
    """Arguments that Great Expectations refuses are a ConfigurationError with the place in the contract."""
    spec = table(expectation("expect_column_values_to_be_in_set", column="speed", value_set=7))
    with pytest.raises(ConfigurationError, match=r"table 'rides', expectations\[0\]: Great Expectations refuses"):
        check(spec, rides())


def test_empty_tables_are_checked_without_a_crash() -> None:
    """A table without rows has no bad rows; whether it may be empty is min_rows' question."""
    found = check(table(*EVERY_MASK), rides(0))
    assert not found.bad_rows
    assert all(result.checked == 0 for result in found.results)


def test_no_expectations_means_no_findings() -> None:
    """A table without expectations passes and Great Expectations is not even asked."""
    assert check(table(), rides()).results == ()


def test_hostile_names_and_values_pass_through() -> None:
    """Column names and values with markup, quotes and NUL are data, not instructions."""
    name = "<script>alert('x')</script>"
    spec = table().model_copy(
        update={
            "columns": {name: "string"},
            "expectations": (
                ExpectationSpec(
                    expect="expect_column_values_to_be_in_set",
                    severity="critical",
                    args={"column": name, "value_set": ["ok"]},
                ),
            ),
        }
    )
    found = check(spec, pd.DataFrame({name: pd.array(["ok", "<img src=x onerror=alert(1)>", "a\x00b"], dtype="str")}))
    assert list(found.bad_rows) == [1, 2]


def check_number(number: int):
    """The check of one of several different tables."""
    frame = rides(40, speed=[float(value % (number + 2)) for value in range(40)])
    spec = table(
        expectation("expect_column_values_to_be_between", column="speed", max_value=number),
        expectation("expect_column_mean_to_be_between", "warning", column="speed", max_value=number / 2),
    )
    return check(spec, frame)


@pytest.mark.filterwarnings(
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)  # as Airflow's executor forks
def test_eight_processes_find_what_one_finds() -> None:
    """Eight concurrent checks of different tables equal the serial ones: no state is shared between processes."""
    serial = [check_number(number) for number in range(8)]
    with multiprocessing.get_context("fork").Pool(8) as pool:
        assert pool.map_async(check_number, range(8), chunksize=1).get(timeout=120) == serial
    assert len({len(found.bad_rows) for found in serial}) > 1


def test_catalogue_is_great_expectations_own() -> None:
    """Names, levels and arguments are those of the installed Great Expectations; nothing is missing from the table."""
    from great_expectations.expectations import expectation as gx
    from great_expectations.expectations.registry import (
        get_expectation_impl,
        list_registered_expectation_implementations,
    )

    from gatehouse.adapters.contract.supported_expectations import REFUSED

    ours = {"id", "meta", "notes", "result_format", "description", "catch_exceptions", "rendered_content", "windows"}
    ours |= {"batch_id", "severity", "row_condition", "condition_parser", "library_metadata"}
    row_level = (gx.ColumnMapExpectation, gx.ColumnPairMapExpectation, gx.MulticolumnMapExpectation)
    registered = set(list_registered_expectation_implementations())
    assert set(EXPECTATIONS) | set(REFUSED) == registered - {"unexpected_rows_expectation"}
    for name, known in EXPECTATIONS.items():
        implementation = get_expectation_impl(name)
        fields = {field: spec.required for field, spec in implementation.__fields__.items() if field not in ours}
        assert set(known.args) == set(fields), name
        assert set(known.required) == {field for field, required in fields.items() if required}, name
        assert known.level == ("row" if issubclass(implementation, row_level) else "table"), name


def test_plain_keeps_what_float_cannot_hold() -> None:
    """Integers beyond 2**53 next to a null stay integers: no value changes on its way to Great Expectations."""
    frame = gx_checker.to_plain_frame(rides(2, id=[2**53 + 1, None]))
    assert frame["id"][0] == 2**53 + 1
    assert isinstance(frame["id"][0], int)
