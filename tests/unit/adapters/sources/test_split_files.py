"""The source that divides exported files into batches by the rows' own time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from gatehouse.adapters.sources import csv_blocks, large_files, open_source, split_files
from gatehouse.core.config.contract import Contract
from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.errors import SourceError
from gatehouse.ports import Source


@pytest.fixture(autouse=True, params=["held", "streamed"])
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small files are held; of large ones a process has some rows at a time."""
    if request.param == "streamed":
        monkeypatch.setattr(split_files, "HELD", 0)
        monkeypatch.setattr(large_files, "LARGE", 0)
        monkeypatch.setattr(csv_blocks, "BLOCK", 20)


JANUARY = batch_interval("month", "2024-01")


def opened(
    folder: Path,
    time: str | None = "at",
    first: Any = "2024-01",
    frequency: str = "month",
    tables: Any = None,
    **source: Any,
) -> Source:
    """The source of a folder of CSV files."""
    columns = {"id": "integer", "at": "timestamp"}
    spec = {
        "use_case": "rows", "title": "t", "owner": "o", "frequency": frequency, "first_batch": first,
        "source": {"kind": "split_files", "files": "in/*.csv", **source},
        "tables": tables or {"rows": {"key": ["id"], "columns": columns, **({"time_column": time} if time else {})}},
        "outcomes": {"key": ["id"], "columns": {"id": "integer", "y": "number"}, "label": "y", "delay": "1 month"},
    }  # fmt: skip
    return open_source(Contract.model_validate_json(json.dumps(spec)), folder)


def wrote(folder: Path, name: str, text: str) -> None:
    """A file of the export."""
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(text)


def test_rows_go_to_the_batch_of_their_time(tmp_path: Path) -> None:
    """Every row is in one batch: by its time over all files, without a readable time with the row above it."""
    wrote(tmp_path, "in/a.csv", "id,at,y\n1,2024-01-31T23:59:59Z,0\n2,2024-02-01,1\n3,?,\n")
    wrote(tmp_path, "in/b.csv", "id,at,y\n4,2024-01-02,1\n")
    source = opened(tmp_path)
    assert source.available() == ["2024-01", "2024-02"]
    rows = {key: source.fetch(key, JANUARY)["rows"] for key in source.available()}
    assert {key: [int(value) for value in frame["id"]] for key, frame in rows.items()} == {
        "2024-01": [1, 4], "2024-02": [2, 3],
    }  # fmt: skip
    assert "y" not in rows["2024-01"]


def test_labels_come_out_of_the_rows_where_they_have_one(tmp_path: Path) -> None:
    """The outcomes of a batch are its rows with a label; without any there are none yet."""
    wrote(tmp_path, "in/a.csv", "id,at,y\n1,2024-01-05,0\n2,2024-01-06,\n3,2024-02-01,\n")
    source = opened(tmp_path)
    found = source.outcomes("2024-01", JANUARY)
    assert found is not None
    assert found.to_dict("list") == {"id": [1], "y": [0.0]}
    assert source.outcomes("2024-02", batch_interval("month", "2024-02")) is None


def test_labels_come_from_files_of_their_own(tmp_path: Path) -> None:
    """Outcomes of other files are those whose key is one of the batch's rows."""
    wrote(tmp_path, "in/a.csv", "id,at\n1,2024-01-05\n2,2024-02-01\n")
    wrote(tmp_path, "labels.csv", "id;y\n2;1\n1;0\n7;1\n")
    source = opened(tmp_path, outcomes="labels.csv", dialects={"outcomes": {"delimiter": ";"}})
    found = source.outcomes("2024-01", JANUARY)
    assert found is not None
    assert found.to_dict("list") == {"id": [1], "y": [0.0]}


def test_rows_without_time_are_cut_by_number(tmp_path: Path) -> None:
    """Each batch has so many rows in the order of the files; rows of an unfinished batch wait."""
    wrote(tmp_path, "in/a.csv", "id,at,y\n1,,0\n2,,0\n3,,1\n")
    wrote(tmp_path, "in/b.csv", "id,at,y\n4,,0\n5,,1\n")
    source = opened(tmp_path, None, rows_per_batch=2)
    assert source.available() == ["2024-01", "2024-02"]
    assert list(source.fetch("2024-02", JANUARY)["rows"]["id"]) == [3, 4]


