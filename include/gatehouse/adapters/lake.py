"""The lake: immutable files named by their content, in a local folder or at any fsspec address.

A file lies at `<kind>/<first two hex digits>/<sha256>.<suffix>`. Locally it is written under a temporary name in its
own folder, synced, renamed, and the folder synced: it is visible only whole. Object stores make a put visible as a
whole themselves (see `s3`), and folders are nothing to them. Nothing here lists: whether a file is there is asked of the
file itself, by its name, so a listing that lags behind deceives nobody. What a crash leaves behind are names that begin
with a dot; nobody reads them.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import secrets
import shutil
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any

from fsspec.implementations.local import LocalFileSystem

from gatehouse.adapters import parquet
from gatehouse.adapters.addresses import open_address
from gatehouse.adapters.s3 import open_s3
from gatehouse.core.types import FileRef
from gatehouse.errors import ConfigurationError, LakeError, ServiceUnavailableError
from gatehouse.ports import Lake

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

_IN_MEMORY = 2**26  # bytes of a table that grows in memory; a larger one grows in a file
_BLOCK = 2**22
_synced: set[Path] = (
    set()
)  # folders whose names this process has synced; another one may have made them and not yet done so
_PATH = re.compile(r"[a-z0-9_-]+/[0-9a-f]{2}/[0-9a-f]{64}\.[a-z0-9.]+")


def open_lake(address: str) -> FileLake:
    """The lake at a folder, at `s3://bucket/prefix`, or at any other fsspec address."""
    if address.startswith("s3://"):
        return FileLake(*open_s3(address))
    try:
        filesystem, root = open_address(address)
    except (ImportError, ValueError) as error:
        raise ConfigurationError(
            "the lake cannot be opened", where="GATEHOUSE_LAKE", found=f"{address}: {error}"
        ) from error
    return FileLake(filesystem, root)


class FileLake(Lake):
    """`ports.Lake` on an fsspec file system."""

    def __init__(self, filesystem: Any, root: str) -> None:
        self._filesystem, self._root = filesystem, root.rstrip("/")
        self._local = isinstance(filesystem, LocalFileSystem)

    def put(self, data: bytes, kind: str, suffix: str) -> FileRef:
        """Store bytes; a file of this content that is there already is left alone."""
        return self._put(io.BytesIO(data), kind, suffix, None)

    def put_frame(self, frame: pd.DataFrame, kind: str) -> FileRef:
        """Store a table as Parquet; LakeError names a column that no file can hold."""
        return self.put_parts([frame], kind)

    def put_parts(self, frames: Iterable[pd.DataFrame], kind: str) -> FileRef:
        """Store the parts of a table as the one file that `put_frame` makes of the whole."""
        try:
            with SpooledTemporaryFile(_IN_MEMORY, dir=self._spool()) as stream:
                rows = parquet.encode_parts(frames, stream)
                return self._put(stream, kind, "parquet", rows)
        except ValueError as error:
            raise LakeError(f"a table of kind {kind!r} cannot be stored: {error}") from error
        except OSError as error:
            raise self._failed(self._root, error) from error

    def restore(self, file: FileRef, data: bytes) -> None:
        """Write the recorded bytes in the place of what is there now."""
        if hashlib.sha256(data).hexdigest() != file.sha256:
            raise LakeError(f"{file.path} cannot be restored from bytes with another sha256 than {file.sha256}")
        try:
            self._write(self._address(file.path), io.BytesIO(data))
        except OSError as error:
            raise self._failed(self._address(file.path), error) from error

    def read(self, file: FileRef) -> bytes:
        """The bytes, or LakeError with file, expected and found."""
        address = self._address(file.path)
        try:
            data: bytes = self._filesystem.cat_file(address)
        except FileNotFoundError as error:
            raise LakeError(f"{address} is missing; expected {file.size} bytes with sha256 {file.sha256}") from error
        except OSError as error:
            raise self._failed(address, error) from error
        found = hashlib.sha256(data).hexdigest()
        if found != file.sha256:
            raise LakeError(
                f"{address} is not what was stored: found {len(data)} bytes with sha256 {found}, "
                f"expected {file.size} bytes with sha256 {file.sha256}"
            )
        return data

    def frame(self, file: FileRef, columns: Sequence[str] | None = None, rows: range | None = None) -> pd.DataFrame:
        """The table with the declared types' dtypes, once the bytes have been checked."""
        try:
            frame = parquet.decode(self.read(file), columns, rows)
        except ValueError as error:
            raise LakeError(f"{self._address(file.path)}: {error}") from error
        expected = file.rows if rows is None else len(rows)
        if expected is not None and len(frame) != expected:
            raise LakeError(f"{self._address(file.path)}: found {len(frame)} rows, expected {expected}")
        return frame

    def columns(self, file: FileRef) -> tuple[str, ...]:
        return tuple(self.frame(file, rows=range(0)).columns)

    def ask(self, file: FileRef | None) -> str:
        """What is wrong with the lake, for a health check: a file that must be there is not, or nothing answers. Reads no
        content. Without a file only the lake's own address is asked for; a local folder may still be made then."""
        try:
            if file is not None and not self._there(self._address(file.path), file.size):
                return f"{self._address(file.path)} is missing or not {file.size} bytes long"
            if file is None:
                self._there(self._root, 0)
        except OSError as error:
            return str(self._failed(self._root, error))
        return ""

    def _put(self, stream: IO[bytes], kind: str, suffix: str, rows: int | None) -> FileRef:
        sha256, size = _hashed(stream)
        file = FileRef(f"{kind}/{sha256[:2]}/{sha256}.{suffix}", sha256, size, rows)
        address = self._address(file.path)
        try:
            if not self._there(address, size):
                self._write(address, stream)
        except OSError as error:
            raise self._failed(address, error) from error
        return file

    def _spool(self) -> str | None:
        """Where a table grows that is too large for memory: beside the lake's files; it has no name there."""
        if not self._local:
            return None
        Path(self._root).mkdir(parents=True, exist_ok=True)
        return self._root

    def _there(self, address: str, size: int) -> bool:
        """Whether the file is there with its size. One of another size is a torn one: writing the right bytes mends
        it.
        """
        try:
            return bool(self._filesystem.info(address)["size"] == size)
        except FileNotFoundError:
            return False

    def _write(self, address: str, stream: IO[bytes]) -> None:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(0)
        if self._local:
            write_durably(Path(address), stream)
            return
        with self._filesystem.open(address, "wb") as file:
            shutil.copyfileobj(stream, file, _BLOCK)
        if not self._there(address, size):  # a put that was cut short is not taken for one that was not
            raise OSError(f"{size} bytes were sent and are not there")

    def _address(self, path: str) -> str:
        if _PATH.fullmatch(path) is None:
            raise LakeError(f"{path!r} is not the name of a lake file; expected <kind>/<xx>/<sha256>.<suffix>")
        return f"{self._root}/{path}"

    def _failed(self, address: str, error: OSError) -> LakeError | ServiceUnavailableError:
        sentence = f"{address}: {type(error).__name__}: {error}"
        return LakeError(sentence) if self._local else ServiceUnavailableError(f"the lake does not answer: {sentence}")


def write_durably(path: Path, data: bytes | IO[bytes]) -> None:
    """Make `path` appear with exactly `data`, or what is left of a stream, surviving a crash or power loss at any point: all
    of it or nothing."""
    folder = path.parent
    known = folder in _synced and folder.is_dir()
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{path.name}.{secrets.token_hex(8)}.tmp"
    try:
        with temporary.open("xb") as file:
            shutil.copyfileobj(io.BytesIO(data) if isinstance(data, bytes) else data, file, _BLOCK)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    for above in (folder,) if known else (folder, folder.parent, folder.parent.parent):
        _sync(above)
    _synced.add(folder)


def _hashed(stream: IO[bytes]) -> tuple[str, int]:
    """The sha256 and size of all that a stream holds."""
    found, size = hashlib.sha256(), 0
    stream.seek(0)
    while block := stream.read(_BLOCK):
        found.update(block)
        size += len(block)
    return found.hexdigest(), size


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
