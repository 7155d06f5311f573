"""Every value of every Arrow type is read as it was written, or refused by name."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, get_args

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatehouse.adapters import parquet
from gatehouse.adapters.sources.file_formats import read_table
from gatehouse.core.config.contract import ColumnType
from gatehouse.table_types import Declared, empty_decimals, read_declared

TYPES = get_args(ColumnType)
DTYPES = {
    "string": "str", "integer": "Int64", "unsigned": "UInt64", "number": "float64", "decimal": "object",
    "boolean": "boolean", "date": "datetime64[s]", "timestamp": "datetime64[us, UTC]", "timestamp_ns": "datetime64[ns, UTC]",
}  # fmt: skip


def whole(low: int, high: int) -> Any:
    """Integers of a range, its ends often."""
    return st.one_of(st.sampled_from([low, high]), st.integers(low, high))


def decimals(precision: int, scale: int) -> Any:
    """Decimals that such an Arrow type holds."""
    most = 10**precision - 1
    return whole(-most, most).map(lambda digits: Decimal(f"{digits}e-{scale}"))


MOMENTS = st.one_of(
    st.sampled_from([datetime(9999, 12, 31, 23, 59, 59, 999999), datetime(1, 1, 1), datetime(1677, 9, 21, 0, 12, 43)]),
    st.datetimes(),
)
KINDS: dict[str, tuple[pa.DataType, Any]] = {
    **{f"int{n}": (getattr(pa, f"int{n}")(), whole(-(2 ** (n - 1)), 2 ** (n - 1) - 1)) for n in (8, 16, 32, 64)},
    **{f"uint{n}": (getattr(pa, f"uint{n}")(), whole(0, 2**n - 1)) for n in (8, 16, 32, 64)},
    **{f"float{n}": (getattr(pa, f"float{n}")(), st.floats(width=n)) for n in (16, 32, 64)},
    "bool": (pa.bool_(), st.booleans()),
    "string": (pa.string(), st.text("xyz é🛫\0", max_size=5)),
    "large_string": (pa.large_string(), st.text("xyz", max_size=5)),
    "dictionary": (pa.dictionary(pa.int32(), pa.string()), st.sampled_from("abc")),
    "binary": (pa.binary(), st.binary(max_size=4)),
    "date32": (pa.date32(), st.dates()),
    "date64": (pa.date64(), st.dates()),
    "time64": (pa.time64("us"), st.times()),
    "duration": (pa.duration("us"), st.timedeltas(timedelta(-9), timedelta(9))),
    "timestamp_us": (pa.timestamp("us"), MOMENTS),
    "timestamp_ms": (pa.timestamp("ms"), MOMENTS.map(lambda moment: moment.replace(microsecond=0))),
    "timestamp_zoned": (pa.timestamp("us", "Europe/Berlin"), MOMENTS.map(lambda moment: moment.replace(tzinfo=UTC))),
    "timestamp_ns": (pa.timestamp("ns"), whole(-(2**63) + 1, 2**63 - 1)),
    "decimal_small": (pa.decimal128(9, 2), decimals(9, 2)),
    "decimal_key": (pa.decimal128(38, 0), decimals(38, 0)),
    "decimal_256": (pa.decimal256(76, 40), decimals(76, 40)),
    "list": (pa.list_(pa.int64()), st.lists(st.integers(0, 9), max_size=2)),
    "struct": (pa.struct({"a": pa.int64()}), st.fixed_dictionaries({"a": st.integers(0, 9)})),
}


def read(array: pa.Array, declared: str) -> Declared:
    """A Parquet file with this column, read as a declared type."""
    file = io.BytesIO()
    pq.write_table(pa.table({"c": array}), file)
    delivered = read_table(file.getvalue(), "rows.parquet")
    return read_declared(delivered, {"c": declared}, "rows", ("c",))


def written(array: pa.Array, row: int) -> Any:
    """The value as Python's own: nanoseconds since 1970 of a moment, since no datetime holds them."""
    value = array[row]
    if value.is_valid and pa.types.is_timestamp(array.type):
        per_tick = {"ms": 10**6, "us": 10**3, "ns": 1}[array.type.unit]
        return value.value * per_tick
    return value.as_py()


def as_read(value: Any, declared: str) -> Any:
    """The same of a value that was read."""
    if declared in ("timestamp", "timestamp_ns"):
        seconds = value.to_pydatetime(warn=False).replace(microsecond=0) - datetime(1970, 1, 1, tzinfo=UTC)
        return seconds // timedelta(seconds=1) * 10**9 + value.microsecond * 1000 + value.nanosecond
    return value.date() if declared == "date" else value


def same(value: Any, original: Any) -> bool:
    """Whether these are one value; a day is its midnight in UTC, and a float is read from its shortest text."""
    if isinstance(original, date) and isinstance(value, int):
        return value == (original - date(1970, 1, 1)).days * 86_400 * 10**9
    if isinstance(original, int) and isinstance(value, date):
        return original == (value - date(1970, 1, 1)).days * 86_400 * 10**9
    if isinstance(original, Decimal) and isinstance(value, float):
        return Decimal(repr(value)) == original or Decimal(value) == original
    return bool(value == original)


