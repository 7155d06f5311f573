from __future__ import annotations

import contextlib
import math
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.errors import SchemaMismatchError
from gatehouse.table_types import as_declared, read_declared, undeclared
from support.contracts import COLUMNS, rides

DTYPES = {
    "string": "str",
    "integer": "Int64",
    "number": "float64",
    "boolean": "boolean",
    "timestamp": "datetime64[us, UTC]",
}
ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(max_size=4), st.decimals(), st.dates(),
    st.datetimes(), st.complex_numbers(),
    st.sampled_from([pd.NA, pd.NaT, np.int8(3), np.bool_(True), [1], {"a": 1}, "\ud800"]),
)  # fmt: skip


def read(values, declared):
    """The values of one column read as a type."""
    frame = values if isinstance(values, pd.DataFrame) else pd.DataFrame({"c": pd.Series(values, dtype="object")})
    series = as_declared(frame, {"c": declared}, "table 'rides'")["c"]
    assert str(series.dtype) == DTYPES[declared]
    return [None if pd.isna(value) else value for value in series]


@pytest.mark.parametrize(
    ("declared", "values", "expected"),
    [
        ("string", ["a", "", None, " NA ", "🛫", "a\x00b"], ["a", None, None, " NA ", "🛫", "a\x00b"]),
        ("integer", ["1", "-5.0", " 7 ", "NA", "", None, 3.0, Decimal(4)], [1, -5, 7, None, None, None, 3, 4]),
        ("integer", [str(2**63 - 1), -(2**63), None], [2**63 - 1, -(2**63), None]),
        (
            "number",
            ["1.5", "1e3", "nan", 2, Decimal("0.1")],
            [1.5, 1e3, None, 2, 0.1],
        ),
        ("boolean", ["true", "F", "1", 0, True, np.bool_(False), ""], [True, False, True, False, True, False, None]),
        (
            "timestamp",
            [
                "2013-01-01",
                "2013-01-01T06:00:00+01:00",
                "2013-01-01 05:00Z",
                date(2013, 1, 1),
                datetime(2013, 1, 1),
                None,
            ],
            [datetime(2013, 1, 1, hour, tzinfo=UTC) for hour in (0, 5, 5, 0, 0)] + [None],
        ),
    ],
)
def test_what_can_be_read_is_read_exactly(declared, values, expected) -> None:
    """Each type reads texts, Python's, NumPy's and decimal values without changing one."""
    assert read(values, declared) == expected


@pytest.mark.parametrize(
    ("declared", "values", "found"),
    [
        ("string", ["a", 5], "1 of 2 values cannot be read, for example 5 (row 1)"),
        ("integer", ["1", "x", "y"], "2 of 3 values cannot be read, for example 'x' (row 1), 'y' (row 2)"),
        ("integer", [1.5], "for example 1.5"),
        ("integer", [math.inf], "for example inf"),
        ("integer", [2**63], "for example 9223372036854775808"),
        ("integer", [True], "for example True"),
        ("integer", ["\u0661"], "for example '\u0661'"),
        ("number", ["1e400"], "for example '1e400'"),
        ("number", ["1_000"], "for example '1_000'"),
        ("boolean", ["yes"], "for example 'yes'"),
        ("timestamp", ["01/02/2013"], "for example '01/02/2013'"),
        ("timestamp", [1356998400], "for example 1356998400"),
        ("timestamp", ["2013-02-30"], "for example '2013-02-30'"),
    ],
)
def test_one_cell_that_cannot_be_read_is_a_schema_mismatch(declared, values, found) -> None:
    """Nothing becomes null in silence: the count, an example, the declared type and the owner are named."""
    with pytest.raises(SchemaMismatchError) as caught:
        read(values, declared)
    for part in ("table 'rides': column 'c'", found, f"declared: {declared}", "data engineer"):
        assert part in str(caught.value)


@pytest.mark.parametrize("declared", DTYPES)
@pytest.mark.parametrize("cell", [[], [1], [1, 0, 1], ["a"], [None]])
def test_a_list_in_a_cell_is_a_schema_mismatch(cell, declared) -> None:
    """As Parquet's nested columns deliver them: arrays, whose comparisons are arrays again."""
    for value in (cell, np.array(cell, dtype="object"), np.array(cell)):
        with pytest.raises(SchemaMismatchError, match="cannot be read"):
            read([value, value], declared)


