"""What a table's partitions add up to is what Great Expectations finds in the whole table."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gatehouse.adapters.contract import GreatExpectationsChecker
from gatehouse.adapters.contract.row_masks import MASKS
from gatehouse.adapters.contract.supported_expectations import AMONG_ROWS, EXPECTATIONS, is_row_level
from gatehouse.ports import ExpectationFinding
from integration.adapters.contract.test_checker import EVERY_MASK, NO_SHRINKING, ROWS, frame_of
from support.contracts import expectation, rides, table

RECORDED = [
    expectation("expect_column_values_to_be_between", "warning", column="speed", max_value=3, mostly=0.7),
    expectation("expect_column_values_to_be_between", "warning", column="id", max_value=1),
    expectation("expect_column_values_to_not_be_null", "info", column="open", mostly=0.6),
    expectation("expect_column_values_to_be_dateutil_parseable", "info", column="name"),
    expectation("expect_column_values_to_match_regex_list", "info", column="name", regex_list=["^a", "b$"]),
    expectation("expect_column_pair_values_to_be_in_set", "info", column_A="id", column_B="speed", value_pairs_set=[]),
    expectation("expect_multicolumn_sum_to_equal", "info", column_list=["speed", "limit"], sum_total=3),
    expectation("expect_column_values_to_be_increasing", "info", column="speed"),
    expectation("expect_column_value_z_scores_to_be_less_than", "info", column="limit", threshold=1, double_sided=True),
    expectation("expect_column_mean_to_be_between", "info", column="limit", min_value=1.5),
    expectation("expect_column_median_to_be_between", column="limit", max_value=1.5),
    expectation("expect_column_distinct_values_to_be_in_set", "info", column="name", value_set=["a"]),
    expectation("expect_column_proportion_of_unique_values_to_be_between", "info", column="id", min_value=0.5),
    expectation("expect_table_row_count_to_be_between", min_value=3),
]
CHECKER = GreatExpectationsChecker()


def in_partitions(spec, frame: pd.DataFrame, rows: int):
    """The check of a table that no step sees the whole of: ranges of rows, and single columns."""
    starts = range(0, len(frame), rows)
    parts = [
        (start, CHECKER.find("t", spec, frame[start : start + rows], {}, CHECKER.by_row(spec))) for start in starts
    ]
    found = {}
    for number, each in enumerate(spec.expectations):
        if number in CHECKER.by_row(spec):
            found[number] = CHECKER.merge(spec, number, [(start, part[number]) for start, part in parts])
        if found.get(number) is None:
            columns = frame[list(each.reads or spec.key)]
            found |= CHECKER.find("t", spec, columns, {}, [number])
    return CHECKER.conclude("t", spec, len(frame), found, {})


@given(ROWS, st.integers(1, 5))
@example([(5, "a", 1.0, None, 1, 2.0), (None, None, 5.0, True, None, 1.0), (2**63 - 1, "b", 2.0, False, 2, 1.0)], 1)
@settings(max_examples=2, deadline=None, phases=NO_SHRINKING, suppress_health_check=[HealthCheck.too_slow])
def test_partitions_add_up_to_the_whole(rows, size) -> None:
    """Every result with its counts, its success under `mostly` and its examples, every bad row with its reasons in order,
    and every failure of the batch: on nulls here and there, infinities, emoji and the largest integers."""
    spec, frame = table(*EVERY_MASK, *RECORDED), frame_of(rows)
    assert in_partitions(spec, frame, size) == CHECKER.check("t", spec, frame, {})


def test_only_what_judges_each_row_by_itself_is_judged_in_parts() -> None:
    """Uniqueness, order, outliers and everything about a whole table are never decided on a part of it."""
    split = {name for name in EXPECTATIONS if is_row_level(name)}
    assert not split & AMONG_ROWS
    assert all(EXPECTATIONS[name].level == "row" for name in split | AMONG_ROWS)
    assert {"expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique"} == set(MASKS) - split


@pytest.mark.parametrize("issue", [{"error": True}, {"issue": "they differ"}])
def test_a_part_that_is_not_trusted_is_not_added_up(issue) -> None:
    """One part that could not be evaluated, or whose rows Great Expectations counts otherwise, and the whole is asked."""
    good, bad = ExpectationFinding(True, 2, 2, 0), ExpectationFinding(False, 2, 2, 0, **issue)
    assert CHECKER.merge(table(EVERY_MASK[0]), 0, [(0, good), (2, bad)]) is None
    assert CHECKER.merge(table(EVERY_MASK[0]), 0, [(0, good), (2, good)]) == ExpectationFinding(True, 4, 4, 0)


def test_an_integer_is_shown_as_one_whatever_else_its_column_holds() -> None:
    """Great Expectations sees integers beside a null as floats; the sentence says `7` with and without a null elsewhere."""
    spec = table(expectation("expect_column_values_to_be_between", column="id", max_value=5))
    for other in (None, 1):
        assert CHECKER.check("t", spec, rides(3, id=[7, other, 8]), {}).results[0].detail == "for example 7, 8"
