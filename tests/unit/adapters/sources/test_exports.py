"""Files as people export them: each is read by the contract that the how-to page shows for it."""

from __future__ import annotations

import gzip
import io
import json
import re
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from gatehouse.adapters.sources import open_source
from gatehouse.adapters.sources.file_formats import read_table
from gatehouse.core.config.contract import Contract
from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.errors import GatehouseError, SchemaMismatchError
from gatehouse.settings import ROOT
from gatehouse.table_types import read_declared

PAGE = ROOT / "docs/how-to/read-your-files.md"
COLUMNS = {"id": "integer", "at": "timestamp", "amount": "number", "open": "boolean", "note": "string"}
MARCH = batch_interval("month", "2024-03")


def sections() -> dict[str, tuple[str, dict[str, Any]]]:
    """The file and the source of each section of the page that shows both."""
    found = {}
    for section in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        sample = re.search(r"```(?:csv|json)\n(.*?)```", section, re.DOTALL)
        source = re.search(r"```yaml\n(source:.*?)```", section, re.DOTALL)
        if sample and source:
            found[section.partition("\n")[0]] = sample[1], yaml.safe_load(source[1])["source"]
    return found


SECTIONS = sections()
NOTES = {
    "Letters of Windows": "Käse für 5 €",
    "Quotes with a backslash": 'the "first" one',
    "Quotes that are plain text": '"inch',
    "Line breaks inside a field": "two\nlines",
}
BYTES: dict[str, Callable[[str], bytes]] = {
    "UTF-16": lambda text: text.encode("utf-16"),
    "Letters of Windows": lambda text: text.encode("cp1252"),
    "Compression": lambda text: gzip.compress(text.encode()),
}
# What the sentence names when nothing of the section's dialect is set.
KEYS = {
    "Semicolons and decimal commas": "delimiter", "Points between thousands": "delimiter",
    "Commas between thousands": "thousands", "Tabs": "delimiter", "Dates with the day first": "date_format",
    "Percent signs, currencies and units": "units", "Amounts below zero in parentheses": "units",
    "Local times": "date_format", "Milliseconds since 1970": "epoch_unit", "UTF-16": "encoding",
    "Letters of Windows": "encoding", "Two header lines": "column 'amount': found 'EUR'", "No header": "names",
    "A title above the header": "skip", "Totals below the rows": "footer", "Remarks between the rows": "comment",
    "Texts that mean nothing": "null_values", "Yes and no": "true_values", "Other column names": "rename",
    "A column name twice": "names", "Quotes with a backslash": "escape", "Quotes that are plain text": "quote: none",
    "Compression": "compressed",
}  # fmt: skip


def contract(source: dict[str, Any], columns: dict[str, str] | None = None) -> Contract:
    """A contract of monthly batches with one table."""
    spec = {
        "use_case": "rows", "title": "t", "owner": "o", "frequency": "month", "first_batch": "2024-01", "source": source,
        "tables": {"rows": {"key": ["id"], "columns": columns or COLUMNS}},
        "outcomes": {"key": ["id"], "columns": {"id": (columns or COLUMNS)["id"], "y": "number"}, "label": "y", "delay": "1 month"},
    }  # fmt: skip
    return Contract.model_validate_json(json.dumps(spec))


def fetched(folder: Path, source: dict[str, Any], data: bytes, columns: dict[str, str] | None = None) -> pd.DataFrame:
    """The table as the source lands it."""
    name = source["pattern"].format(table="rows", key="2024-03")
    (folder / "drop").mkdir(exist_ok=True)
    (folder / "drop" / name).write_bytes(data)
    return open_source(contract(source, columns), folder).fetch("2024-03", MARCH)["rows"]


def as_validation_reads(folder: Path, source: dict[str, Any], data: bytes) -> None:
    """Land the table and read it again as declared; unreadable cells are raised."""
    frame = fetched(folder, source, data)
    found = read_declared(frame, COLUMNS, "rows", ("id",), contract(source).dialect("rows"))
    if found.cells:
        raise SchemaMismatchError(" | ".join(cell.sentence for cell in found.cells))


