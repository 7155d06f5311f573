"""Deliveries made to hurt: bombs, names and widths. (Links, devices and large files: tests/unit/adapters/sources/test_files.py.)"""

from __future__ import annotations

import io
import tracemalloc

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gatehouse.adapters import parquet
from gatehouse.adapters.lake import open_lake
from gatehouse.errors import LakeError, SourceError
from unit.adapters.sources.test_files import GOOD, MARCH, drop

MILLION = 2**20


def test_a_real_bomb_is_refused_before_it_is_unpacked(tmp_path) -> None:
    """A file of some kilobytes that unpacks to more rows than are ever read is refused by what it declares, in little memory."""
    _, source, inbox = drop(tmp_path, pattern="{table}_{key}.parquet")
    million = pa.table({"id": pa.nulls(MILLION)})
    with pq.ParquetWriter(inbox / "rides_2013-03.parquet", million.schema) as writer:
        for _ in range(parquet.MAX_ROWS // MILLION + 1):
            writer.write_table(million)
    assert (inbox / "rides_2013-03.parquet").stat().st_size < MILLION
    tracemalloc.start()
    with pytest.raises(SourceError, match=f"rows; at most {parquet.MAX_ROWS} are read"):
        source.fetch("2013-03", MARCH)
    assert tracemalloc.get_traced_memory()[1] + pa.total_allocated_bytes() < 50 * MILLION
    tracemalloc.stop()


def test_a_table_too_wide_to_be_read_back_is_not_stored(tmp_path) -> None:
    """What the lake would refuse to read it refuses to keep, by name, and keeps nothing: a batch cannot land and then stay
    unreadable for ever."""
    lake = open_lake(str(tmp_path / "lake"))
    wide = pd.DataFrame([range(parquet.MAX_COLUMNS + 1)], columns=[f"c{n}" for n in range(parquet.MAX_COLUMNS + 1)])
    with pytest.raises(LakeError, match=f"2001 columns; at most {parquet.MAX_COLUMNS} are kept"):
        lake.put_frame(wide, "landed")
    assert not list((tmp_path / "lake").rglob("*"))
    assert lake.put_frame(wide.iloc[:, :-1], "landed").rows == 1


@pytest.mark.parametrize(
    "name",
    ["rides_2013-03.csv\n", "rides_$(id).csv", "rides_2013-03;id.csv", "rides_..csv", "rides_2013-03.csv.gz",
     "rides_2013-03.csv\u202e", "x" * 250 + ".csv", "RIDES_2013-03.CSV", " rides_2013-03.csv"],
)  # fmt: skip
def test_a_name_that_is_not_exactly_the_pattern_is_nobody(tmp_path, name: str) -> None:
    """Names with line breaks, shell words, paths, archives or look-alikes are not deliveries, and do no harm to those that
    are."""
    _, source, inbox = drop(tmp_path)
    (inbox / name).write_text(GOOD)
    (inbox / "rides_2013-01.csv").write_text(GOOD)
    assert source.available() == ["2013-01"]


def test_a_field_of_ten_million_characters_is_read(tmp_path) -> None:
    """Only the size of the whole file is limited: a long CSV field is the text that was delivered."""
    _, source, inbox = drop(tmp_path)
    (inbox / "rides_2013-03.csv").write_text(GOOD + "2," + "a" * 10_000_000 + ",1,true,2013-03-01T00:00:00Z,1\n")
    tables = source.fetch("2013-03", MARCH)
    assert tables["rides"].map(str).map(len).max().max() == 10_000_000


@pytest.mark.parametrize("damage", ["magic", "footer", "length"])
def test_a_parquet_file_made_to_crash_its_reader_is_named(damage: str) -> None:
    """Broken magic, a footer of noise, a footer longer than the file: ValueError, which the caller names; never a crash."""
    sink = io.BytesIO()
    pq.write_table(pa.table({"id": [1, 2, 3]}), sink)
    data = bytearray(sink.getvalue())
    if damage == "magic":
        data[-4:] = b"PAR9"
    elif damage == "footer":
        data[-60:-8] = b"\xff" * 52
    else:
        data[-8:-4] = (2**31 - 1).to_bytes(4, "little")
    with pytest.raises(ValueError, match="not a whole Parquet file"):
        parquet.decode(bytes(data))
