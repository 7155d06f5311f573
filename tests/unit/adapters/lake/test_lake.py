from __future__ import annotations

import hashlib
import math
import multiprocessing
import os
import stat
from dataclasses import replace

import fsspec
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.adapters import lake as lake_module
from gatehouse.adapters import parquet
from gatehouse.adapters.lake import open_lake
from gatehouse.errors import ConfigurationError, LakeError
from support.contracts import rides


@pytest.fixture(params=["folder", "memory"])
def lake(request, tmp_path):
    """A lake in a folder, and one at an fsspec address."""
    if request.param == "folder":
        return open_lake(str(tmp_path / "lake"))
    return open_lake(f"memory://{tmp_path.name}/lake")


def test_files_are_named_by_their_content(lake) -> None:
    """What is put is read back, under its sha256; putting it again gives the same file."""
    file = lake.put(b"hello", "reports", "html")
    sha256 = hashlib.sha256(b"hello").hexdigest()
    assert file.path == f"reports/{sha256[:2]}/{sha256}.html"
    assert (file.sha256, file.size, file.rows) == (sha256, 5, None)
    assert lake.read(file) == b"hello"
    assert lake.put(b"hello", "reports", "html") == file


def test_putting_again_does_not_write_again(tmp_path) -> None:
    """The same content is stored once: its file is not touched a second time."""
    lake = open_lake(str(tmp_path))
    path = tmp_path / lake.put(b"hello", "reports", "html").path
    before = path.stat()
    lake.put(b"hello", "reports", "html")
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_frames_come_back_as_declared_types(lake) -> None:
    """A table is read with the declared types' dtypes and its values, nulls, infinities and NUL included."""
    frame = rides(speed=[1.0, math.inf, math.nan, 1e308], name=["a\x00b", None, "🛫", ""], id=[2**63 - 1, None, 0, 1])
    file = lake.put_frame(frame, "landed")
    assert file.rows == 4
    pd.testing.assert_frame_equal(lake.frame(file), frame)
    assert list(lake.frame(file, ["speed", "id"])) == ["speed", "id"]


@given(
    st.lists(st.tuples(st.none() | st.integers(-9, 9), st.none() | st.text(max_size=3)), max_size=30),
    st.integers(0, 30),
)
def test_equal_frames_give_equal_bytes(rows, cut) -> None:
    """However a frame came about (concatenated, other integer widths, other index), equal values are equal bytes."""
    ids, names = [row[0] for row in rows], [row[1] for row in rows]
    frame = pd.DataFrame({"id": pd.array(ids, dtype="Int64"), "name": pd.array(names, dtype="str")})
    other = pd.concat([frame.iloc[:cut], frame.iloc[cut:]]).set_index(pd.Index(range(7, 7 + len(frame))))
    other = other.assign(id=other["id"].astype("Int32"), name=other["name"].astype("object"))
    other.attrs["seen"] = True
    assert parquet.encode(other) == parquet.encode(frame)


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data[:-1] + b"?", lambda data: b""])
def test_changed_bytes_are_refused(tmp_path, damage) -> None:
    """A truncated, altered or emptied file is a LakeError naming the file, what was found and what was expected."""
    lake = open_lake(str(tmp_path))
    file = lake.put_frame(rides(), "landed")
    path = tmp_path / file.path
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(LakeError) as caught:
        lake.frame(file)
    assert str(path) in str(caught.value)
    assert f"expected {file.size} bytes with sha256 {file.sha256}" in str(caught.value)


def test_a_torn_file_is_mended_by_putting_it_again(tmp_path) -> None:
    """A file whose size is wrong (power loss) is replaced by the right bytes when they are put again."""
    lake = open_lake(str(tmp_path))
    file = lake.put(b"hello", "reports", "html")
    (tmp_path / file.path).write_bytes(b"he")
    assert lake.read(lake.put(b"hello", "reports", "html")) == b"hello"


