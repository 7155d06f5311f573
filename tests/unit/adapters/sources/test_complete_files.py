"""When a delivery is complete: folders of part files, markers, files that still change; and what is passed over."""

from __future__ import annotations

import os
import time

import fsspec
import pandas as pd
import pytest

from gatehouse.adapters.sources import files as files_module
from gatehouse.adapters.sources import open_source
from gatehouse.adapters.sources.settling import SETTLE_SECONDS
from gatehouse.errors import SourceVanishedError, UnreadableDeliveryError
from support.contracts import contract, rides
from unit.adapters.sources.test_files import GOOD, HEADER, MARCH, drop

PARQUET = "{table}_{key}.parquet"


def passed(source) -> dict[str, str]:
    """What the source passes over, and why."""
    return {each.name: each.reason for each in source.passed_over()}


def spark(inbox, *frames, name="rides_2013-03.parquet", success=True):
    """A folder as Spark writes it, with the files that are no data."""
    folder = inbox / name
    folder.mkdir()
    for number, frame in enumerate(frames):
        frame.to_parquet(folder / f"part-{number:05}-c000.snappy.parquet")
        (folder / f".part-{number:05}-c000.snappy.parquet.crc").write_bytes(b"crc")
    if success:
        (folder / "_SUCCESS").touch()
    return folder


@pytest.fixture
def clock(monkeypatch):
    """A clock that only sleeping moves on; returns how long each sleep was."""
    slept: list[float] = []
    start, first = time.time(), time.monotonic()
    monkeypatch.setattr(files_module.time, "time", lambda: start + sum(slept))
    monkeypatch.setattr(files_module.time, "monotonic", lambda: first + sum(slept))
    monkeypatch.setattr(files_module.time, "sleep", slept.append)
    return slept


def test_a_folder_of_parts_is_one_table_in_the_order_of_their_names(tmp_path) -> None:
    """Spark's folder is one delivery: its parts follow each other by name, and what begins with `_` or `.` is no data."""
    _, source, inbox = drop(tmp_path, PARQUET)
    whole = rides(6)
    spark(inbox, whole.iloc[:2], whole.iloc[2:5], whole.iloc[5:])
    assert source.available() == ["2013-03"]
    pd.testing.assert_frame_equal(source.fetch("2013-03", MARCH)["rides"], whole)
    assert passed(source) == {}


def test_a_folder_of_csv_parts_is_read_too(tmp_path) -> None:
    """Parts of CSV each have the header."""
    _, source, inbox = drop(tmp_path)
    folder = inbox / "rides_2013-03.csv"
    folder.mkdir()
    (folder / "part-1.csv").write_text(GOOD.replace("1,a", "2,b"))
    (folder / "part-0.csv").write_text(GOOD)
    assert source.available() == ["2013-03"]
    assert list(source.fetch("2013-03", MARCH)["rides"]["name"]) == ["a", "b"]


@pytest.mark.parametrize(
    ("break_it", "sentence"),
    [
        (lambda folder: (folder / "part-00001-c000.snappy.parquet").write_bytes(b""), "part-00001.*the file is empty"),
        (
            lambda folder: (folder / "part-2.csv.gz").write_bytes(b"x"),
            "found the part part-2.csv.gz; every part must end in",
        ),
        (
            lambda folder: rides(1).drop(columns="limit").to_parquet(folder / "part-2.parquet"),
            "part-2.parquet has the columns id, name, speed, open, at, part-00000.* has id, name, speed, open, at, limit",
        ),
        (
            lambda folder: rides(1).astype({"id": "str"}).to_parquet(folder / "part-2.parquet"),
            "column 'id' is (large_)?string in part-2.parquet and int64 in part-00000",
        ),
    ],
)
def test_a_part_that_does_not_fit_makes_the_delivery_unreadable_by_name(tmp_path, break_it, sentence) -> None:
    """One bad part is named, no row of the delivery is read, and all bytes of the folder are handed over in one archive that
    the same folder gives again."""
    _, source, inbox = drop(tmp_path, PARQUET)
    break_it(spark(inbox, rides(2), rides(1)))
    with pytest.raises(UnreadableDeliveryError, match=sentence) as caught:
        source.fetch("2013-03", MARCH)
    data, suffix = caught.value.tables["rides"]
    assert suffix == "tar"
    with pytest.raises(UnreadableDeliveryError) as again:
        source.fetch("2013-03", MARCH)
    assert again.value.tables["rides"] == (data, suffix)