@given(st.lists(ANYTHING, max_size=5), st.sampled_from(list(DTYPES)))
def test_any_value_is_read_or_named(values, declared) -> None:
    """Whatever is delivered, the answer is the declared type or a SchemaMismatchError, never another exception."""
    with contextlib.suppress(SchemaMismatchError):
        assert len(read(values, declared)) == len(values)


def test_declared_frames_pass_unchanged() -> None:
    """Reading a frame that is as declared already changes nothing."""
    frame = rides(speed=[1.0, 2.5, math.nan, -0.0], name=["a", None, "b", "c"])
    pd.testing.assert_frame_equal(as_declared(frame, COLUMNS, "rides"), frame)


@pytest.mark.parametrize(
    ("array", "declared", "expected"),
    [
        (pa.array([1, None], pa.int32()), "integer", [1, None]),
        (pa.array([1.5, None], pa.float32()), "number", [1.5, None]),
        (pa.array(["a", "a"]).dictionary_encode(), "string", ["a", "a"]),
        (pa.array([Decimal("1.0"), None], pa.decimal128(5, 1)), "integer", [1, None]),
        (pa.array([datetime(2013, 1, 1)], pa.timestamp("ns")), "timestamp", [datetime(2013, 1, 1, tzinfo=UTC)]),
        (pa.array([date(2013, 1, 1)], pa.date32()), "timestamp", [datetime(2013, 1, 1, tzinfo=UTC)]),
    ],
)
def test_parquet_types_are_read(array, declared, expected) -> None:
    """Other widths and encodings that a Parquet file may use are the same values."""
    assert read(pa.table({"c": array}).to_pandas(), declared) == expected


def test_all_faults_are_told_at_once() -> None:
    """A changed schema is told whole: each missing column with what was delivered, and each unreadable one."""
    with pytest.raises(SchemaMismatchError) as caught:
        as_declared(rides().drop(columns=["speed", "at"]), COLUMNS, "rides")
    assert "column 'speed' is missing; declared: number; delivered columns: 'id', 'name'" in str(caught.value)
    assert "column 'at' is missing" in str(caught.value)
    with pytest.raises(SchemaMismatchError) as caught:
        as_declared(rides().assign(limit="x", speed="y"), COLUMNS, "rides")
    assert "column 'limit': 4 of 4 values cannot be read, for example 'x' (row 0)" in str(caught.value)
    assert "column 'speed': 4 of 4 values cannot be read, for example 'y' (row 0)" in str(caught.value)


def test_unreadable_cells_are_named_and_the_others_are_read() -> None:
    """Each unreadable cell is null in the table, and its row has the column, the value as delivered and the type."""
    frame = pd.DataFrame({"a": ["1", "-", "3"], "b": ["x", "y", None], "c": ["n/a", "N/A", "2024-01-01"]})
    declared = read_declared(frame, {"a": "integer", "b": "string", "c": "timestamp"}, "rides")
    assert declared.frame["a"].tolist() == [1, pd.NA, 3]
    assert declared.frame["c"].isna().tolist() == [True, True, False]
    assert declared.unreadable == {
        0: ("column 'c': found 'n/a'; declared: timestamp",),
        1: ("column 'a': found '-'; declared: integer", "column 'c': found 'N/A'; declared: timestamp"),
    }
    with pytest.raises(SchemaMismatchError, match="column 'd' is missing"):
        read_declared(frame, {"d": "integer"}, "rides")


def test_repeated_columns_are_named() -> None:
    """Two columns of one name leave open which is meant."""
    frame = pd.concat([rides(), rides()[["speed"]]], axis=1)
    with pytest.raises(SchemaMismatchError, match="'speed' appears more than once"):
        as_declared(frame, COLUMNS, "rides")


def test_undeclared_columns_are_dropped_and_reported() -> None:
    """An extra column is not used, and `undeclared` tells that it was there."""
    frame = as_declared(rides().assign(gate="B1", zone=1), COLUMNS, "rides")
    assert list(frame) == list(COLUMNS)
    assert undeclared(frame) == ("gate", "zone")
    assert undeclared(as_declared(rides(), COLUMNS, "rides")) == ()
