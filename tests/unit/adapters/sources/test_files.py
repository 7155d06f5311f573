from __future__ import annotations

import os

import fsspec
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gatehouse.adapters.lake import open_lake
from gatehouse.adapters.sources import delivered_files, open_source
from gatehouse.core.contract.batch_calendar import EXAMPLES, batch_interval
from gatehouse.errors import ConfigurationError, SchemaMismatchError, SourceError, SourceVanishedError
from gatehouse.table_types import as_declared
from support.contracts import contract, rides

MARCH = batch_interval("month", "2013-03")
HEADER = "id,name,speed,open,at,limit\n"
GOOD = HEADER + "1,a,1.5,true,2013-03-01T00:00:00Z,10\n"


def drop(tmp_path, pattern="{table}_{key}.csv", **source):
    """A contract whose source is a drop folder, that source, and the folder."""
    spec = contract(source={"kind": "files", "address": "inbox", "pattern": pattern, **source})
    (tmp_path / "inbox").mkdir(exist_ok=True)
    return spec, open_source(spec, tmp_path), tmp_path / "inbox"


def test_complete_keys_are_available_in_order(tmp_path) -> None:
    """A key is available when all tables are there under their final names; others are not seen."""
    _, source, inbox = drop(tmp_path)
    for name in (
        "rides_2013-03.csv",
        "rides_2013-01.csv",
        "rides_2013-02.csv.part",
        ".rides_2013-04.csv",
        "outcomes_2013-05.csv",
    ):
        (inbox / name).write_text(GOOD)
    (inbox / "rides_2013-06.csv").mkdir()
    assert source.available() == ["2013-01", "2013-03"]


@pytest.mark.parametrize(("kind", "key"), EXAMPLES.items())
def test_a_key_of_each_frequency_is_found_in_a_name(tmp_path, kind: str, key: str) -> None:
    """The names of deliveries may have the keys of every frequency."""
    spec = contract(
        source={"kind": "files", "address": ".", "pattern": "{key}/{table}.csv"},
        frequency=kind,
        first_batch=key,
        last_batch=None,
    )
    (tmp_path / key).mkdir()
    (tmp_path / key / "rides.csv").write_text(GOOD)
    assert open_source(spec, tmp_path).available() == [key]


def test_csv_is_read_as_declared(tmp_path) -> None:
    """Texts become the declared types; a byte order mark, quotes, CRLF and blank lines are no issue."""
    _, source, inbox = drop(tmp_path)
    text = "\ufeff" + GOOD.replace("\n", "\r\n") + '\r\n2,"x ""y"", z\nw",,,,\r\n'
    (inbox / "rides_2013-03.csv").write_bytes(text.encode())
    frame = source.fetch("2013-03", MARCH)["rides"]
    assert [str(dtype) for dtype in frame.dtypes] == [str(dtype) for dtype in rides().dtypes]
    assert list(frame["id"]) == [1, 2]
    assert frame["name"][1] == 'x "y", z\nw'
    assert frame.loc[1, ["speed", "open", "at"]].isna().all()


def test_parquet_is_read_as_declared(tmp_path) -> None:
    """A Parquet file that another tool wrote gives the declared types, whatever widths it used."""
    _, source, inbox = drop(tmp_path, "{table}_{key}.parquet")
    rides().astype({"id": "int32", "speed": "float32"}).to_parquet(inbox / "rides_2013-03.parquet")
    pd.testing.assert_frame_equal(source.fetch("2013-03", MARCH)["rides"], rides())


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "the file is empty"),
        (b"\n", "line 1: the header must name each column once; found no column"),
        (GOOD.encode() + b"2,b,1\n", "line 3: found 3 fields, the header has 6"),
        (GOOD.encode() + b"2,b,1,true,2013-03-01,10,9\n", "line 3: found 7 fields, the header has 6"),
        (
            GOOD.encode() + b'2,"b',
            'line 3: a field in double quotes begins here and has no closing `"` up to the last line, 3',
        ),
        (GOOD.encode() + b"2,b\xff\xfe,1,true,,\n", r"line 3: found bytes b'\xff\xfe,1', which are not utf-8"),
        (b"id,id\n", "line 1: the header must name each column once; found ['id']"),
        (GOOD.encode() + b"2,b\0,1,true,,\n", "line 3: found a NUL byte"),
        (GOOD.encode() + b'2,"b"c,1,true,,\n', "line 3: a field in double quotes goes on after its closing"),
    ],
)
def test_damaged_csv_names_file_and_line(tmp_path, data, sentence) -> None:
    """Truncated, ragged, mis-encoded and empty files are a SourceError with the file and, if known, the line."""
    _, source, inbox = drop(tmp_path)
    (inbox / "rides_2013-03.csv").write_bytes(data)
    with pytest.raises(SourceError) as caught:
        source.fetch("2013-03", MARCH)
    assert str(caught.value).startswith(f"{inbox}/rides_2013-03.csv: ")
    assert sentence in str(caught.value)
    assert not caught.value.retry