@pytest.mark.parametrize("declared", TYPES)
@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(max_examples=12)
def test_every_value_is_read_as_written_or_refused_by_name(kind, declared, data) -> None:
    """Each cell is the very value, a null only for a null, or an unreadable cell with its row; the lake changes none."""
    arrow, values = KINDS[kind]
    array = pa.array(data.draw(st.lists(st.one_of(st.none(), values), max_size=5)), arrow)
    result = read(array, declared)
    column = result.frame["c"]
    finer = ("datetime64[ns, UTC]",) if declared == "timestamp" else ()  # a timestamp keeps the nanoseconds that it has
    assert str(column.dtype) in (DTYPES[declared], *finer)
    for row, value in enumerate(column):
        original = written(array, row)
        if row in result.unreadable:
            assert f"declared: {declared}" in result.unreadable[row][0]
        elif pd.isna(value):
            assert original is None or original != original or not str(original).strip()
        else:
            assert same(as_read(value, declared), original), (value, original)
    stored = parquet.encode(result.frame)
    again = parquet.decode(stored)
    assert parquet.encode(again) == stored
    if column.notna().any():
        pd.testing.assert_frame_equal(again, result.frame, check_flags=False)


@pytest.mark.parametrize(
    ("declared", "value", "advice"),
    [
        ("integer", pa.array([2**64 - 1], pa.uint64()), "declare `unsigned`"),
        ("unsigned", pa.array([-1]), "declare `integer`"),
        ("integer", pa.array([1.5]), "declare `number` or `decimal`"),
        ("integer", pa.array(["1" * 30]), "declare `decimal`"),
        ("number", pa.array([2**53 + 1]), "only rounded: declare `integer`"),
        ("number", pa.array(["9007199254740993"]), "only rounded: declare `integer`"),
        ("number", pa.array([Decimal("0.12345678901234567891")]), "only rounded"),
        ("number", pa.array([float("inf")]), "it is infinite"),
        ("number", pa.array(["-inf"]), "it is infinite"),
        ("decimal", pa.array([0.1]), "at most 38 digits"),
        ("date", pa.array([datetime(2024, 1, 1, 12)]), "declare `timestamp`"),
        ("date", pa.array([datetime(2024, 1, 1, tzinfo=UTC)]), "it has a time zone"),
        ("date", pa.array(["2024-01-01T00:00Z"]), "it has a time zone"),
        ("timestamp", pa.array(["2024-01-01T00:00:00.000000001", "9999-12-31"]), "nanoseconds do not reach"),
        ("timestamp", pa.array([2**62], pa.timestamp("us")), "years 1 to 9999"),
        ("timestamp_ns", pa.array([datetime(9999, 12, 31)]), "declare `timestamp`"),
        ("timestamp_ns", pa.array(["9999-12-31"]), "declare `timestamp`"),
        ("string", pa.array([time(12)]), "declared: string"),
    ],
)
def test_what_a_type_cannot_hold_is_refused_with_the_type_to_declare(declared, value, advice) -> None:
    """The sentence names the value, the declared type and what to do."""
    (sentence,) = read(value, declared).unreadable[0]
    assert advice in sentence


@pytest.mark.parametrize(
    ("declared", "text", "value"),
    [
        ("unsigned", "18446744073709551615", 2**64 - 1),
        ("decimal", "-1.10e2", Decimal(-110)),
        ("decimal", "0.1", Decimal("0.1")),
        ("date", "0001-01-01", pd.Timestamp("0001-01-01")),
        ("date", "9999-12-31 00:00:00", pd.Timestamp("9999-12-31")),
        ("timestamp_ns", "2024-01-01T00:00:00.123456789+01:00", pd.Timestamp("2023-12-31T23:00:00.123456789Z")),
        ("timestamp", "9999-12-31", pd.Timestamp("9999-12-31", tz="UTC")),
    ],
)
def test_texts_are_read_exactly(declared, text, value) -> None:
    """A CSV has nothing but texts: each type reads its own, to the last digit."""
    assert read(pa.array([text]), declared).frame["c"].tolist() == [value]


def test_a_rounded_number_names_no_row() -> None:
    """A long text is rounded to the nearest number as every CSV reader does, but not in a column of the key."""
    frame = pd.DataFrame({"c": ["0.12345678901234567891", "0.1"]})
    assert read_declared(frame, {"c": "number"}, "rows").unreadable == {}
    assert list(read_declared(frame, {"c": "number"}, "rows", ("c",)).unreadable) == [0]


@given(st.lists(st.one_of(st.none(), MOMENTS), max_size=5))
def test_int96_is_read_exactly(moments) -> None:
    """Spark's old moments are the dates as written, in year 1 and year 9999, too."""
    array, file = pa.array(moments, pa.timestamp("us")), io.BytesIO()
    pq.write_table(pa.table({"c": array}), file, use_deprecated_int96_timestamps=True)
    frame = read_table(file.getvalue(), "rows.parquet")
    column = read_declared(frame, {"c": "timestamp"}, "rows").frame["c"]
    assert [None if pd.isna(value) else value.to_pydatetime().replace(tzinfo=None) for value in column] == moments


def test_int96_keeps_nanoseconds_where_it_has_them() -> None:
    """Nanoseconds are read as such, by both types of moments."""
    file = io.BytesIO()
    array = pa.array([1_704_067_200_123_456_789, None], pa.timestamp("ns"))
    pq.write_table(pa.table({"c": array}), file, use_deprecated_int96_timestamps=True)
    frame = read_table(file.getvalue(), "rows.parquet")
    for declared in ("timestamp", "timestamp_ns"):
        column = read_declared(frame, {"c": declared}, "rows").frame["c"]
        assert column[0] == pd.Timestamp("2024-01-01T00:00:00.123456789Z")


@pytest.mark.parametrize("declared", TYPES)
def test_a_column_of_nothing_but_nulls_keeps_its_type_through_the_lake(declared: str) -> None:
    """What features() sees does not depend on whether a batch has a value: the dtype is that of a column with values."""
    frame = read_declared(pd.DataFrame({"empty": [None, None]}), {"empty": declared}, "rows").frame
    again = empty_decimals(parquet.decode(parquet.encode(frame)), {"empty": declared})
    assert again["empty"].dtype == frame["empty"].dtype
    assert again["empty"].isna().all()