def test_a_folder_waits_for_its_writer(tmp_path) -> None:
    """A folder in which Spark still works, an empty one, and one that is partitioned are passed over by name."""
    _, source, inbox = drop(tmp_path, PARQUET)
    (spark(inbox, rides(1), success=False) / "_temporary").mkdir()
    (inbox / "rides_2013-04.parquet").mkdir()
    (spark(inbox, name="rides_2013-05.parquet") / "day=1").mkdir()
    assert source.available() == []
    found = passed(source)
    assert "no _SUCCESS" in found["rides_2013-03.parquet"]
    assert "no data file" in found["rides_2013-04.parquet"]
    assert "partitioned folders are not read" in found["rides_2013-05.parquet"]
    with pytest.raises(SourceVanishedError, match="is not complete: it has no _SUCCESS"):
        source.fetch("2013-03", MARCH)
    (inbox / "rides_2013-03.parquet" / "_SUCCESS").touch()
    assert source.available() == ["2013-03"]


def test_a_part_outside_the_drop_folder_is_never_read(tmp_path) -> None:
    """A link among the parts that leads elsewhere keeps the folder from being taken; so does a folder that is such a link."""
    _, source, inbox = drop(tmp_path, PARQUET)
    rides(1).to_parquet(tmp_path / "secret.parquet")
    (spark(inbox, rides(1)) / "part-9.parquet").symlink_to(tmp_path / "secret.parquet")
    (tmp_path / "elsewhere").mkdir()
    (inbox / "rides_2013-04.parquet").symlink_to(tmp_path / "elsewhere")
    assert source.available() == []
    found = passed(source)
    assert "part-9.parquet is not a regular file inside the drop folder" in found["rides_2013-03.parquet"]
    assert "inside the drop folder" in found["rides_2013-04.parquet"]


def test_on_an_object_store_a_folder_needs_its_marker_unless_the_contract_says_atomic(tmp_path) -> None:
    """Objects appear whole, folders of them do not: without `_SUCCESS` only the contract's word makes one complete."""
    memory = fsspec.filesystem("memory")
    memory.pipe_file(f"/{tmp_path.name}/rides_2013-03.csv/part-0.csv", GOOD.encode())
    where = {"kind": "files", "address": f"memory://{tmp_path.name}", "pattern": "{table}_{key}.csv"}
    source = open_source(contract(source=where), tmp_path)
    assert source.available() == []
    assert "no _SUCCESS" in passed(source)["rides_2013-03.csv"]
    assert open_source(contract(source=where | {"complete_when": "atomic"}), tmp_path).available() == ["2013-03"]
    memory.pipe_file(f"/{tmp_path.name}/rides_2013-03.csv/_SUCCESS", b"")
    assert source.available() == ["2013-03"]
    assert len(source.fetch("2013-03", MARCH)["rides"]) == 1


@pytest.mark.parametrize(("marker", "name"), [("{table}_{key}.done", "rides_2013-03.done"), ("{key}.ok", "2013-03.ok")])
def test_a_marker_makes_a_delivery_complete(tmp_path, marker, name) -> None:
    """With a marker the file is not taken before it, and the marker is not mentioned as a stranger."""
    _, source, inbox = drop(tmp_path, complete_when={"marker": marker})
    (inbox / "rides_2013-03.csv").write_text(GOOD)
    assert source.available() == []
    assert passed(source) == {"rides_2013-03.csv": f"its marker {name} is not there"}
    with pytest.raises(SourceVanishedError, match="its marker"):
        source.fetch("2013-03", MARCH)
    (inbox / name).touch()
    assert source.available() == ["2013-03"]
    assert passed(source) == {}


def test_a_file_that_changed_a_moment_ago_is_waited_for_once(tmp_path, clock) -> None:
    """An ingest waits for the rest of the settle time, then takes what has not changed; a second look waits no more."""
    _, source, inbox = drop(tmp_path, complete_when={"settle": "30 seconds"})
    (inbox / "rides_2013-03.csv").write_text(GOOD)
    os.utime(inbox / "rides_2013-03.csv", (time.time() - 20, time.time() - 20))
    (inbox / "rides_2013-02.csv").write_text(GOOD)
    os.utime(inbox / "rides_2013-02.csv", (0, 0))
    assert "less than 30 seconds ago" in passed(source)["rides_2013-03.csv"]
    assert 9 < source.settle() <= 11
    assert source.available() == ["2013-02", "2013-03"]
    assert source.settle() == 0
    assert len(clock) == 1