def expected(note: str) -> pd.DataFrame:
    """The table that every section shows."""
    return pd.DataFrame(
        {
            "id": pd.array([1, 2], "Int64"),
            "at": pd.Series(["2024-03-05T14:30:00Z", None]).astype("datetime64[us, UTC]"),
            "amount": [1234.5, -0.25],
            "open": pd.array([True, False], "boolean"),
            "note": pd.array([note, None], "str"),
        }
    )


@pytest.mark.parametrize("title", sorted(SECTIONS))
def test_each_file_of_the_page_is_read_right(tmp_path: Path, title: str) -> None:
    """The contract that the page shows for a file gives the very values of the file."""
    text, source = SECTIONS[title]
    frame = fetched(tmp_path, source, BYTES.get(title, str.encode)(text))
    pd.testing.assert_frame_equal(frame, expected(NOTES.get(title, "first")))


@pytest.mark.parametrize("title", sorted(KEYS))
def test_a_file_without_its_key_is_refused_by_a_sentence_that_names_it(tmp_path: Path, title: str) -> None:
    """Without the dialect the file is not read as something else: a sentence names the key to set."""
    text, source = SECTIONS[title]
    source = {**source, "dialect": {}, "pattern": source["pattern"].removesuffix(".gz")}
    data = BYTES.get(title, str.encode)(text)
    with pytest.raises(GatehouseError, match=KEYS[title]):
        as_validation_reads(tmp_path, source, data)


def test_the_page_shows_twenty_files() -> None:
    """The page keeps its files: nobody loses a section without a failing test."""
    assert len(SECTIONS) >= 20
    assert set(KEYS) <= set(SECTIONS)


