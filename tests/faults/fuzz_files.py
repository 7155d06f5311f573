"""Fuzzed deliveries: whatever the bytes of a CSV or Parquet file are, every row lands, or one named error says why not."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
from hypothesis import strategies as st

from gatehouse.adapters.sources import open_source
from gatehouse.core.config.contract import Contract
from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.errors import GatehouseError, SchemaMismatchError
from gatehouse.table_types import as_declared
from support.fakes import FakeLake

KEY = "2024-01"
TYPES = {
    "id": "string",
    "at": "timestamp",
    "group": "string",
    "amount": "number",
    "count": "integer",
    "known": "boolean",
}

_nasty = st.sampled_from(
    ["", " ", "NA", "nan", "inf", "-inf", "1e400", "9" * 30, "0x10", "1_000", "٣", "=cmd|' /C calc'!A0", "<script>alert(1)</script>",
     "\ufeff", "a\0b", 'x"; DROP TABLE audit_log; --', "{{ var.value.secret }}", "../../etc/passwd", "2024-02-30", "0000-00-00",
     "9999-12-31T23:59:59+14:00", "2024-01-01T00:00:00-99:99", "true", "-0", "😀", "é", "a\nb", "a,b", '"', "\r", "x" * 2_000]
)  # fmt: skip
_cell = st.one_of(_nasty, st.text(max_size=12), st.integers().map(str), st.floats().map(str), st.datetimes().map(str))
_good = st.tuples(
    st.text("abc", min_size=1, max_size=4),
    st.just("2024-01-03 10:00"),
    st.sampled_from("ab"),
    st.just("1.5"),
    st.just("3"),
    st.just("true"),
)
_header = st.one_of(
    st.just(list(TYPES)),
    st.permutations(list(TYPES)),
    st.lists(st.one_of(st.sampled_from(list(TYPES)), _cell), max_size=8),
)


@st.composite
def csv_bytes(draw: Any) -> bytes:
    """A CSV that is nearly right, in some encoding, with some bytes damaged, or cut off."""
    header = draw(_header)
    rows = draw(st.lists(st.one_of(_good.map(list), st.lists(_cell, max_size=8)), max_size=12))
    text = io.StringIO()
    writer = csv.writer(
        text,
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
        lineterminator=draw(st.sampled_from(["\n", "\r\n", "\r"])),
    )
    writer.writerows([header, *rows])
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1"]))
    data = bytearray(text.getvalue().encode(encoding, "replace"))
    for _ in range(draw(st.integers(0, 3)) if draw(st.booleans()) and data else 0):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(data)))] if draw(st.integers(0, 4)) == 0 else data)


@st.composite
def parquet_bytes(draw: Any) -> bytes:
    """A Parquet file of any columns and types, perhaps damaged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = draw(st.integers(0, 6))
    kinds = [st.text(max_size=5), st.integers(-(2**63), 2**63 - 1), st.floats(), st.booleans(), st.datetimes(), st.dates(),
             st.binary(max_size=4), st.lists(st.integers(0, 9), max_size=2), st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**9), max_value=10**9)]  # fmt: skip
    names = draw(
        st.lists(
            st.one_of(st.sampled_from(list(TYPES)), st.text(max_size=6)),
            min_size=1,
            max_size=7,
            unique=draw(st.booleans()),
        )
    )
    columns = []
    for _ in names:
        kind = draw(st.sampled_from(kinds))
        columns.append(pa.array([draw(st.one_of(st.none(), kind)) for _ in range(rows)], from_pandas=False))
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(columns, names=names), sink)
    data = bytearray(sink.getvalue())
    for _ in range(draw(st.integers(0, 4)) if draw(st.booleans()) else 0):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data)


class Delivery:
    """A drop folder with one file in it, and what became of it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.seen = folder, Counter[str]()

    def csv(self, data: bytes) -> None:
        """A CSV is landed, or refused by name."""
        self._deliver(data, "csv")

    def parquet(self, data: bytes) -> None:
        """The same of a Parquet file."""
        self._deliver(data, "parquet")

    def _deliver(self, data: bytes, suffix: str) -> None:
        (self.folder / f"rows_{KEY}.{suffix}").write_bytes(data)
        contract = _contract(self.folder, suffix)
        try:
            frame = open_source(contract, self.folder).fetch(KEY, batch_interval("month", KEY))["rows"]
            landed = _stored(frame)
        except GatehouseError:
            self.seen["refused by name"] += 1
            return
        assert len(landed) == len(frame), "a row was lost on the way to the lake"
        if suffix == "csv":
            assert len(frame) <= data.count(b"\n") + data.count(b"\r") + 1
        try:
            declared = as_declared(landed, contract.tables["rows"].columns, "rows")
        except SchemaMismatchError:
            self.seen["quarantined by its schema"] += 1
            return
        assert len(declared) == len(frame), "a row was lost in reading it as declared"
        self.seen["read as declared"] += 1


def _stored(frame: pd.DataFrame) -> pd.DataFrame:
    lake = FakeLake()
    try:
        return lake.frame(lake.put_frame(frame, "landed"))
    except ValueError as error:  # the real lake gives it its name
        from gatehouse.errors import LakeError

        raise LakeError(str(error)) from error


def _contract(folder: Path, suffix: str) -> Contract:
    return Contract.model_validate_json(json.dumps(
        {
            "use_case": "rows", "title": "rows", "owner": "nobody", "frequency": "month", "first_batch": KEY,
            "source": {"kind": "files", "address": str(folder), "pattern": "{table}_{key}." + suffix},
            "tables": {"rows": {"key": ["id"], "time_column": "at", "columns": TYPES}},
            "outcomes": {"key": ["id"], "columns": {"id": "string", "label": "number"}, "label": "label", "delay": "1 month"},
        }
    ))  # fmt: skip
