"""The source `files`: a drop folder of CSV, JSON lines or Parquet files, local or at any fsspec address.

A batch is complete when each table of the contract has its delivery: a file, or a folder of part files, whose name is
exactly the pattern and which `complete_when` calls complete. The outcomes of a batch are table `outcomes`. In a local
folder only regular files are read whose real path stays inside it. docs/how-to/deliver-files.md is for who writes them.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from gatehouse.adapters.addresses import open_address
from gatehouse.adapters.sources import delivery_parts, large_files, normalise
from gatehouse.adapters.sources.delivered_files import DeliveredFiles
from gatehouse.adapters.sources.drop_folder import OUTCOMES, Delivery, Folder, Listing
from gatehouse.adapters.sources.file_formats import FORMATS, PLAIN, adapted, read_table
from gatehouse.adapters.sources.settling import Settling
from gatehouse.core.audit.canonical_json import digest
from gatehouse.core.config.dialect import Dialect
from gatehouse.errors import ConfigurationError, SourceError, SourceVanishedError, UnreadableDeliveryError
from gatehouse.ports import PassedOver, Source, Ways

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import pandas as pd

    from gatehouse.core.config.contract import Contract, FilesSource
    from gatehouse.core.contract.batch_calendar import Interval


class FileSource(Source):
    """Files whose names follow the contract's `pattern`; a relative address is below the use case's folder."""

    def __init__(self, contract: Contract, spec: FilesSource, folder: Path) -> None:
        _check(spec)
        self._contract, self._spec = contract, spec
        address = spec.address if "://" in spec.address else str(folder / spec.address)
        try:
            filesystem, root = open_address(address)
        except (ImportError, ValueError) as error:
            raise _wrong("cannot be opened", "address", f"{spec.address!r}: {error}") from error
        self._folder = Folder(filesystem, root, contract, spec)
        self._files, self._settling = DeliveredFiles(self._folder), Settling(spec, self._folder.local)
        self._settled_only = False

    def available(self) -> list[str]:
        """The keys for which every table of the contract has its complete delivery."""
        complete = self._complete(self._folder.look())
        keys = {key for _, key in complete}
        return sorted(key for key in keys if all((table, key) in complete for table in self._contract.tables))

    def passed_over(self) -> list[PassedOver]:
        """Deliveries that are not complete, batches that lack a table, and files whose names do not fit."""
        listing = self._folder.look()
        complete = self._complete(listing)
        waiting = [PassedOver(each.name, each.waits) for each in listing.deliveries.values() if each.waits]
        waiting += [
            PassedOver(
                each.name, f"it changed less than {self._settling.seconds:g} seconds ago and may still be written"
            )
            for each in listing.deliveries.values()
            if not each.waits and self._settling.remaining(each) > 0
        ]
        lacking = [
            PassedOver(self._folder.name(table, key), f"it is not there; batch {key} has other tables already")
            for key in sorted({key for table, key in complete if table != OUTCOMES})
            for table in self._contract.tables
            if (table, key) not in listing.deliveries
        ]
        return sorted([*waiting, *lacking, *listing.strays], key=lambda each: each.name)

    def settle(self) -> float:
        """Wait, once, until what is there has settled; what changes meanwhile, or comes later, is passed over."""
        self._settled_only = True
        left = [self._settling.remaining(each) for each in self._folder.look().deliveries.values() if not each.waits]
        seconds = max(left, default=0.0)
        if seconds > 0:
            time.sleep(seconds)
        return max(seconds, 0.0)

    def fingerprint(self, key: str) -> str | None:
        """Size and time of writing (or the store's own version) of each file of the batch."""
        found = {table: self._folder.find(table, key) for table in self._contract.tables}
        return self._fingerprint({table: each for table, each in found.items() if each is not None})

    def fingerprints(self) -> Mapping[str, str]:
        """The fingerprints of all available batches out of one listing."""
        listing = self._folder.look()
        return {
            key: self._fingerprint({table: listing.deliveries[table, key] for table in self._contract.tables})
            for key in self.available()
            if all((table, key) in listing.deliveries for table in self._contract.tables)
        }

    def fetch(self, key: str, interval: Interval) -> Mapping[str, pd.DataFrame]:
        """The tables of the files. SourceVanishedError when one is gone by now or was written meanwhile;
        UnreadableDeliveryError, with all that was delivered, when a table cannot be read."""
        found = {table: self._found(table, key) for table in self._contract.tables}
        files = {table: self._files.read(each) for table, each in found.items()}
        for table, each in found.items():
            self._files.refuse_changed(each, self._folder.find(table, key))

        def landable(table: str) -> pd.DataFrame:
            frame = self._table(found[table], files[table])
            return normalise.tables(self._contract, {table: frame}, {table: found[table].name})[table]

        return self._readable(landable, found, files)

    @contextmanager
    def parts(self, key: str, interval: Interval) -> Iterator[Mapping[str, Ways]]:
        """As `fetch`; a large delivery is read again and again in parts, until one way of reading it fits."""
        found = {table: self._found(table, key) for table in self._contract.tables}
        if all(sum(file.size for file in each.parts) <= large_files.LARGE for each in found.values()):
            with super().parts(key, interval) as tables:
                yield tables
            return
        yield {table: self._ways(each, key, interval) for table, each in found.items()}
        for table, each in found.items():
            self._files.refuse_changed(each, self._folder.find(table, key))

    def _ways(self, found: Delivery, key: str, interval: Interval) -> Ways:
        where = f"{self._folder.root}/{found.name}"

        def parts() -> Iterator[pd.DataFrame]:
            opened = {f"{self._folder.root}/{file.name}": partial(self._files.opened, file) for file in found.parts}
            return large_files.tables(opened, self._suffix, self._dialect(found.table))

        return [
            lambda: normalise.declared_parts(self._contract, found.table, parts(), where),
            lambda: normalise.delivered_parts(parts(), where),
            lambda: [self.fetch(key, interval)[found.table]],
        ]

    def outcomes(self, key: str, interval: Interval) -> pd.DataFrame | None:
        """The table of the outcomes file, or None while there is no complete one."""
        if (OUTCOMES, key) not in self._complete(self._folder.look()):
            return None
        found = self._found(OUTCOMES, key)
        files = self._files.read(found)
        self._files.refuse_changed(found, self._folder.find(OUTCOMES, key))
        tables = self._readable(lambda _: self._table(found, files), {OUTCOMES: found}, {OUTCOMES: files})
        return normalise.outcomes(self._contract, tables[OUTCOMES], found.name)

    def _complete(self, listing: Listing) -> dict[tuple[str, str], Delivery]:
        return {
            about: each
            for about, each in listing.deliveries.items()
            if not each.waits and (not self._settled_only or self._settling.remaining(each) <= 0)
        }

    @property
    def _suffix(self) -> str:
        return next(suffix for suffix in FORMATS if self._spec.pattern.endswith(suffix))

    def _fingerprint(self, found: Mapping[str, Delivery]) -> str:
        files = {table: [(file.name, file.size, file.version) for file in each.parts] for table, each in found.items()}
        dialects = {table: self._dialect(table).model_dump(mode="json", exclude_defaults=True) for table in found}
        return digest({"files": files, "dialects": dialects})

    def _dialect(self, table: str) -> Dialect:
        return self._contract.dialect(table) or Dialect()

    def _found(self, table: str, key: str) -> Delivery:
        found = self._folder.find(table, key)
        where = f"{self._folder.root}/{self._folder.name(table, key)}"
        if found is None:
            raise SourceVanishedError(f"{where} is not there; it was removed or was never delivered")
        if found.waits:
            raise SourceVanishedError(f"{where} is not complete: {found.waits}")
        if self._settled_only and self._settling.remaining(found) > 0:
            raise SourceVanishedError(
                f"{where} changed less than {self._settling.seconds:g} seconds ago and may still be written"
            )
        return found

    def _table(self, found: Delivery, files: Mapping[str, bytes]) -> pd.DataFrame:
        where, dialect = f"{self._folder.root}/{found.name}", self._dialect(found.table)
        if found.is_folder:
            frame = delivery_parts.table_of(files, where, self._suffix, dialect)
        else:
            frame = read_table(files[""], where, dialect)
        return adapted(frame, where, dialect)

    def _readable(
        self,
        table_of: Callable[[str], pd.DataFrame],
        found: Mapping[str, Delivery],
        files: Mapping[str, Mapping[str, bytes]],
    ) -> dict[str, pd.DataFrame]:
        """Every table, or UnreadableDeliveryError with the bytes of all: whatever a reader raises is about the bytes it read."""
        tables, faults = {}, []
        for table in found:
            try:
                tables[table] = table_of(table)
            except MemoryError:
                raise
            except SourceError as error:
                faults.append(str(error))
            except Exception as error:
                faults.append(f"{self._folder.root}/{found[table].name}: {type(error).__name__}: {error}")
        if faults:
            raise UnreadableDeliveryError(faults, {table: self._raw(found[table], files[table]) for table in found})
        return tables

    def _raw(self, found: Delivery, files: Mapping[str, bytes]) -> tuple[bytes, str]:
        return (delivery_parts.kept(files), "tar") if found.is_folder else (files[""], self._suffix.lstrip("."))


def _check(spec: FilesSource) -> None:
    if "{table}" not in spec.pattern or "{key}" not in spec.pattern or ".." in spec.pattern.split("/"):
        raise _wrong("must hold `{table}` and `{key}`, and no `..`", "pattern", repr(spec.pattern))
    if spec.pattern.endswith((".xlsx", ".xls", ".xlsb", ".ods")):
        what = "names a workbook, and no reader of workbooks is installed: save the sheet as CSV"
        raise _wrong(what, "pattern", repr(spec.pattern))
    if not spec.pattern.endswith(FORMATS):
        allowed = f"{', '.join(PLAIN)}, each also with .gz, .zst or .zip behind it"
        raise _wrong(f"must end in one of {allowed}", "pattern", repr(spec.pattern))


def _wrong(what: str, key: str, found: Any) -> ConfigurationError:
    return ConfigurationError(
        f"it {what}", where=f"contract.yaml: source.{key}", found=str(found), owner="data engineer"
    )
