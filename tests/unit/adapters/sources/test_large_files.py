"""Large deliveries land in parts, with the bytes that the whole would have."""

from __future__ import annotations

import gzip
import io
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.adapters.lake import FileLake, open_lake
from gatehouse.adapters.sources import csv_arrow, csv_blocks, large_files, open_source
from gatehouse.adapters.sources.csv_text import read_csv
from gatehouse.core.config.dialect import Dialect
from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.errors import SourceVanishedError, UnreadableDeliveryError
from gatehouse.ports import PartsDifferError, Source
from support.contracts import contract, rides

MARCH = batch_interval("month", "2013-03")
HEADER = "id,name,speed,open,at,limit\n"
ROW = '{0},"a ""{0}"",\nb",{0}.5,true,2013-03-01T00:00:00Z,10\n'


@pytest.fixture
def blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every delivery is large, and a block has few rows."""
    monkeypatch.setattr(large_files, "LARGE", 0)
    monkeypatch.setattr(csv_blocks, "BLOCK", 100)


def opened(folder: Path, name: str, data: bytes, **dialect: Any) -> Source:
    """A drop folder with one delivery; `name` may be below a folder of parts."""
    pattern = "{table}_{key}" + name.partition("/")[0]
    spec = {"kind": "files", "address": "in", "pattern": pattern, "dialect": dialect, "complete_when": "atomic"}
    path = folder / "in" / f"rides_2013-03{name}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return open_source(contract(source=spec), folder)


def landed(source: Source, lake: FileLake) -> tuple[int, str]:
    """By which way the table of the batch landed, and the sha256 of its file."""
    with source.parts("2013-03", MARCH) as tables:
        for number, way in enumerate(tables["rides"]):
            with suppress(PartsDifferError):
                return number, lake.put_parts(way(), "landed").sha256
    raise AssertionError


def packed(frame: pd.DataFrame) -> bytes:
    pq.write_table(pa.Table.from_pandas(frame), sink := io.BytesIO(), row_group_size=2)
    return sink.getvalue()


ROWS = "".join(ROW.format(number) for number in range(9))
DELIVERIES: dict[str, tuple[str, bytes, dict[str, Any], int]] = {
    "csv with quotes": (".csv", (HEADER + ROWS).encode(), {}, 0),
    "byte order mark and CRLF": (".csv", ("\ufeff" + HEADER + ROWS).replace("\n", "\r\n").encode(), {}, 0),
    "title, two header lines": (".csv", ("title\n" + HEADER + ",,,,,\n" + ROWS).encode(), {"skip": 1, "header": 2}, 0),
    "no header": (".csv", ROWS.encode(), {"header": 0, "names": HEADER.strip().split(",")}, 0),
    "Windows": (".csv", (HEADER + ROWS.replace("b", "ß")).encode("cp1252"), {"encoding": "cp1252"}, 0),
    "gzip": (".csv.gz", gzip.compress((HEADER + ROWS).encode()), {}, 0),
    "parquet": (".parquet", packed(rides(9)), {}, 0),
    "a bad cell at the end": (".csv", (HEADER + ROWS + "x,,,,,\n").encode(), {}, 1),
    "another column": (".csv", (HEADER.replace("\n", ",more\n") + ROWS.replace("10\n", "10,m\n")).encode(), {}, 1),
    "nanoseconds at the end": (".csv", (HEADER + ROWS + "99,,,,2013-03-01T00:00:00.000000001Z,\n").encode(), {}, 1),
    "a quote in a field": (".csv", (HEADER + ROWS + '99,5" pipe,,,,\n').encode(), {}, 2),
    "a footer": (".csv", (HEADER + ROWS + "9 rows\n").encode(), {"footer": 1}, 2),
    "UTF-16": (".csv", (HEADER + ROWS).encode("utf-16"), {"encoding": "utf-16"}, 2),
    "JSON lines": (".jsonl", b'{"id": 1, "name": "a", "speed": 1, "open": true, "at": null, "limit": 1}\n', {}, 2),
}


@pytest.mark.parametrize("case", DELIVERIES)
def test_parts_land_as_the_whole(tmp_path: Path, blocks: None, case: str) -> None:
    """Blocks, row groups and compressed streams give the very file that the whole gives; what does not fit its declaration
    lands as it was delivered, and what only the other reader reads is read as a whole."""
    name, data, dialect, way = DELIVERIES[case]
    source, lake = opened(tmp_path, name, data, **dialect), open_lake(str(tmp_path / "lake"))
    frame = source.fetch("2013-03", MARCH)["rides"]
    found, sha256 = landed(source, lake)
    assert found == way
    if case != "nanoseconds at the end":  # the whole has one type for the column, which its first rows did not need
        assert sha256 == lake.put_frame(frame, "landed").sha256


def test_parts_of_a_folder_land_as_the_whole(tmp_path: Path, blocks: None) -> None:
    """The files of a folder are read one by one, in the order of their names; one with other columns is named."""
    opened(tmp_path, ".csv/part-1.csv", (HEADER + ROWS).encode())
    source = opened(tmp_path, ".csv/part-0.csv", (HEADER + ROWS).encode())
    lake = open_lake(str(tmp_path / "lake"))
    assert landed(source, lake) == (0, lake.put_frame(source.fetch("2013-03", MARCH)["rides"], "landed").sha256)
    opened(tmp_path, ".csv/part-2.csv", b"id,other\n1,2\n")
    with pytest.raises(UnreadableDeliveryError, match=r"part-2.csv has the columns id, other"):
        landed(source, lake)


def test_a_broken_file_is_named_as_ever(tmp_path: Path, blocks: None) -> None:
    """The fault has its line in the whole file, and the bytes are kept."""
    source = opened(tmp_path, ".csv", (HEADER + ROWS + "1,2\n").encode())
    with pytest.raises(UnreadableDeliveryError, match="line 20: found 2 fields, the header has 6") as raised:
        landed(source, open_lake(str(tmp_path / "lake")))
    assert raised.value.tables["rides"][0].endswith(b"1,2\n")
    source = opened(tmp_path, ".csv.gz", gzip.compress((HEADER + ROWS).encode())[:-9])
    with pytest.raises(UnreadableDeliveryError, match=r"not a whole \.gz file"):
        landed(source, open_lake(str(tmp_path / "lake")))


def test_a_file_that_changes_meanwhile_does_not_land(tmp_path: Path, blocks: None) -> None:
    """Written between two blocks, or behind the last one, it is SourceVanishedError: trying again can help."""

    def read(source: Source, between: bool) -> None:
        with source.parts("2013-03", MARCH) as tables:
            for number, _ in enumerate(tables["rides"][0]()):
                if between and number == 0:
                    opened(tmp_path, ".csv", HEADER.encode())
            opened(tmp_path, ".csv", (HEADER + ROWS + ROWS).encode())

    for between in (False, True):
        source = opened(tmp_path, ".csv", (HEADER + ROWS).encode())
        with pytest.raises(SourceVanishedError, match="was written while it was read"):
            read(source, between)


FIELDS = st.text(st.sampled_from('a1",;\r\n é'), max_size=4)
LINES = st.lists(st.tuples(FIELDS, FIELDS), max_size=12)


@given(LINES, st.integers(1, 40), st.booleans())
def test_blocks_of_any_size_give_the_same_fields(rows: list[tuple[str, str]], size: int, quoted: bool) -> None:
    """Whatever stands in quotes or without them: the blocks have the fields of the whole, or the whole is asked for."""
    lines = [",".join('"' + field.replace('"', '""') + '"' if quoted else field for field in row) for row in rows]
    text, dialect = "\n".join(["x,y", *lines, ""]), Dialect()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_blocks, "BLOCK", size)
        try:
            frames = list(csv_blocks.read_blocks(io.BytesIO(text.encode()), "a.csv", dialect))
        except Exception:
            return
    pd.testing.assert_frame_equal(pd.concat(frames, ignore_index=True), read_csv(text, "a.csv", dialect))


FIELD = re.compile(r'(?<![^,\n])"(?:[^"]|"")*+"(?![^,\r\n])')


@given(st.text(st.sampled_from('a",\r\né'), max_size=14))
def test_quotes_around_fields_are_told_as_by_their_definition(text: str) -> None:
    """Without all quoted fields a text has no quote left."""
    assert csv_arrow.are_around_fields(text.encode(), b'"', b",") == ('"' not in FIELD.sub("", text))
