"""Files as real writers leave them: each value as written, or the file, batch or row refused by name; nothing else stops."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from support.fixtures import Play, played, shared_database, shared_ledger  # noqa: F401 - fixtures
from support.folders import COLUMNS, Folder, Write
from support.played import joined, same

KEYS = ("2024-01", "2024-02", "2024-03")
LABELLED = KEYS[:2]
DAMAGED = "2024-02"


def folder_of(**parts: Any) -> Folder:
    """A folder of three months that asks for no training by itself."""
    return Folder(**{"keys": KEYS, "retrain": {"min_batches_first_training": 99}, **parts})


def with_column(kind: pa.DataType, values: Callable[[int], Any], **options: Any) -> Write:
    """Writes a further column `more` of this Arrow type."""

    def write(frame: pd.DataFrame, path: Path) -> None:
        table = pa.Table.from_pandas(frame, preserve_index=False)
        more = arrow(pd.Series([values(row) for row in range(len(frame))], dtype="object"), kind)
        pq.write_table(table.append_column("more", more), path, **options)

    return write


def arrow(values: Any, kind: pa.DataType) -> pa.Array:
    """The values as this type; moments of NumPy by their ticks."""
    if isinstance(values.iloc[0], np.datetime64):
        return pa.array([int(value.astype("datetime64[ns]").astype("int64")) for value in values], pa.int64()).cast(
            kind
        )
    return pa.array(values.tolist(), kind)


FAR = datetime(9999, 12, 31)
VALUES: dict[str, tuple[str, pa.DataType, Callable[[int], Any], dict[str, Any]]] = {
    "INT96, far": ("timestamp", pa.timestamp("ns"), lambda row: np.datetime64("2200-01-01", "ns") + np.timedelta64(row, "D"), {"use_deprecated_int96_timestamps": True}),
    "far days": ("timestamp", pa.date32(), lambda row: date(9999, 12, 31) - timedelta(days=row), {}),
    "far moments": ("timestamp", pa.timestamp("us"), lambda row: FAR - timedelta(days=row), {}),
    "far moments, INT96": ("timestamp", pa.timestamp("us"), lambda row: FAR - timedelta(days=row), {"use_deprecated_int96_timestamps": True}),
    "old moments, INT96": ("timestamp", pa.timestamp("us"), lambda row: datetime(1001, 1, 1) + timedelta(days=row), {"use_deprecated_int96_timestamps": True}),
    "moments of year 1": ("timestamp", pa.timestamp("us"), lambda row: datetime(1, 1, 1) + timedelta(days=row), {}),
    "unsigned with nulls": ("integer", pa.uint64(), lambda row: None if row == 3 else 2**53 + row, {}),
    "unsigned, too large": ("integer", pa.uint64(), lambda row: 2**64 - 1 - row, {}),
    "signed with nulls": ("integer", pa.int64(), lambda row: None if row == 3 else 2**53 + row, {}),
    "small unsigned with nulls": ("integer", pa.uint8(), lambda row: None if row == 3 else row, {}),
    "half floats": ("number", pa.float16(), lambda row: np.float16(row), {}),
    "decimals": ("number", pa.decimal128(10, 2), lambda row: Decimal(row) / 4, {}),
    "integers as numbers": ("number", pa.int64(), lambda row: 2**53 + row, {}),
    "dictionary": ("string", pa.dictionary(pa.int8(), pa.string()), lambda row: None if row == 3 else "xyz"[row % 3], {}),
    "large strings": ("string", pa.large_string(), lambda row: f"x{row}", {}),
    "views of strings": ("string", pa.large_string(), lambda row: "\u00e9" * row or None, {}),
    "booleans with nulls": ("boolean", pa.bool_(), lambda row: None if row == 3 else row % 2 == 0, {}),
    "booleans as integers": ("integer", pa.bool_(), lambda row: row % 2 == 0, {}),
    "nanoseconds": ("timestamp", pa.timestamp("ns", "UTC"), lambda row: np.datetime64("2024-01-01T00:00:00.000000001", "ns") + row, {}),
    "nanoseconds that are whole": ("timestamp", pa.timestamp("ns", "UTC"), lambda row: np.datetime64("2024-01-01", "ns") + row * 1000, {}),
    "durations": ("number", pa.duration("s"), lambda row: timedelta(seconds=row), {}),
    "only nulls": ("number", pa.null(), lambda row: None, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", VALUES)
def test_no_value_changes_while_a_file_is_read(played: Play, name: str) -> None:
    """Each value of each kind is kept as it was written, or the batch is refused with the column's name."""
    declared, kind, value, options = VALUES[name]
    folder = folder_of(columns={**COLUMNS, "more": declared})
    play = played(folder, with_column(kind, value, **options))
    assert play.tracebacks == []
    batch = play.ctx.ledger.batches.list(play.ctx.name)[:1]
    accepted = batch[0].tables["rows"].accepted if batch else None
    if accepted is None:
        assert "'more'" in play.said("2024-01"), play.said()
        return
    kept = play.ctx.lake.frame(accepted)
    for row, found in enumerate(kept["more"].tolist()):
        assert plain(found) == plain(value(row)), f"row {row}: {found!r} is not {value(row)!r}"