def test_a_file_from_the_future_does_not_wait_for_ever(tmp_path, clock) -> None:
    """A writer whose clock is ahead: the file is complete when it was seen unchanged for the settle time."""
    _, source, inbox = drop(tmp_path)
    (inbox / "rides_2013-03.csv").write_text(GOOD)
    os.utime(inbox / "rides_2013-03.csv", (time.time() + 9e6, time.time() + 9e6))
    assert source.settle() == pytest.approx(SETTLE_SECONDS)
    assert source.available() == ["2013-03"]


def test_a_file_that_goes_on_changing_is_passed_over(tmp_path, clock, monkeypatch) -> None:
    """What is written while the ingest waits is not taken by it, whoever asks; nor are outcomes."""
    _, source, inbox = drop(tmp_path)
    (inbox / "rides_2013-03.csv").write_text(HEADER)
    (inbox / "outcomes_2013-03.csv").write_text("id,late\n")

    def written_on(seconds: float) -> None:
        clock.append(seconds)
        for name in ("rides", "outcomes"):
            with (inbox / f"{name}_2013-03.csv").open("a") as file:
                file.write("1,true\n" if name == "outcomes" else GOOD)
            os.utime(inbox / f"{name}_2013-03.csv", (files_module.time.time(), files_module.time.time()))

    monkeypatch.setattr(files_module.time, "sleep", written_on)
    source.settle()
    assert source.available() == []
    assert source.outcomes("2013-03", MARCH) is None
    with pytest.raises(SourceVanishedError, match="may still be written"):
        source.fetch("2013-03", MARCH)


def test_nothing_settles_where_deliveries_are_atomic(tmp_path, clock) -> None:
    """Writers that rename need no time; and whoever does not ask for settling, such as a backtest, never waits."""
    _, source, inbox = drop(tmp_path, complete_when="atomic")
    (inbox / "rides_2013-03.csv").write_text(GOOD)
    assert source.settle() == 0
    assert source.available() == ["2013-03"]
    _, other, _ = drop(tmp_path)
    assert other.available() == ["2013-03"]
    assert clock == []


def test_what_lies_there_and_is_not_taken_is_named(tmp_path) -> None:
    """A batch that lacks a table, a name that almost fits, another ending: each by name, with why."""
    more = contract().tables["rides"].model_dump(mode="json")
    spec = contract(
        source={"kind": "files", "address": "inbox", "pattern": "{table}_{key}.csv", "complete_when": "atomic"},
        tables={"rides": more, "weather": more},
    )
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for name in ("rides_2013-03.csv", "Rides_2013-04.csv", "rides_2013-4.csv", "rides_2013-05.csv.part", ".rides.swp"):
        (inbox / name).write_text(GOOD)
    found = passed(open_source(spec, tmp_path))
    assert set(found) == {"weather_2013-03.csv", "Rides_2013-04.csv", "rides_2013-4.csv", "rides_2013-05.csv.part"}
    assert "batch 2013-03 has other tables" in found["weather_2013-03.csv"]


def test_a_fingerprint_differs_when_a_file_was_written_again(tmp_path) -> None:
    """Size, time and the contract's encoding make it; looking does not change it, and a listing gives the same."""
    _, source, inbox = drop(tmp_path)
    path = inbox / "rides_2013-03.csv"
    path.write_text(GOOD)
    first = source.fingerprint("2013-03")
    assert source.fingerprints() == {"2013-03": first}
    assert drop(tmp_path, dialect={"encoding": "latin-1"})[1].fingerprint("2013-03") != first
    os.utime(path, (1, 1))
    touched = source.fingerprint("2013-03")
    path.write_text(GOOD + "\n")
    os.utime(path, (1, 1))
    assert len({first, touched, source.fingerprint("2013-03")}) == 3


def test_an_unreadable_file_hands_over_all_that_was_delivered(tmp_path) -> None:
    """The bytes of every table come with the reason, also of a table that could be read."""
    more = contract().tables["rides"].model_dump(mode="json")
    where = {"kind": "files", "address": "inbox", "pattern": "{table}_{key}.csv"}
    source = open_source(contract(source=where, tables={"rides": more, "weather": more}), tmp_path)
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "rides_2013-03.csv").write_text(GOOD)
    (tmp_path / "inbox" / "weather_2013-03.csv").write_bytes(b"")
    with pytest.raises(UnreadableDeliveryError, match=r"weather_2013-03\.csv: the file is empty") as caught:
        source.fetch("2013-03", MARCH)
    assert caught.value.tables == {"rides": (GOOD.encode(), "csv"), "weather": (b"", "csv")}
