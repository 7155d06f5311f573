"""The source `files`: a drop folder of CSV or Parquet files, local or at any fsspec address.

A delivery is complete when each table of the contract has its file. Writers make a file appear whole by renaming it:
only names of exactly the pattern are looked at, so `x.csv.part` is not. The outcomes of a batch are table `outcomes`.
In a local folder only regular files are read whose real path stays inside it.
"""

from __future__ import annotations

import codecs
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from gatehouse.adapters.sources import delivery
from gatehouse.adapters.sources.tables import FORMATS, MAX_BYTES, read_table
from gatehouse.errors import ConfigurationError, SourceError, SourceVanished, Unreachable
from gatehouse.ports import Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from gatehouse.core.calendar import Interval
    from gatehouse.core.specs.contract import Contract, FilesSource

OUTCOMES = "outcomes"


class DropFolder(Source):
    """Files whose names follow the contract's `pattern`; a relative address is below the use case's folder."""

    def __init__(self, contract: Contract, spec: FilesSource, folder: Path) -> None:
        _check(spec)
        self._contract, self._spec = contract, spec
        address = spec.address if "://" in spec.address else str(folder / spec.address)
        try:
            self._filesystem, root = fsspec.core.url_to_fs(address)
        except (ImportError, ValueError) as error:
            raise _wrong("cannot be opened", "address", f"{spec.address!r}: {error}") from error
        self._local = isinstance(self._filesystem, LocalFileSystem)
        self._root = os.path.realpath(root) if self._local else root.rstrip("/")

    def available(self) -> list[str]:
        """The keys for which every table of the contract has its file."""
        files = self._files()
        keys = {key for _, key in files}
        complete = {key for key in keys if all((table, key) in files for table in self._contract.tables)}
        return delivery.in_order(self._contract, complete, f"drop folder {self._root}")

    def fetch(self, key: str, interval: Interval) -> Mapping[str, pd.DataFrame]:
        """The tables of the files; SourceVanished when one is gone by now."""
        names = {table: self._name(table, key) for table in self._contract.tables}
        return delivery.tables(self._contract, {table: self._read(name) for table, name in names.items()}, names)

    def outcomes(self, key: str, interval: Interval) -> pd.DataFrame | None:
        """The table of the outcomes file, or None while there is no such file."""
        if (OUTCOMES, key) not in self._files():
            return None
        name = self._name(OUTCOMES, key)
        return delivery.outcomes(self._contract, self._read(name), name)

    def _name(self, table: str, key: str) -> str:
        return self._spec.pattern.replace("{table}", table).replace("{key}", key)

    def _files(self) -> set[tuple[str, str]]:
        """The (table, key) of every finished file."""
        names = re.escape("|".join([*self._contract.tables, OUTCOMES])).replace(r"\|", "|")
        pattern = (
            re.escape(self._spec.pattern)
            .replace(r"\{table\}", f"(?P<table>{names})")
            .replace(r"\{key\}", r"(?P<key>[\dW-]+)")
        )
        matches = (re.fullmatch(pattern, name) for name in self._listed())
        return {(match["table"], match["key"]) for match in matches if match}

    def _listed(self) -> list[str]:
        try:
            if not self._filesystem.isdir(self._root):
                raise SourceError(
                    f"the drop folder {self._root} does not exist; "
                    "contract.yaml (data engineer) names it as source.address"
                )
            self._filesystem.invalidate_cache()
            found = self._filesystem.find(self._root, maxdepth=self._spec.pattern.count("/") + 1)
        except OSError as error:
            raise Unreachable(f"the drop folder {self._root} cannot be listed: {error}") from error
        names = [address[len(self._root) :].lstrip("/") for address in found]
        return [name for name in names if not self._local or self._inside(name)]

    def _inside(self, name: str) -> bool:
        path = (Path(self._root) / name).resolve()
        return path.is_relative_to(self._root) and path.is_file()

    def _read(self, name: str) -> pd.DataFrame:
        where = f"{self._root}/{name}"
        if self._local and Path(where).exists() and not self._inside(name):
            raise SourceError(f"{where} is not a regular file inside the drop folder and is not read")
        try:
            data = _local_bytes(os.path.realpath(where)) if self._local else self._remote_bytes(where)
        except FileNotFoundError as error:
            raise SourceVanished(f"{where} is not there; it was removed or was never delivered") from error
        except OSError as error:
            raise SourceVanished(f"{where} cannot be read: {error}") from error
        return read_table(data, where, self._spec.encoding)

    def _remote_bytes(self, where: str) -> bytes:
        _refuse_large(where, self._filesystem.info(where)["size"])
        data: bytes = self._filesystem.cat_file(where)
        return data


def _local_bytes(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise SourceError(f"{path} is not a regular file")
        _refuse_large(path, status.st_size)
        data = file.read()
        if len(data) != status.st_size or os.fstat(descriptor).st_mtime_ns != status.st_mtime_ns:
            raise SourceVanished(
                f"{path} was written while it was read; deliver files under another name and rename them"
            )
    return data


def _refuse_large(where: str, size: int) -> None:
    if size > MAX_BYTES:
        raise SourceError(f"{where}: found {size} bytes; at most {MAX_BYTES} are read")


def _check(spec: FilesSource) -> None:
    if "{table}" not in spec.pattern or "{key}" not in spec.pattern or ".." in spec.pattern.split("/"):
        raise _wrong("must hold `{table}` and `{key}`, and no `..`", "pattern", repr(spec.pattern))
    if not spec.pattern.endswith(FORMATS):
        raise _wrong(f"must end in {' or '.join(FORMATS)}", "pattern", repr(spec.pattern))
    try:
        codecs.lookup(spec.encoding)
    except LookupError as error:
        raise _wrong("is not an encoding that Python knows", "encoding", repr(spec.encoding)) from error


def _wrong(what: str, key: str, found: Any) -> ConfigurationError:
    return ConfigurationError(
        f"it {what}", where=f"contract.yaml: source.{key}", found=str(found), owner="data engineer"
    )
