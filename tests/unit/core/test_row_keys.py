"""Row keys: two rows have the same key exactly when their typed values are equal."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.core.rows.row_keys import row_keys, without_key

PARTS = st.text(alphabet="ab|,\"\\[]' \té", max_size=4)
TYPED = {
    "Int64": st.integers(-(2**63), 2**63 - 1),
    "UInt64": st.integers(0, 2**64 - 1),
    "float64": st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "datetime64[us, UTC]": st.datetimes(min_value=pd.Timestamp(1, 1, 1).to_pydatetime()),
    "datetime64[ns, UTC]": st.integers(-(2**62), 2**62).map(lambda ns: pd.Timestamp(ns, unit="ns")),
    "object": st.decimals(allow_nan=False, allow_infinity=False, places=30) | st.dates(),
}


@given(st.lists(st.tuples(PARTS, PARTS), min_size=1, max_size=8))
def test_keys_of_several_columns_are_equal_only_where_all_parts_are(rows: list[tuple[str, str]]) -> None:
    """No separator, quote or backslash in a part moves to another part: distinct tuples have distinct keys."""
    frame = pd.DataFrame(rows, columns=["shop", "item"], dtype="str")
    keys = row_keys(frame, ["shop", "item"])
    assert len(set(keys)) == len(set(rows))


@pytest.mark.parametrize("dtype", TYPED)
@given(data=st.data())
def test_values_of_a_type_have_one_key_exactly_where_they_are_equal(dtype: str, data: st.DataObject) -> None:
    """Extremes of 64 bits, nanoseconds, long decimals and far dates stay apart; equal values written otherwise do not."""
    values = data.draw(st.lists(TYPED[dtype], min_size=1, max_size=8))
    if dtype.startswith("datetime"):
        series = pd.Series(pd.DatetimeIndex(values).tz_localize("UTC").as_unit(dtype[11:13]))
    else:
        series = pd.Series(values, dtype=dtype)
    keys = row_keys(pd.DataFrame({"id": series}), ["id"])
    assert [len(set(keys)), keys.notna().all()] == [len(set(values)), True]


@given(st.permutations(range(6)), st.integers(0, 5))
def test_a_key_depends_on_its_row_alone(order: list[int], alone: int) -> None:
    """Other rows of the column, their order and the index change no key: moments at midnight beside others, for one."""
    moments = ["2024-01-01", "2024-01-01 05:00", "2024-03-31 01:30:00.25", "1066-10-14", "9999-12-31", None]
    frame = pd.DataFrame({"at": pd.to_datetime(pd.Series(moments), utc=True, format="ISO8601").dt.as_unit("us")})
    whole, shuffled = row_keys(frame, ["at"]), row_keys(frame.iloc[order], ["at"])
    pd.testing.assert_series_equal(shuffled.sort_index(), whole)
    pd.testing.assert_series_equal(row_keys(frame.iloc[[alone]], ["at"]), whole.iloc[[alone]])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([Decimal("1.0"), Decimal("1.00"), Decimal("-0")], ["1", "1", "0"]),
        ([Decimal("100"), Decimal("1E+2")], ["100", "100"]),
        ([0.0, -0.0], ["0.0", "0.0"]),
        ([date(1, 1, 1), date(9999, 12, 31)], ["0001-01-01", "9999-12-31"]),
    ],
)
def test_equal_values_that_are_written_otherwise_are_one_key(values: list[object], expected: list[str]) -> None:
    """1.0 and 1.00, 100 and 1E+2, 0 and -0 are equal."""
    assert row_keys(pd.DataFrame({"id": values}), ["id"]).tolist() == expected


def test_a_moment_has_one_key_to_the_microsecond_and_to_the_nanosecond() -> None:
    """Outcomes delivered with nanoseconds find the rows that were delivered with microseconds."""
    moments = pd.Series(pd.to_datetime(["2024-01-01 05:00", "2024-01-01 05:00:00.25"], format="ISO8601", utc=True))
    coarse, fine = (row_keys(pd.DataFrame({"at": moments.dt.as_unit(unit)}), ["at"]) for unit in ("us", "ns"))
    assert coarse.tolist() == fine.tolist()


def test_a_null_part_leaves_the_row_without_key() -> None:
    """A row with a null in any part has no key, and the reason names each such column."""
    frame = pd.DataFrame({"a": ["x", None, None], "b": pd.Series([1, 2, None], dtype="Int64")})
    assert row_keys(frame, ["a", "b"]).isna().tolist() == [False, True, True]
    assert without_key(frame, ["a", "b"]) == {
        1: ("key column 'a' is null",),
        2: ("key column 'a' is null", "key column 'b' is null"),
    }


def test_texts_are_compared_as_delivered_unless_the_contract_normalises_them() -> None:
    """Blanks, case and Unicode forms are other keys, until strip, casefold and nfc make them one; numbers stay."""
    frame = pd.DataFrame({"id": ["É1", " e\u03011 ", "É1 "]})
    assert row_keys(frame, ["id"]).nunique() == 3
    assert row_keys(frame, ["id"], ("strip", "casefold", "nfc")).tolist() == ["é1"] * 3
    assert row_keys(pd.DataFrame({"id": np.array([1.5])}), ["id"], ("strip",)).tolist() == ["1.5"]
