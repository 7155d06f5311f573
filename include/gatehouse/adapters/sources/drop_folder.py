"""What lies in a drop folder: the deliveries, which of them are complete, and what is passed over with the reason.

A delivery is a file, or a folder of part files, whose name is exactly the contract's pattern. Only names and markers are
looked at here; `written` and `size` let the source wait for a file that still changes.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fsspec.implementations.local import LocalFileSystem

from gatehouse.core.config.contract import Marker
from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.errors import ConfigurationError, ServiceUnavailableError, SourceError
from gatehouse.ports import PassedOver

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gatehouse.core.config.contract import Contract, FilesSource

OUTCOMES, SUCCESS = "outcomes", "_SUCCESS"
_VERSIONS = ("ETag", "etag", "md5Hash", "content_md5", "LastModified", "last_modified", "mtime", "updated", "created")
_WRITTEN = ("mtime", "LastModified", "last_modified", "updated", "created")


@dataclass(frozen=True)
class File:
    """A file by its name below the drop folder. `version` differs when it was written again; `written` is the moment of
    that by the store's clock, in seconds since 1970, or None where the store does not say."""

    name: str
    size: int
    version: str
    written: float | None


@dataclass(frozen=True)
class Delivery:
    """One table of one batch. `parts` are its data files in the order of their names; `finished` says that its writer has
    left its success marker in the folder; `waits` says why it is not complete (empty when it is)."""

    table: str
    key: str
    name: str
    parts: tuple[File, ...]
    is_folder: bool = False
    finished: bool = False
    waits: str = ""


@dataclass(frozen=True)
class Listing:
    """All deliveries by table and key, and what else lies there."""

    deliveries: dict[tuple[str, str], Delivery]
    strays: tuple[PassedOver, ...]