def plain(value: Any) -> Any:
    """A value as one type of Python, exact."""
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, pd.Timestamp):
        value = value.tz_localize(None).to_numpy()
    if isinstance(value, (np.datetime64, date)):
        return str(np.datetime_as_string(np.datetime64(value).astype(f"datetime64[{unit_of(value)}]"))).ljust(29, "0")
    if isinstance(value, timedelta):
        return f"{value.total_seconds()} seconds"
    return value if isinstance(value, str) else Decimal(float(value) if isinstance(value, np.floating) else value)


def unit_of(value: Any) -> str:
    """A unit of time that holds the value exactly."""
    return (
        np.datetime_data(value)[0] if isinstance(value, np.datetime64) and np.datetime_data(value)[0] == "ns" else "us"
    )


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "no bytes": lambda data: b"",
    "one byte": lambda data: data[:1],
    "cut in half": lambda data: data[: len(data) // 2],
    "without its end": lambda data: data[:-4],
    "another format": lambda data: b"\x00\xff\xfe not a table",
    "a page of an error": lambda data: b"<html><body>503 Service Unavailable</body></html>",
    "bytes turned": lambda data: data[:200] + bytes(255 - byte for byte in data[200:400]) + data[400:],
}  # fmt: skip


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_file_stops_its_own_batch(played: Play, name: str, suffix: str) -> None:
    """The batch is not accepted, or at most holds what the file says; its file is named; the others keep their labels."""
    if suffix == "csv" and name in ("cut in half", "without its end", "one byte"):
        pytest.skip("a text that is cut between two rows is a whole text")
    folder = folder_of(keys=("2024-01", "2024-02", "2024-03", "2024-04"), suffix=suffix)

    def damaged(frame: pd.DataFrame, path: Path) -> None:
        usual = frame.to_csv if suffix == "csv" else frame.to_parquet
        usual(path, index=False)
        if DAMAGED in path.name:
            path.write_bytes(DAMAGES[name](path.read_bytes()))

    play = played(folder, damaged)
    assert DAMAGED not in play.accepted
    assert [key for key in play.states if key not in play.accepted] == [DAMAGED]
    assert "rows" in play.said(DAMAGED), play.said()
    assert DAMAGED in play.said(DAMAGED)
    assert play.tracebacks == []
    wanted = joined([folder.delivered[key] for key in ("2024-01", "2024-03")], ["id"])
    assert same(play.labels(), wanted) == ""


@pytest.mark.parametrize("name", ["no bytes", "cut in half", "another format"])
def test_damaged_outcomes_stop_their_own_batch(played: Play, name: str) -> None:
    """Outcomes that cannot be read have not arrived; their file is named, and those of the other batches count."""
    folder = folder_of(keys=("2024-01", "2024-02", "2024-03", "2024-04"))

    def damaged(frame: pd.DataFrame, path: Path) -> None:
        frame.to_parquet(path, index=False)
        if DAMAGED in path.name:
            path.write_bytes(DAMAGES[name](path.read_bytes()))

    play = played(folder, None, damaged)
    assert same(play.labels(), joined([folder.delivered[key] for key in ("2024-01", "2024-03")], ["id"])) == ""
    assert f"outcomes_{DAMAGED}" in play.said()
    assert play.tracebacks == []


def spark(parts: int, success: bool = True, writing: bool = False) -> Write:
    """Writes a folder of parts, as Spark does; `writing` leaves what it has not moved there yet."""

    def write(frame: pd.DataFrame, path: Path) -> None:
        if DAMAGED not in path.name:
            frame.to_parquet(path, index=False)
            return
        path.mkdir()
        for number, part in enumerate(np.array_split(np.arange(len(frame)), parts)):
            frame.iloc[part].to_parquet(path / f"part-{number:05d}-a1b2.snappy.parquet", index=False)
            (path / f".part-{number:05d}-a1b2.snappy.parquet.crc").write_bytes(b"crc\x00")
        if success:
            (path / "_SUCCESS").touch()
        if writing:
            (path / "_temporary" / "0").mkdir(parents=True)

    return write


@pytest.mark.parametrize("parts", [1, 3])
def test_a_folder_of_parts_is_read_or_told(played: Play, parts: int) -> None:
    """Spark's folder in the place of a file: all of its rows are read, or it is told that it was found and not read."""
    folder = folder_of()
    play = played(folder, spark(parts))
    if DAMAGED in play.accepted:
        assert same(play.labels(), joined([folder.delivered[key] for key in LABELLED], ["id"])) == ""
    else:
        assert f"rows_{DAMAGED}.parquet" in play.said()
    assert play.tracebacks == []


@pytest.mark.parametrize("parts", [1, 3])
def test_a_folder_that_is_still_written_is_not_half_read(played: Play, parts: int) -> None:
    """A folder with `_temporary` in it is not whole: no part of a batch is taken for the whole of it."""
    play = played(folder_of(), spark(parts, success=False, writing=True))
    assert DAMAGED not in play.accepted
    assert play.tracebacks == []