def test_only_batches_of_a_changed_file_look_changed(tmp_path: Path) -> None:
    """A file that is written again changes the fingerprints of the batches that it has rows of."""
    wrote(tmp_path, "in/a.csv", "id,at,y\n1,2024-01-05,0\n")
    wrote(tmp_path, "in/b.csv", "id,at,y\n2,2024-02-05,0\n")
    before = opened(tmp_path).fingerprints()
    wrote(tmp_path, "in/b.csv", "id,at,y\n2,2024-02-05,1\n9,2024-02-06,1\n")
    after = opened(tmp_path).fingerprints()
    assert before["2024-01"] == after["2024-01"]
    assert before["2024-02"] != after["2024-02"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("id,when,y\n1,2024-01-05,0\n", "no column 'at', by which rows are divided; found id, when, y"),
        ("id,at,y\n1,never,0\n", "no value of column 'at' is a timestamp"),
    ],
)
def test_files_that_cannot_be_divided_are_named(tmp_path: Path, text: str, sentence: str) -> None:
    """Without a readable time nothing is guessed."""
    wrote(tmp_path, "in/a.csv", text)
    with pytest.raises(SourceError, match=sentence):
        opened(tmp_path).available()


def test_a_file_with_other_columns_is_named(tmp_path: Path) -> None:
    """The files are one table; a file of another one is named with the difference."""
    wrote(tmp_path, "in/a.csv", "id,at,y\n1,2024-01-05,0\n")
    wrote(tmp_path, "in/b.csv", "id,at,z\n1,2024-01-05,0\n")
    with pytest.raises(SourceError, match=r"b\.csv: it has other columns than the files before it: y, z"):
        opened(tmp_path).available()
    with pytest.raises(ValueError, match=r"needs a time_column of its table, or source\.rows_per_batch"):
        opened(tmp_path, None)


@pytest.mark.parametrize(
    ("frequency", "first", "keys"), [("quarter", "2024-Q1", ["2024-Q1", "2024-Q2"]), ("year", 2024, ["2024"])]
)
def test_batches_may_be_quarters_and_years(tmp_path: Path, frequency: str, first: Any, keys: list[str]) -> None:
    """Rows go to the quarter or the year of their time; a bare year is a key, although YAML reads it as a number."""
    wrote(tmp_path, "in/a.csv", "id,at,y\n1,2024-01-05,0\n2,2024-06-30T23:00:00Z,1\n")
    assert opened(tmp_path, frequency=frequency, first=first).available() == keys


def test_files_are_read_in_parts_as_in_one(tmp_path: Path) -> None:
    """Rows without a time at the begin of a file go with the last row of the file before, and the first with the first that has
    one; numbers count over all files."""
    wrote(tmp_path, "in/a.csv", "id,at,y\n1,?,0\n2,,0\n3,2024-02-01,1\n4,2024-01-01,1\n")
    wrote(tmp_path, "in/b.csv", 'id,at,y\n5,?,\n6,2024-02-02,1\n7,x,0\n8,2024-03-02,"a\n"\n9,2024-03-03,1\n')
    source = opened(tmp_path, row_number="n")
    found = {key: list(source.fetch(key, JANUARY)["rows"][["id", "n"]].astype("int64").itertuples(index=False, name=None))
             for key in source.available()}  # fmt: skip
    assert found == {
        "2024-01": [(4, 3), (5, 4)],
        "2024-02": [(1, 0), (2, 1), (3, 2), (6, 5), (7, 6)],
        "2024-03": [(8, 7), (9, 8)],
    }
    source = opened(tmp_path, None, rows_per_batch=4)
    assert [list(source.fetch(key, JANUARY)["rows"]["id"].astype(int)) for key in source.available()] == [
        [1, 2, 3, 4],
        [5, 6, 7, 8],
    ]


def test_folders_name_columns_after_hive(tmp_path: Path) -> None:
    """`year=2024/month=01` gives two columns of texts, which are read as declared; a column of the file's own stays."""
    columns = {"id": "integer", "at": "timestamp", "year": "integer", "shop": "string", "month": "integer"}
    tables = {"rows": {"key": ["id"], "time_column": "at", "columns": columns}}
    for number, (folder, month) in enumerate(
        {"year=2024/shop=a%20b/month=01": 1, "year=2024/shop=__HIVE_DEFAULT_PARTITION__/month=1": 7}.items()
    ):
        (tmp_path / "in" / folder).mkdir(parents=True)
        frame = pd.DataFrame({"id": [number], "at": ["2024-01-05"], "y": [1.0], "month": [month]})
        frame.to_parquet(tmp_path / "in" / folder / "part-0.parquet", index=False)
        (tmp_path / "in" / folder / "_SUCCESS").touch()
    source = opened(tmp_path, files="in/year=*/**/*.parquet", tables=tables)
    found = source.fetch("2024-01", JANUARY)["rows"].sort_values("id")
    assert found["year"].tolist() == [2024, 2024]
    assert found["month"].tolist() == [1, 7]
    assert found["shop"].isna().tolist() == [False, True]
    assert "a b" in found["shop"].tolist()