@pytest.mark.parametrize("suffix", ["gz", "zst", "zip"])
def test_compressed_files_are_read(tmp_path: Path, suffix: str) -> None:
    """Each compression gives the bytes inside, and a cut file is one sentence."""
    text, source = SECTIONS["Compression"]
    data = packed(text.encode(), suffix)
    source = {**source, "pattern": f"{{table}}_{{key}}.csv.{suffix}"}
    pd.testing.assert_frame_equal(fetched(tmp_path, source, data), expected("first"))
    with pytest.raises(GatehouseError, match=rf"rows_2024-03\.csv\.{suffix}: not a whole \.{suffix} file"):
        fetched(tmp_path, source, data[: len(data) // 2])


def packed(data: bytes, suffix: str) -> bytes:
    """The bytes in a compressed file."""
    if suffix == "gz":
        return gzip.compress(data)
    if suffix == "zst":
        buffer = pa.BufferOutputStream()
        with pa.CompressedOutputStream(buffer, "zstd") as stream:
            stream.write(data)
        return bytes(buffer.getvalue())
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rows.csv", data)
    return sink.getvalue()


def test_a_zip_of_two_files_is_refused(tmp_path: Path) -> None:
    """Which of two files is the table is not guessed."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("a.csv", "id\n1\n")
        archive.writestr("b.csv", "id\n1\n")
    source = {"kind": "files", "address": "drop", "pattern": "{table}_{key}.csv.zip"}
    with pytest.raises(GatehouseError, match=r"a zip file must hold one file; found a\.csv, b\.csv"):
        fetched(tmp_path, source, sink.getvalue())


def test_nested_columns_are_refused_by_name(tmp_path: Path) -> None:
    """A list in JSON or Parquet has no column type; the cell's sentence names its column and what to do."""
    columns = {"id": "integer", "tags": "string"}
    source = {"kind": "files", "address": "drop", "pattern": "{table}_{key}.jsonl"}
    frame = fetched(tmp_path, source, b'{"id": 1, "tags": ["a", "b"]}\n', columns)
    sink = io.BytesIO()
    pq.write_table(pa.table({"id": [1], "tags": [["a", "b"]]}), sink)
    other = fetched(tmp_path, {**source, "pattern": "{table}_{key}.parquet"}, sink.getvalue(), columns)
    for each in (pd.DataFrame({"id": [1], "tags": [["a", "b"]]}), other):
        found = read_declared(each, columns, "rows", ("id",), contract(source).dialect("rows"))  # type: ignore[arg-type]
        assert "column 'tags'" in found.cells[0].sentence
        assert "a nested value has no column type" in found.cells[0].sentence
    assert frame["tags"].isna().sum() == 0


def test_a_json_number_keeps_all_its_digits(tmp_path: Path) -> None:
    """Decimals and 64-bit whole numbers of JSON lines are exact; an object with a name twice is refused."""
    columns = {"id": "unsigned", "price": "decimal"}
    source = {"kind": "files", "address": "drop", "pattern": "{table}_{key}.jsonl"}
    data = b'{"id": 18446744073709551615, "price": 0.12345678901234567891}\n'
    frame = fetched(tmp_path, source, data, columns)
    assert frame["id"][0] == 2**64 - 1
    assert frame["price"][0] == Decimal("0.12345678901234567891")
    with pytest.raises(GatehouseError, match="line 1: not one whole JSON object: name 'id' appears twice"):
        fetched(tmp_path, source, b'{"id": 1, "id": 2}\n', columns)


@pytest.mark.parametrize("name", ["rows.json", "rows.jsonl"])
def test_a_list_of_objects_is_read_like_lines(name: str) -> None:
    """`[{...}, ...]` over any number of lines gives the table of the same objects, a line each; a bad member has its number."""
    objects = [{"id": 1, "price": "0.10"}, {"id": 2}]
    lines = "\n".join(map(json.dumps, objects)).encode()
    listed = json.dumps(objects, indent=2).encode()
    pd.testing.assert_frame_equal(read_table(listed, name), read_table(lines, name))
    with pytest.raises(
        GatehouseError, match="row 2: found a int; each line, or each member of a list, must be an object"
    ):
        read_table(b'[{"id": 1}, 7]', name)
    with pytest.raises(GatehouseError, match="not one whole list of objects"):
        read_table(listed[:-4], name)
    with pytest.raises(GatehouseError, match="it holds no object"):
        read_table(b"[]", name)


def test_parquet_moments_without_a_zone_take_that_of_the_dialect(tmp_path: Path) -> None:
    """The time zone holds for every format; whole numbers are counts where the dialect says so."""
    source = {"kind": "files", "address": "drop", "pattern": "{table}_{key}.parquet"}
    columns = {"id": "integer", "at": "timestamp"}
    for values, dialect in (
        (pa.array([1709645400000], pa.timestamp("ms")), {"timezone": "Europe/Berlin"}),
        (pa.array([1709641800000], pa.int64()), {"epoch_unit": "ms"}),
    ):
        sink = io.BytesIO()
        pq.write_table(pa.table({"id": [1], "at": values}), sink)
        frame = fetched(tmp_path, {**source, "dialect": dialect}, sink.getvalue(), columns)
        assert frame["at"][0] == pd.Timestamp("2024-03-05T12:30Z")


@pytest.mark.parametrize(
    ("text", "dialect", "sentence"),
    [
        ("2024-03-31 02:30", {"timezone": "Europe/Berlin"}, "the clocks of `timezone: Europe/Berlin` skip this time"),
        ("2024-10-27 02:30", {"timezone": "Europe/Berlin"}, "show this time twice: set `repeated_hour`"),
        ("31/12/2024", {"date_format": "%m/%d/%Y"}, "it is not of `date_format: '%m/%d/%Y'`"),
    ],
)
def test_moments_that_do_not_exist_are_named(text: str, dialect: dict[str, Any], sentence: str) -> None:
    """A time that is not one moment costs its cell, never a guess."""
    spec = contract({"kind": "files", "address": "drop", "dialect": dialect})
    found = read_declared(pd.DataFrame({"at": [text]}), {"at": "timestamp"}, "rows", (), spec.dialect("rows"))
    assert sentence in found.cells[0].sentence


def test_one_table_may_be_written_differently() -> None:
    """A table's own keys go before those of all tables, and only for that table."""
    spec = contract(
        {
            "kind": "files", "address": "drop", "dialect": {"delimiter": ";", "decimal": ","},
            "dialects": {"outcomes": {"delimiter": "tab"}},
        }
    )  # fmt: skip
    outcomes, rows = spec.dialect("outcomes"), spec.dialect("rows")
    assert outcomes is not None
    assert rows is not None
    assert (outcomes.delimiter, outcomes.decimal, rows.delimiter) == ("\t", ",", ";")
    with pytest.raises(ValueError, match=r"source\.dialects must name tables or outcomes; found 'row'"):
        contract({"kind": "files", "address": "drop", "dialects": {"row": {}}})