@pytest.mark.parametrize("cut", [0, 3, 100, -1])
def test_truncated_parquet_is_named(tmp_path, cut) -> None:
    """A Parquet file cut off anywhere is a SourceError naming it."""
    _, source, inbox = drop(tmp_path, "{table}_{key}.parquet")
    path = inbox / "rides_2013-03.parquet"
    rides().to_parquet(path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(SourceError, match=r"rides_2013-03\.parquet: (the file is empty|not a whole Parquet file)"):
        source.fetch("2013-03", MARCH)


def test_parquet_with_a_column_twice_is_named(tmp_path) -> None:
    """Two columns of one name and different types are refused before anything is converted."""
    _, source, inbox = drop(tmp_path, "{table}_{key}.parquet")
    table = pa.Table.from_arrays([pa.array([1]), pa.array(["x"])], names=["id", "id"])
    pq.write_table(table, inbox / "rides_2013-03.parquet")
    with pytest.raises(SourceError, match=r"rides_2013-03\.parquet: columns appear more than once: 'id'"):
        source.fetch("2013-03", MARCH)


def test_a_changed_schema_lands_as_delivered(tmp_path) -> None:
    """A table that does not fit its declaration is fetched as it came: validation names why, and nothing is lost."""
    spec, source, inbox = drop(tmp_path)
    (inbox / "rides_2013-03.csv").write_text("id,name,velocity\n1,a,fast\n")
    frame = source.fetch("2013-03", MARCH)["rides"]
    assert frame.to_dict("list") == {"id": ["1"], "name": ["a"], "velocity": ["fast"]}
    with pytest.raises(SchemaMismatchError, match="column 'speed' is missing"):
        as_declared(frame, spec.tables["rides"].columns, "rides")


def test_a_file_that_vanishes_may_be_tried_again(tmp_path) -> None:
    """A file that was listed and is gone is a SourceVanishedError, which is worth a retry."""
    _, source, inbox = drop(tmp_path)
    (inbox / "rides_2013-03.csv").write_text(GOOD)
    assert source.available() == ["2013-03"]
    (inbox / "rides_2013-03.csv").unlink()
    with pytest.raises(SourceVanishedError, match=r"rides_2013-03\.csv is not there") as caught:
        source.fetch("2013-03", MARCH)
    assert caught.value.retry


def test_nothing_outside_the_folder_is_read(tmp_path) -> None:
    """Links out of the folder and what is no regular file are neither listed nor read, and reading does not hang."""
    _, source, inbox = drop(tmp_path)
    (tmp_path / "secret.csv").write_text(GOOD)
    (inbox / "rides_2013-03.csv").symlink_to(tmp_path / "secret.csv")
    os.mkfifo(inbox / "rides_2013-04.csv")
    assert source.available() == []
    for key in ("2013-03", "2013-04"):
        with pytest.raises(SourceError, match="is not a regular file inside the drop folder"):
            source.fetch(key, MARCH)


@pytest.mark.parametrize(
    "address",
    ["simplecache::file://{inbox}", "filecache::{inbox}", "dir::file://{inbox}", "reference://{inbox}", "jar://x"],
)
def test_a_chain_of_addresses_is_refused(tmp_path, address: str) -> None:
    """A chain would hide the local folder below it from the check of links: neither a source nor the lake is opened by one."""
    _, _, inbox = drop(tmp_path)
    (tmp_path / "secret.csv").write_text(GOOD)
    (inbox / "rides_2013-03.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(ConfigurationError, match="allowed: a path, or one address"):
        drop(tmp_path, address=address.format(inbox=inbox))
    with pytest.raises(ConfigurationError, match="allowed: a path, or one address"):
        open_lake(address.format(inbox=inbox))


def test_a_link_inside_the_folder_is_fine(tmp_path) -> None:
    """Writers may publish a delivery by a link to a file of the same folder."""
    _, source, inbox = drop(tmp_path)
    (inbox / "raw").write_text(GOOD)
    (inbox / "rides_2013-03.csv").symlink_to("raw")
    assert len(source.fetch("2013-03", MARCH)["rides"]) == 1


def test_outcomes_are_a_table_of_their_own(tmp_path) -> None:
    """No outcomes file means none yet; one that lacks a column is a SchemaMismatchError."""
    _, source, inbox = drop(tmp_path)
    assert source.outcomes("2013-03", MARCH) is None
    (inbox / "outcomes_2013-03.csv").write_text("id,late\n1,true\n")
    assert source.outcomes("2013-03", MARCH).to_dict("list") == {"id": [1], "late": [True]}
    (inbox / "outcomes_2013-03.csv").write_text("id,soon\n1,true\n")
    with pytest.raises(SchemaMismatchError, match=r"outcomes_2013-03\.csv, outcomes: column 'late' is missing"):
        source.outcomes("2013-03", MARCH)


def test_other_encodings_and_folders_are_declared(tmp_path) -> None:
    """The contract's encoding is used, and a pattern may spread deliveries over folders."""
    _, source, inbox = drop(tmp_path, "{key}/{table}.csv", dialect={"encoding": "latin-1"})
    (inbox / "2013-03").mkdir()
    (inbox / "2013-03" / "rides.csv").write_bytes(GOOD.replace(",a,", ",é,").encode("latin-1"))
    assert source.available() == ["2013-03"]
    assert source.fetch("2013-03", MARCH)["rides"]["name"][0] == "é"


def test_remote_addresses_are_read_through_fsspec(tmp_path) -> None:
    """Any fsspec address is a drop folder."""
    memory = fsspec.filesystem("memory")
    memory.pipe_file(f"/{tmp_path.name}/rides_2013-03.csv", GOOD.encode())
    source = open_source(
        contract(source={"kind": "files", "address": f"memory://{tmp_path.name}", "pattern": "{table}_{key}.csv"}),
        tmp_path,
    )
    assert source.available() == ["2013-03"]
    assert len(source.fetch("2013-03", MARCH)["rides"]) == 1
    with pytest.raises(SourceVanishedError):
        source.fetch("2013-04", MARCH)


def test_large_files_are_refused_before_they_are_read(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file above the cap is a SourceError with its size."""
    _, source, inbox = drop(tmp_path)
    (inbox / "rides_2013-03.csv").write_text(GOOD)
    monkeypatch.setattr(delivered_files, "MAX_BYTES", 10)
    with pytest.raises(SourceError, match=rf"found {len(GOOD)} bytes; at most 10 are read"):
        source.fetch("2013-03", MARCH)


def test_a_key_that_is_no_key_is_passed_over_and_named(tmp_path) -> None:
    """A file whose name has the form but whose month does not exist keeps no other batch from being taken."""
    _, source, inbox = drop(tmp_path)
    for key in ("2013-12", "2013-13"):
        (inbox / f"rides_{key}.csv").write_text(GOOD)
    assert source.available() == ["2013-12"]
    names = {each.name: each.reason for each in source.passed_over()}
    assert "no key of the contract" in names["rides_2013-13.csv"]


def test_a_missing_folder_is_named(tmp_path) -> None:
    """A drop folder that does not exist says which it is and where it is declared."""
    _, source, inbox = drop(tmp_path)
    inbox.rmdir()
    with pytest.raises(SourceError, match=r"drop folder .*inbox does not exist; contract.yaml"):
        source.available()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"pattern": "{table}.csv"}, "source.pattern: it must hold `{table}` and `{key}`"),
        ({"pattern": "../{table}_{key}.csv"}, "no `..`"),
        ({"pattern": "{table}_{key}.xlsx"}, "names a workbook, and no reader of workbooks is installed"),
        ({"pattern": "{table}_{key}.xml"}, "must end in one of .csv, .tsv, .txt, .json, .jsonl, .ndjson, .parquet"),
        ({"address": "nosuch://inbox"}, "source.address: it cannot be opened"),
    ],
)
def test_wrong_settings_are_named(tmp_path, wrong, sentence) -> None:
    """A setting that cannot work is a ConfigurationError with its key in contract.yaml."""
    with pytest.raises(ConfigurationError) as caught:
        drop(tmp_path, **wrong)
    assert sentence in str(caught.value)


def test_a_long_field_lands(tmp_path) -> None:
    """A field has no limit but the file's: a document of 200,000 characters lands as it is."""
    _, source, inbox = drop(tmp_path)
    (inbox / "rides_2013-03.csv").write_text(GOOD + f"2,{'x' * 200_000},1,true,,\n")
    assert source.fetch("2013-03", MARCH)["rides"]["name"].str.len().max() == 200_000