@pytest.mark.parametrize("success", [True, False])
def test_a_folder_is_whole_with_the_marker_that_the_contract_wants(played: Play, success: bool) -> None:
    """Where the contract names `_SUCCESS`, a folder is taken with it and left without it."""
    folder = folder_of()
    source = {"kind": "files", "address": "drop", "pattern": "{table}_{key}.parquet"}
    folder.contract = {"source": {**source, "complete_when": {"marker": "_SUCCESS"}}}

    def all_as_folders(frame: pd.DataFrame, path: Path) -> None:
        path.mkdir()
        frame.iloc[::2].to_parquet(path / "part-00000.parquet", index=False)
        frame.iloc[1::2].to_parquet(path / "part-00001.parquet", index=False)
        if success or DAMAGED not in path.name or "outcomes" in path.name:
            (path / "_SUCCESS").touch()

    play = played(folder, all_as_folders, all_as_folders)
    assert play.accepted == [key for key in KEYS if success or key != DAMAGED]
    if success:
        assert same(play.labels(), joined([folder.delivered[key] for key in LABELLED], ["id"])) == ""


@pytest.mark.parametrize(("length", "inside"), [(131_073, "x"), (140_000, "\u00e9\n"), (2_000_000, 'a"b,')])
def test_a_long_field_lands(played: Play, length: int, inside: str) -> None:
    """A field of CSV longer than the csv module's own limit lands as it is."""
    folder = folder_of(columns={**COLUMNS, "note": "string"}, suffix="csv")
    text = (inside * length)[:length]

    def long(key: str, delivery: Any) -> None:
        delivery.rows["note"] = ["short", *([text] if key == DAMAGED else ["short"]), *["short"] * (folder.size - 2)]

    play = played(folder.edit(long))
    assert DAMAGED in play.accepted, play.said()[-600:]
    batch = next(each for each in play.ctx.ledger.batches.list(play.ctx.name) if each.id.key == DAMAGED)
    assert batch.tables["rows"].accepted is not None
    assert text in set(play.ctx.lake.frame(batch.tables["rows"].accepted)["note"])


@pytest.mark.parametrize("cell", ["-", "N/A", "unknown", "1,5"])
def test_some_unreadable_cells_quarantine_their_rows(played: Play, cell: str) -> None:
    """Three cells of 120 that are no number: those rows wait in quarantine with column and value, the others are used."""
    folder = folder_of(suffix="csv")

    def spoil(_: str, delivery: Any) -> None:
        delivery.rows["more"] = "1"
        delivery.rows.loc[[4, 40, 90], "more"] = cell

    folder.columns = {**COLUMNS, "more": "number"}
    play = played(folder.edit(spoil))
    gone = {float(folder.delivered[key].rows["amount"].iloc[row]) for key in LABELLED for row in (4, 40, 90)}
    wanted = joined([folder.delivered[key] for key in LABELLED], ["id"])
    assert same(play.labels(), {row: label for row, label in wanted.items() if row not in gone}) == "", play.said()
    held = [str(row) for row in play.quarantined("2024-01").to_dict("records")]
    assert len(held) == 3
    assert all("more" in row and cell in row for row in held)


@pytest.mark.parametrize("declared", ["integer", "boolean", "timestamp"])
def test_unreadable_cells_of_any_type_quarantine_their_rows(played: Play, declared: str) -> None:
    """The same for whole numbers, truth values and moments."""
    folder = folder_of(suffix="csv", columns={**COLUMNS, "more": declared})
    usual = {"integer": "5", "boolean": "true", "timestamp": "2024-01-05"}[declared]

    def spoil(_: str, delivery: Any) -> None:
        delivery.rows["more"] = usual
        delivery.rows.loc[[4, 40, 90], "more"] = "-"

    play = played(folder.edit(spoil))
    assert play.accepted == list(KEYS), play.said()
    assert len(play.quarantined("2024-01")) == 3


def test_too_many_unreadable_cells_quarantine_the_batch(played: Play) -> None:
    """More than the contract's share: the batch waits as a whole, with the column's name."""
    folder = folder_of(suffix="csv", columns={**COLUMNS, "more": "number"})

    def spoil(key: str, delivery: Any) -> None:
        delivery.rows["more"] = "1"
        if key == DAMAGED:
            delivery.rows.loc[range(60), "more"] = "-"

    play = played(folder.edit(spoil))
    assert play.states[DAMAGED] == "quarantined"
    assert "more" in play.said(DAMAGED)
    assert play.tracebacks == []


def test_a_removed_file_leaves_the_others(played: Play, tmp_path: Path) -> None:
    """A month whose rows never come: the months around it are taken."""
    folder = folder_of()

    def lost(frame: pd.DataFrame, path: Path) -> None:
        frame.to_parquet(path, index=False)
        if DAMAGED in path.name:
            shutil.move(path, tmp_path / path.name)

    play = played(folder, lost)
    assert play.accepted == ["2024-01", "2024-03"]