class Folder:
    """A drop folder at any fsspec address; in a local one nothing outside of it is ever read."""

    def __init__(self, filesystem: Any, root: str, contract: Contract, spec: FilesSource) -> None:
        self.filesystem, self._contract, self._spec = filesystem, contract, spec
        self.local = isinstance(filesystem, LocalFileSystem)
        self.root = os.path.realpath(root) if self.local else root.rstrip("/")

    def name(self, table: str, key: str) -> str:
        """How the delivery of a table is called."""
        return self._spec.pattern.replace("{table}", table).replace("{key}", key)

    def look(self) -> Listing:
        """Everything that lies in the folder now; SourceError when there is no such folder."""
        try:
            self.filesystem.invalidate_cache()
            if not self.filesystem.isdir(self.root):
                raise SourceError(
                    f"the drop folder {self.root} does not exist; "
                    "contract.yaml (data engineer) names it as source.address"
                )
            entries = list(self._walk("", 1))
        except OSError as error:
            raise ServiceUnavailableError(f"the drop folder {self.root} cannot be listed: {error}") from error
        names = {entry.name for entry in entries if isinstance(entry, File)}
        deliveries: dict[tuple[str, str], Delivery] = {}
        strays = []
        for entry in entries:
            if isinstance(entry, Delivery):
                deliveries[entry.table, entry.key] = self._marked(entry, names)
            elif isinstance(entry, PassedOver):
                strays.append(entry)
            elif not self._is_marker(entry.name):
                strays.append(
                    PassedOver(entry.name, f"the name is not {self._spec.pattern}, or no key of the contract")
                )
        return Listing(deliveries, tuple(strays))

    def find(self, table: str, key: str) -> Delivery | None:
        """One delivery as it is now; None when it is not there, SourceError when it may not be read."""
        name = self.name(table, key)
        try:
            self.filesystem.invalidate_cache()
            entry = self._entry(name, self.filesystem.info(self._address(name)))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ServiceUnavailableError(f"{self._address(name)} cannot be looked at: {error}") from error
        if isinstance(entry, PassedOver):
            raise SourceError(f"{self._address(name)} {entry.reason}")
        return self._marked(entry, set()) if isinstance(entry, Delivery) else None

    def _address(self, name: str) -> str:
        return f"{self.root}/{name}"

    def _walk(self, folder: str, depth: int) -> Iterator[File | Delivery | PassedOver]:
        """Files and folders down to the depth of the pattern, hidden ones left out unless they are deliveries."""
        for info in self._children(folder):
            name = self._name_of(info)
            entry = self._entry(name, info)
            if entry is not None and not isinstance(entry, File):
                yield entry
            elif _is_folder(info) and depth <= self._spec.pattern.count("/") and not _hidden(name):
                try:
                    yield from self._walk(name, depth + 1)
                except PermissionError:
                    yield PassedOver(name, "the folder may not be opened: permission denied")
            elif entry is not None and (self._is_marker(name) or not _hidden(name)):
                yield entry

    def _children(self, folder: str) -> list[dict[str, Any]]:
        address = self._address(folder).rstrip("/")
        found = self.filesystem.ls(address, detail=True)
        return sorted((info for info in found if info["name"].rstrip("/") != address), key=lambda info: info["name"])

    def _name_of(self, info: dict[str, Any]) -> str:
        return str(info["name"])[len(self.root) :].strip("/")

    def _entry(self, name: str, info: dict[str, Any]) -> File | Delivery | PassedOver | None:
        """What an entry is; None for a folder that is no delivery."""
        match = self._names.fullmatch(name)
        known = match is not None and self._is_key(match["key"])
        if self.local and not self._inside(name):
            return PassedOver(name, "is not a regular file inside the drop folder and is not read") if known else None
        folder = _is_folder(info) or (self.local and (Path(self.root) / name).is_dir())
        if match is None or not known:
            return None if folder else self._file(name, info)
        if folder:
            return self._in_parts(match["table"], match["key"], name)
        return Delivery(match["table"], match["key"], name, (self._file(name, info),))

    def _in_parts(self, table: str, key: str, name: str) -> Delivery:
        """A folder as Spark and others write it: its data files, and whether its writer has finished."""
        children = self._children(name)
        names = {self._name_of(info).rpartition("/")[2] for info in children}
        parts = [info for info in children if not _hidden(self._name_of(info))]
        nested = [self._name_of(info) for info in parts if _is_folder(info)]
        outside = [self._name_of(info) for info in parts if self.local and not self._inside(self._name_of(info))]
        waits = ""
        if nested:
            waits = f"it holds the folder {nested[0].rpartition('/')[2]}; partitioned folders are not read"
        elif outside:
            waits = f"its part {outside[0].rpartition('/')[2]} is not a regular file inside the drop folder"
        elif SUCCESS not in names and not parts:
            waits = "it holds no data file yet"
        elif SUCCESS not in names and self._spec.complete_when != "atomic" and not self._marker:
            waits = self._unfinished(names)
        files = () if nested or outside else tuple(self._file(self._name_of(info), info) for info in parts)
        return Delivery(table, key, name, files, True, SUCCESS in names, waits)

    def _unfinished(self, names: set[str]) -> str:
        """Why a folder without its success marker is not complete; empty when only time can tell."""
        if "_temporary" in names or not (self.local or self._spec.complete_when):
            return f"it has no {SUCCESS}: its writer has not finished"
        return ""

    def _file(self, name: str, info: dict[str, Any]) -> File:
        if self.local:
            status = (Path(self.root) / name).stat()
            return File(name, status.st_size, f"{status.st_mtime_ns}", status.st_mtime)
        version = " ".join(f"{key}={info[key]}" for key in _VERSIONS if info.get(key) is not None)
        return File(name, int(info.get("size") or 0), version, _moment(info))

    def _inside(self, name: str) -> bool:
        path = Path(self.root, name).resolve()
        return path.is_relative_to(self.root) and (path.is_file() or path.is_dir())

    def _is_key(self, key: str) -> bool:
        try:
            batch_interval(self._contract.frequency, key)
        except ConfigurationError:
            return False
        return True

    @cached_property
    def _names(self) -> re.Pattern[str]:
        return _regex(self._spec.pattern, [*self._contract.tables, OUTCOMES])

    @property
    def _marker(self) -> str:
        rule = self._spec.complete_when
        return rule.marker if isinstance(rule, Marker) else ""

    def _is_marker(self, name: str) -> bool:
        tables = [*self._contract.tables, OUTCOMES]
        return bool(self._marker) and _regex(self._marker, tables).fullmatch(name) is not None

    def _marked(self, delivery: Delivery, names: set[str]) -> Delivery:
        """The delivery, which waits while the marker that the contract asks for is not there."""
        if not self._marker or delivery.waits:
            return delivery
        marker = self._marker.replace("{table}", delivery.table).replace("{key}", delivery.key)
        if "{key}" not in self._marker:
            marker = f"{delivery.name}/{marker}"
        there = marker in names or self.filesystem.exists(self._address(marker))
        return delivery if there else Delivery(**{**vars(delivery), "waits": f"its marker {marker} is not there"})


def _regex(pattern: str, tables: Sequence[str]) -> re.Pattern[str]:
    text = re.escape(pattern)
    text = text.replace(r"\{table\}", f"(?P<table>{'|'.join(map(re.escape, tables))})", 1)
    text = text.replace(r"\{key\}", r"(?P<key>[\dQTW-]+)", 1)
    return re.compile(text.replace(r"\{table\}", "(?P=table)").replace(r"\{key\}", "(?P=key)"))


def _is_folder(info: dict[str, Any]) -> bool:
    return bool(info["type"] == "directory")


def _hidden(name: str) -> bool:
    """Names that no tool takes for data: `_SUCCESS`, `_temporary`, `.part-0.crc`."""
    return name.rpartition("/")[2].startswith((".", "_"))


def _moment(info: dict[str, Any]) -> float | None:
    found = next((info[key] for key in _WRITTEN if info.get(key) is not None), None)
    if isinstance(found, datetime):
        return found.timestamp()
    return float(found) if isinstance(found, int | float) else None
