"""The expectations that a contract may use: Great Expectations 1.24's own names and arguments, those that pandas can
run.

Kept here so that a contract is checked without the seconds of importing Great Expectations; a test holds the table
against the installed library. `!` marks an argument that must be given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

_BOUNDS = "min_value max_value strict_min strict_max"
_COLUMN = f"column! {_BOUNDS}"
_TABLE = {
    "expect_column_distinct_values_to_be_in_set": "column! value_set!",
    "expect_column_distinct_values_to_contain_set": "column! value_set!",
    "expect_column_distinct_values_to_equal_set": "column! value_set!",
    "expect_column_kl_divergence_to_be_less_than": "column! partition_object threshold internal_weight_holdout "
    "tail_weight_holdout bucketize_data min_value max_value",
    "expect_column_max_to_be_between": _COLUMN,
    "expect_column_mean_to_be_between": _COLUMN,
    "expect_column_median_to_be_between": _COLUMN,
    "expect_column_min_to_be_between": _COLUMN,
    "expect_column_most_common_value_to_be_in_set": "column! value_set! ties_okay",
    "expect_column_proportion_of_non_null_values_to_be_between": _COLUMN,
    "expect_column_proportion_of_unique_values_to_be_between": _COLUMN,
    "expect_column_quantile_values_to_be_between": "column! quantile_ranges! allow_relative_error",
    "expect_column_stdev_to_be_between": _COLUMN,
    "expect_column_sum_to_be_between": _COLUMN,
    "expect_column_unique_value_count_to_be_between": _COLUMN,
    "expect_table_row_count_to_be_between": _BOUNDS,
    "expect_table_row_count_to_equal": "value!",
}
_ROW = {
    "expect_column_pair_values_a_to_be_greater_than_b": "column_A! column_B! mostly or_equal ignore_row_if",
    "expect_column_pair_values_to_be_equal": "column_A! column_B! mostly ignore_row_if",
    "expect_column_pair_values_to_be_in_set": "column_A! column_B! mostly value_pairs_set! ignore_row_if",
    "expect_column_value_lengths_to_be_between": f"column! mostly {_BOUNDS}",
    "expect_column_value_lengths_to_equal": "column! mostly value!",
    "expect_column_value_z_scores_to_be_less_than": "column! mostly threshold! double_sided!",
    "expect_column_values_to_be_between": f"column! mostly {_BOUNDS}",
    "expect_column_values_to_be_dateutil_parseable": "column! mostly",
    "expect_column_values_to_be_decreasing": "column! mostly strictly",
    "expect_column_values_to_be_in_set": "column! mostly value_set!",
    "expect_column_values_to_be_increasing": "column! mostly strictly",
    "expect_column_values_to_be_json_parseable": "column! mostly",
    "expect_column_values_to_be_null": "column! mostly",
    "expect_column_values_to_be_unique": "column! mostly",
    "expect_column_values_to_match_json_schema": "column! mostly json_schema!",
    "expect_column_values_to_match_regex": "column! mostly regex",
    "expect_column_values_to_match_regex_list": "column! mostly regex_list! match_on",
    "expect_column_values_to_match_strftime_format": "column! mostly strftime_format!",
    "expect_column_values_to_not_be_in_set": "column! mostly value_set!",
    "expect_column_values_to_not_be_null": "column! mostly",
    "expect_column_values_to_not_be_outliers": "column! mostly method multiplier",
    "expect_column_values_to_not_match_regex": "column! mostly regex!",
    "expect_column_values_to_not_match_regex_list": "column! mostly regex_list!",
    "expect_compound_columns_to_be_unique": "column_list! mostly ignore_row_if",
    "expect_multicolumn_sum_to_equal": "column_list! mostly ignore_row_if sum_total!",
    "expect_multicolumn_values_to_be_equal": "column_list! mostly ignore_row_if",
    "expect_select_column_values_to_be_unique_within_record": "column_list! mostly ignore_row_if",
}
# About rows, but what they say of one depends on others: they are never decided on a part of a table.
AMONG_ROWS = frozenset(
    {
        "expect_column_value_z_scores_to_be_less_than",
        "expect_column_values_to_be_decreasing",
        "expect_column_values_to_be_increasing",
        "expect_column_values_to_be_unique",
        "expect_column_values_to_not_be_outliers",
        "expect_compound_columns_to_be_unique",
    }
)
# Known to Great Expectations, refused here: what they look at is declared in `columns`, or they need a SQL database.
REFUSED = {
    **dict.fromkeys(
        (
            "expect_column_to_exist", "expect_column_type_to_be", "expect_column_values_to_be_in_type_list",
            "expect_column_values_to_be_of_type", "expect_table_column_count_to_be_between",
            "expect_table_column_count_to_equal", "expect_table_columns_to_match_ordered_list",
            "expect_table_columns_to_match_set",
        ),
        "`columns` declares names and types, and a batch that differs is quarantined",
    ),
    **dict.fromkeys(
        (
            "expect_column_values_to_match_like_pattern", "expect_column_values_to_match_like_pattern_list",
            "expect_column_values_to_not_match_like_pattern", "expect_column_values_to_not_match_like_pattern_list",
            "expect_query_results_to_match_comparison", "expect_table_row_count_to_equal_other_table",
        ),
        "it needs a SQL database",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class ExpectationInfo:
    """What an expectation looks at, the arguments it takes, and those it must be given."""

    level: Literal["row", "table"]
    args: tuple[str, ...]
    required: tuple[str, ...]


def is_row_level(expect: str) -> bool:
    """Whether an expectation judges each row by itself, so that partitions of a table add up."""
    return EXPECTATIONS[expect].level == "row" and expect not in AMONG_ROWS


def _known(level: Literal["row", "table"], line: str) -> ExpectationInfo:
    words = line.split()
    return ExpectationInfo(
        level, tuple(word.rstrip("!") for word in words), tuple(word[:-1] for word in words if word.endswith("!"))
    )


EXPECTATIONS = {
    **{name: _known("table", line) for name, line in _TABLE.items()},
    **{name: _known("row", line) for name, line in _ROW.items()},
}
