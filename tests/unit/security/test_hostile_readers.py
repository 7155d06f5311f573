"""Deliveries made to hurt the readers of compressed files and of JSON lines: small files that would fill the memory."""

from __future__ import annotations

import gzip
import io
import json
import tracemalloc
import zipfile
from collections.abc import Callable

import pyarrow as pa
import pytest

from gatehouse.adapters.parquet import MAX_COLUMNS
from gatehouse.adapters.sources import compression
from gatehouse.adapters.sources.json_rows import read_json
from gatehouse.errors import SourceError

MILLION = 2**20


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data)


def _zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return bytes(sink.getvalue())


def _zip(data: bytes) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rides.csv", data)
    return sink.getvalue()


def _zip_that_lies(data: bytes) -> bytes:
    """An archive whose directory says that its file has ten bytes."""
    return _zip(data).replace(len(data).to_bytes(4, "little"), (10).to_bytes(4, "little"))


@pytest.mark.parametrize(
    ("suffix", "pack"), [(".gz", _gzip), (".zst", _zstd), (".zip", _zip), (".zip", _zip_that_lies)],
    ids=["gzip", "zstd", "zip", "zip that lies"],
)  # fmt: skip
def test_a_compressed_bomb_is_refused_in_little_memory(
    monkeypatch: pytest.MonkeyPatch, suffix: str, pack: Callable[[bytes], bytes]
) -> None:
    """A file that unpacks to a hundred times what is read is refused by name; no more than the limit is unpacked."""
    monkeypatch.setattr(compression, "MAX_BYTES", MILLION)
    bomb = pack(bytes(100 * MILLION))
    assert len(bomb) < MILLION
    tracemalloc.start()
    with pytest.raises(SourceError, match=rf"rides\.csv{suffix}: (it holds more than|not a whole)"):
        compression.unpacked(bomb, f"rides.csv{suffix}")
    assert tracemalloc.get_traced_memory()[1] < 8 * MILLION
    tracemalloc.stop()


def test_names_that_multiply_are_refused_before_there_is_a_table() -> None:
    """Ten thousand lines with names of their own would be a table of ten thousand million cells: the line is named."""
    lines = "\n".join(json.dumps({f"n{line}_{name}": 1 for name in range(100)}) for line in range(10_000))
    with pytest.raises(SourceError, match=rf"rides\.jsonl: line 21: the file has more than {MAX_COLUMNS} names"):
        read_json(lines, "rides.jsonl")


@pytest.mark.parametrize(
    "line",
    [
        '{"a": ' * 100_000 + "1" + "}" * 100_000,
        '{"a": ' + "[" * 100_000,
        '{"a": ' + "9" * 10_000 + "}",
        '{"a": "\\ud800',
    ],
    ids=["deep", "never closed", "an endless number", "half a character"],
)
def test_a_line_made_to_crash_the_reader_is_named(line: str) -> None:
    """Nesting without end, numbers without end and broken texts are one named error of their line."""
    with pytest.raises(SourceError, match=r"rides\.jsonl: line 2: not one whole JSON object"):
        read_json('{"a": 1}\n' + line, "rides.jsonl")
