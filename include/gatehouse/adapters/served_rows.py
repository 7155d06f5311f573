"""Served rows in the lake: `served/USE_CASE/DAY/TIME-RANDOM.parquet`, each written once, whole, by one server."""

from __future__ import annotations

import secrets
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fsspec.implementations.local import LocalFileSystem

from gatehouse.adapters import parquet
from gatehouse.adapters.addresses import open_address
from gatehouse.adapters.lake import write_durably
from gatehouse.adapters.s3 import open_s3
from gatehouse.errors import LakeError, ServiceUnavailableError
from gatehouse.ports.serving import ServedRows

if TYPE_CHECKING:
    import pandas as pd

FOLDER = "served"


def open_served_rows(lake: str) -> FileServedRows:
    """The served rows of the lake at this address."""
    return FileServedRows(*(open_s3(lake) if lake.startswith("s3://") else open_address(lake)))


class FileServedRows(ServedRows):
    """`ports.ServedRows` on an fsspec file system."""

    def __init__(self, filesystem: Any, root: str) -> None:
        self._filesystem, self._root = filesystem, f"{root.rstrip('/')}/{FOLDER}"

    def append(self, use_case: str, frame: pd.DataFrame, at: datetime) -> None:
        at = at.astimezone(UTC)
        address = f"{self._root}/{use_case}/{at:%Y-%m-%d}/{at:%H%M%S%f}-{secrets.token_hex(4)}.parquet"
        data = parquet.encode(frame)
        try:
            if isinstance(self._filesystem, LocalFileSystem):
                write_durably(Path(address), data)
            else:
                self._filesystem.pipe_file(address, data)
        except OSError as error:
            raise ServiceUnavailableError(f"{address} cannot be written: {error}") from error

    def days(self, use_case: str) -> list[date]:
        found = []
        for name in self._names(f"{self._root}/{use_case}"):
            with suppress(ValueError):
                found.append(date.fromisoformat(name))
        return sorted(found)

    def files(self, use_case: str, first: date, last: date) -> list[str]:
        days = [day for day in self.days(use_case) if first <= day <= last]
        return [
            f"{use_case}/{day}/{name}"
            for day in days
            for name in sorted(self._names(f"{self._root}/{use_case}/{day}"))
            if name.endswith(".parquet") and not name.startswith(".")
        ]

    def read(self, file: str) -> pd.DataFrame:
        try:
            return parquet.decode(self._filesystem.cat_file(f"{self._root}/{file}"))
        except FileNotFoundError as error:
            raise LakeError(f"{self._root}/{file} is gone") from error
        except ValueError as error:
            raise LakeError(f"{self._root}/{file}: {error}") from error
        except OSError as error:
            raise ServiceUnavailableError(f"{self._root}/{file} cannot be read: {error}") from error

    def _names(self, folder: str) -> list[str]:
        try:
            self._filesystem.invalidate_cache()
            return [str(entry).rstrip("/").rpartition("/")[2] for entry in self._filesystem.ls(folder, detail=False)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ServiceUnavailableError(f"{folder} cannot be listed: {error}") from error
