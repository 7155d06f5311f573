"""The rows of exported files as tables below each other, one file after the other, in the order of their names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from gatehouse.adapters.addresses import open_address
from gatehouse.adapters.sources import large_files
from gatehouse.adapters.sources.file_formats import MAX_BYTES, adapted, read_table
from gatehouse.core.config.dialect import Dialect
from gatehouse.core.rows.with_columns import with_columns
from gatehouse.errors import ConfigurationError, ServiceUnavailableError, SourceError
from gatehouse.ports import PartsDifferError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import pandas as pd

    from gatehouse.core.config.contract import Contract

_NULL = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True)
class Version:
    """A file as it is now: its size, and a text that differs when it is written again."""

    size: int
    text: str


@dataclass(frozen=True)
class Part:
    """Some rows of a file, and how many rows of all files are above them."""

    version: str
    first: int
    frame: pd.DataFrame


class ExportedRows:
    """Exported files, local or at any fsspec address; a relative address is below the use case's folder."""

    def __init__(self, contract: Contract, folder: Path) -> None:
        self._contract, self._folder = contract, folder

    def versions(self, address: str) -> dict[str, Version]:
        """The files that an address names, in the order of their names."""
        filesystem, path = self._filesystem(address)
        try:
            found = sorted(filesystem.glob(path)) if any(mark in path for mark in "*?[") else [path]
            infos = {name: filesystem.info(name) for name in found if filesystem.isfile(name)}
        except OSError as error:
            raise ServiceUnavailableError(f"{address} cannot be listed: {error}") from error
        marks = ("size", "mtime", "ETag", "LastModified")
        return {
            name: Version(int(info.get("size") or 0), f"{name} {[info.get(mark) for mark in marks]}")
            for name, info in infos.items()
        }

    def parts(self, address: str, table: str, starts: Mapping[str, int] | None = None) -> Iterator[Part]:
        """The rows of all files, or of the versions in `starts`, which says how many rows are above each. SourceError where
        there is no file, and where one has other columns than those before it."""
        filesystem, _ = self._filesystem(address)
        versions = self.versions(address)
        if not versions:
            raise SourceError(f"{address}: no file is there; contract.yaml (data engineer) names it")
        dialect = self._contract.dialect(table) or Dialect()
        columns: list[str] = []
        rows = 0
        for name, version in versions.items():
            if starts is not None and version.text not in starts:
                continue
            rows = rows if starts is None else starts[version.text]
            for read in _frames(filesystem, name, version.size, dialect):
                frame = _with_folders(read, name.removeprefix(str(self._folder.absolute())))
                columns = columns or list(frame.columns)
                if set(frame.columns) != set(columns):
                    different = ", ".join(sorted(set(frame.columns) ^ set(columns)))
                    raise SourceError(f"{name}: it has other columns than the files before it: {different}")
                yield Part(version.text, rows, frame)
                rows += len(frame)

    def _filesystem(self, address: str) -> tuple[Any, str]:
        local = "://" not in address
        try:
            return open_address(str(self._folder / address) if local else address)
        except (ImportError, ValueError) as error:
            raise ConfigurationError(
                "it cannot be opened", where="contract.yaml: source", found=str(error), owner="data engineer"
            ) from error


def _with_folders(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """The table with the columns that its folders name, such as `year=2024/month=05`, after Hive. A column of the file's own
    stays."""
    folders = [part.partition("=") for part in name.split("/")[:-1] if "=" in part]
    found = {unquote(key): unquote(value) for key, _, value in folders if key and unquote(key) not in frame.columns}
    if not found:
        return frame
    import numpy as np
    import pandas as pd

    texts = pd.StringDtype(na_value=np.nan)
    made = {
        key: pd.Series([None if value == _NULL else value] * len(frame), dtype=texts) for key, value in found.items()
    }
    return with_columns(frame, made)


def _frames(filesystem: Any, name: str, size: int, dialect: Dialect) -> Iterator[pd.DataFrame]:
    """A large file in parts as far as that goes, and the rest of it from the whole."""
    given = 0
    if size > large_files.LARGE:
        try:
            for frame in large_files.tables({name: partial(filesystem.open, name, "rb")}, name, dialect):
                yield frame
                given += len(frame)
            return
        except PartsDifferError:
            pass
    data = filesystem.cat_file(name)
    if len(data) > MAX_BYTES:
        raise SourceError(f"{name}: found {len(data)} bytes; at most {MAX_BYTES} are read as a whole")
    whole = adapted(read_table(data, name, dialect), name, dialect)
    yield whole.iloc[given:].reset_index(drop=True) if given else whole