def test_a_missing_file_is_named(lake) -> None:
    """A file that is gone is a LakeError with what should be there."""
    file = replace(lake.put(b"hello", "reports", "html"), path="reports/00/" + "0" * 64 + ".html")
    with pytest.raises(LakeError, match="is missing; expected 5 bytes"):
        lake.read(file)


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "landed/00/../../../x", "landed/ab/short.parquet"])
def test_only_lake_names_are_read(lake, path) -> None:
    """A path that is no lake name is refused before anything is opened."""
    with pytest.raises(LakeError, match="is not the name of a lake file"):
        lake.read(replace(lake.put(b"hello", "reports", "html"), path=path))


def test_wrong_row_counts_are_refused(tmp_path) -> None:
    """A table must have the rows that the ledger recorded."""
    lake = open_lake(str(tmp_path))
    with pytest.raises(LakeError, match="found 4 rows, expected 5"):
        lake.frame(replace(lake.put_frame(rides(), "landed"), rows=5))


def test_a_crash_before_the_rename_leaves_nothing_visible(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When writing stops before the rename, no file has its final name, and the next put succeeds."""
    lake = open_lake(str(tmp_path))
    monkeypatch.setattr(lake_module.os, "fsync", lambda descriptor: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(LakeError, match="disk full"):
        lake.put(b"hello", "reports", "html")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    monkeypatch.undo()
    assert lake.read(lake.put(b"hello", "reports", "html")) == b"hello"


def test_bytes_are_synced_before_and_folders_after_the_rename(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order that survives a power loss: sync the bytes, rename, sync the folder."""
    seen = []
    sync = os.fsync

    def watched(descriptor: int) -> None:
        seen.append((stat.S_ISDIR(os.fstat(descriptor).st_mode), any(tmp_path.rglob("*.html"))))
        sync(descriptor)

    monkeypatch.setattr(lake_module.os, "fsync", watched)
    open_lake(str(tmp_path)).put(b"hello", "reports", "html")
    assert seen[0] == (False, False)
    assert set(seen[1:]) == {(True, True)}


def put_many(address: str):
    """Twenty contents put into the lake, as one writer does it."""
    lake = open_lake(address)
    return [lake.put(bytes([number]) * 50_000, "reports", "bin") for number in range(20)]


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_writers_at_the_same_moment_agree(tmp_path) -> None:
    """Four processes that put the same contents leave one whole file each and nothing else."""
    with multiprocessing.get_context("fork").Pool(4) as pool:
        answers = pool.map_async(put_many, [str(tmp_path)] * 4).get(timeout=60)
    assert all(answer == answers[0] for answer in answers)
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 20
    assert [len(open_lake(str(tmp_path)).read(file)) for file in answers[0]] == [50_000] * 20


def test_what_no_file_can_hold_is_named() -> None:
    """A column of mixed values is a LakeError that names the column."""
    with pytest.raises(LakeError, match=r"column 'c' \(object\) cannot be stored"):
        open_lake("memory://mixed").put_frame(pd.DataFrame({"c": [1, "x"]}), "landed")


def test_tables_that_declare_too_much_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The declared number of rows is looked at before a row is read."""
    data = parquet.encode(rides(4))
    monkeypatch.setattr(parquet, "MAX_ROWS", 3)
    with pytest.raises(ValueError, match="it declares 4 rows; at most 3 are read"):
        parquet.decode(data)


def test_an_unknown_address_is_a_configuration_error() -> None:
    """A scheme that nobody knows is named with the variable to change."""
    with pytest.raises(ConfigurationError, match="GATEHOUSE_LAKE"):
        open_lake("nosuch://lake")


def test_memory_lakes_do_not_touch_the_disk() -> None:
    """The remote way writes through fsspec only."""
    open_lake("memory://remote/lake").put(b"hello", "reports", "html")
    assert len(fsspec.filesystem("memory").find("/remote/lake")) == 1
