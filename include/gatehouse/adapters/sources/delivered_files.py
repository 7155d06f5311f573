"""The bytes of delivered files, as long as they stay what they were when they were listed."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from gatehouse.adapters.sources.file_formats import MAX_BYTES
from gatehouse.errors import SourceError, SourceVanishedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatehouse.adapters.sources.drop_folder import Delivery, File, Folder


class DeliveredFiles:
    """Reads files of a drop folder. SourceVanishedError where one is gone by now, or is written while it is read."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder

    def read(self, found: Delivery) -> dict[str, bytes]:
        """The bytes of each part by its name within the delivery."""
        _refuse_large(f"{self._folder.root}/{found.name}", sum(file.size for file in found.parts))
        return {file.name[len(found.name) :].lstrip("/"): self._bytes(file) for file in found.parts}

    def _bytes(self, file: File) -> bytes:
        with self.opened(file) as stream:
            return stream.read()

    @contextmanager
    def opened(self, file: File) -> Iterator[IO[bytes]]:
        """A file to be read in parts; SourceVanishedError at the end where it was written meanwhile."""
        where = f"{self._folder.root}/{file.name}"
        try:
            with (
                _local(os.path.realpath(where)) if self._folder.local else self._folder.filesystem.open(where) as stream
            ):
                yield stream
        except FileNotFoundError as error:
            raise SourceVanishedError(f"{where} is not there; it was removed or was never delivered") from error
        except PermissionError as error:
            raise SourceError(f"{where} may not be read: permission denied; its owner must allow it") from error
        except OSError as error:
            raise SourceVanishedError(f"{where} cannot be read: {error}") from error

    def refuse_changed(self, before: Delivery, after: Delivery | None) -> None:
        """SourceVanishedError where a delivery is another one now than it was before it was read."""
        if after is None or before.parts != after.parts:
            raise SourceVanishedError(
                f"{self._folder.root}/{before.name} was written while it was read; "
                "deliver files under another name and rename them"
            )


@contextmanager
def _local(path: str) -> Iterator[IO[bytes]]:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise SourceError(f"{path} is not a regular file")
        yield file
        now = os.fstat(descriptor)
        if now.st_size != status.st_size or now.st_mtime_ns != status.st_mtime_ns:
            raise SourceVanishedError(
                f"{path} was written while it was read; deliver files under another name and rename them"
            )


def _refuse_large(where: str, size: int) -> None:
    if size > MAX_BYTES:
        raise SourceError(f"{where}: found {size} bytes; at most {MAX_BYTES} are read")
