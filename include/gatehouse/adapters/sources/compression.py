"""Compressed deliveries by the last part of their name: `.gz`, `.zst`, and `.zip` with one file in it."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib

from gatehouse.errors import SourceError

MAX_BYTES = 2 * 2**30
COMPRESSIONS = (".gz", ".zst", ".zip")
_MAGIC = {b"\x1f\x8b": ".gz", b"\x28\xb5\x2f\xfd": ".zst", b"PK\x03\x04": ".zip"}


def plain_name(name: str) -> str:
    """The name without the suffix of a compression."""
    return next((name[: -len(suffix)] for suffix in COMPRESSIONS if name.endswith(suffix)), name)


def unpacked(data: bytes, name: str) -> bytes:
    """The file inside `data`. SourceError where it is damaged, larger than 2 GiB, or compressed without saying so."""
    suffix = name[len(plain_name(name)) :]
    if not suffix:
        _refuse_hidden(data, name)
        return data
    try:
        content = {".gz": _gzip, ".zst": _zstd, ".zip": _zip}[suffix](data, name)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise SourceError(f"{name}: not a whole {suffix} file: {error}") from error
    if len(content) > MAX_BYTES:
        raise SourceError(f"{name}: it holds more than {MAX_BYTES} bytes when unpacked; at most so many are read")
    return content


def _gzip(data: bytes, name: str) -> bytes:
    with gzip.open(io.BytesIO(data)) as file:
        return file.read(MAX_BYTES + 1)


def _zstd(data: bytes, name: str) -> bytes:
    import pyarrow as pa

    with pa.CompressedInputStream(pa.BufferReader(data), "zstd") as file:
        return bytes(file.read(MAX_BYTES + 1))


def _zip(data: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = [
            entry for entry in archive.infolist() if not entry.is_dir() and not entry.filename.startswith("__MACOSX/")
        ]
        if len(files) != 1:
            names = ", ".join(entry.filename for entry in files[:5]) or "nothing"
            raise SourceError(
                f"{name}: a zip file must hold one file; found {names}. Deliver each table in a file of its own"
            )
        with archive.open(files[0]) as file:
            return file.read(MAX_BYTES + 1)


def _refuse_hidden(data: bytes, name: str) -> None:
    """A compressed file under the name of a plain one."""
    suffix = next((suffix for magic, suffix in _MAGIC.items() if data.startswith(magic)), None)
    if suffix == ".zip" and b"[Content_Types].xml" in data[:4096]:
        raise SourceError(f"{name}: it is an Excel workbook: save the sheet as CSV")
    if suffix is not None:
        raise SourceError(
            f"{name}: its content is compressed: name it {name.rpartition('/')[2]}{suffix}, and end `source.pattern` so"
        )
