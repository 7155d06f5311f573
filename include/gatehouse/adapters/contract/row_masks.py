"""Our own row masks: for a critical row-level expectation, which rows fail it.

They follow Great Expectations' meaning, on the declared types: a null value is not looked at (except where nulls are
what is asked about), and rows that `ignore_row_if` names are left out. The checker holds them against Great
Expectations' rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    Bad = pd.Series[bool]

Args = Mapping[str, Any]
Mask = Callable[["pd.DataFrame", Args], "Bad"]


def bad_rows(expect: str, frame: pd.DataFrame, args: Args) -> NDArray[np.bool_]:
    """For each row whether it fails the expectation (a boolean array as long as the frame)."""
    import numpy as np

    return np.asarray(MASKS[expect](frame, args).fillna(False), dtype=np.bool_)


def _column(frame: pd.DataFrame, args: Args, key: str = "column") -> pd.Series[Any]:
    column: pd.Series[Any] = frame[str(args[key])]
    return column


def _not_null(frame: pd.DataFrame, args: Args) -> Bad:
    return _column(frame, args).isna()


def _null(frame: pd.DataFrame, args: Args) -> Bad:
    return _column(frame, args).notna()


def _between(frame: pd.DataFrame, args: Args) -> Bad:
    column = _column(frame, args)
    return _outside(column, args) & column.notna()


def _lengths_between(frame: pd.DataFrame, args: Args) -> Bad:
    column = _column(frame, args)
    return _outside(column.str.len(), args) & column.notna()


def _outside(values: pd.Series[Any], args: Args) -> Bad:
    low, high = args.get("min_value"), args.get("max_value")
    below = _never(values) if low is None else (values <= low if args.get("strict_min") else values < low)
    above = _never(values) if high is None else (values >= high if args.get("strict_max") else values > high)
    outside: Bad = below.fillna(False) | above.fillna(False)
    return outside


def _never(values: pd.Series[Any]) -> Bad:
    never: Bad = values.isna() & False
    return never


def _length_equals(frame: pd.DataFrame, args: Args) -> Bad:
    column = _column(frame, args)
    wrong: Bad = column.str.len() != args["value"]
    return wrong & column.notna()


def _in_set(frame: pd.DataFrame, args: Args) -> Bad:
    column = _column(frame, args)
    return ~column.isin(args["value_set"]) & column.notna()


def _not_in_set(frame: pd.DataFrame, args: Args) -> Bad:
    column = _column(frame, args)
    return column.isin(args["value_set"]) & column.notna()


def _match(frame: pd.DataFrame, args: Args) -> Bad:
    column = _column(frame, args)
    return ~column.str.contains(args["regex"], na=True).astype("bool") & column.notna()


def _not_match(frame: pd.DataFrame, args: Args) -> Bad:
    return _column(frame, args).str.contains(args["regex"], na=False).astype("bool")


def _unique(frame: pd.DataFrame, args: Args) -> Bad:
    column = _column(frame, args)
    return column.duplicated(keep=False) & column.notna()


def _compound_unique(frame: pd.DataFrame, args: Args) -> Bad:
    rows = _looked_at(frame, args["column_list"], args.get("ignore_row_if", "all_values_are_missing"))
    repeated = frame.loc[rows, list(args["column_list"])].duplicated(keep=False)
    return repeated.reindex(frame.index, fill_value=False)


def _greater(frame: pd.DataFrame, args: Args) -> Bad:
    a, b = _column(frame, args, "column_A"), _column(frame, args, "column_B")
    right: Bad = (a >= b) if args.get("or_equal") else (a > b)
    return ~right.fillna(False).astype("bool") & _pair_looked_at(frame, args)


def _equal(frame: pd.DataFrame, args: Args) -> Bad:
    a, b = _column(frame, args, "column_A"), _column(frame, args, "column_B")
    same: Bad = a == b
    return ~same.fillna(False).astype("bool") & _pair_looked_at(frame, args)


def _pair_looked_at(frame: pd.DataFrame, args: Args) -> Bad:
    return _looked_at(frame, [args["column_A"], args["column_B"]], args.get("ignore_row_if", "both_values_are_missing"))


def _looked_at(frame: pd.DataFrame, columns: Sequence[str], ignore: str) -> Bad:
    missing = frame[list(columns)].isna()
    if ignore in ("both_values_are_missing", "all_values_are_missing"):
        return ~missing.all(axis=1)
    if ignore in ("either_value_is_missing", "any_value_is_missing"):
        return ~missing.any(axis=1)
    return missing.any(axis=1) | True


MASKS: dict[str, Mask] = {
    "expect_column_values_to_not_be_null": _not_null,
    "expect_column_values_to_be_null": _null,
    "expect_column_values_to_be_between": _between,
    "expect_column_values_to_be_in_set": _in_set,
    "expect_column_values_to_not_be_in_set": _not_in_set,
    "expect_column_values_to_match_regex": _match,
    "expect_column_values_to_not_match_regex": _not_match,
    "expect_column_values_to_be_unique": _unique,
    "expect_column_value_lengths_to_be_between": _lengths_between,
    "expect_column_value_lengths_to_equal": _length_equals,
    "expect_column_pair_values_a_to_be_greater_than_b": _greater,
    "expect_column_pair_values_to_be_equal": _equal,
    "expect_compound_columns_to_be_unique": _compound_unique,
}
