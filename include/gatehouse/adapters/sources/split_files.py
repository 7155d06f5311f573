"""The source `split_files`: files as they are exported, whose rows are divided into batches by their own time.

A row belongs to the batch in whose interval its time lies; one without a readable time goes with the row above it, and the
contract quarantines it. Files without time are cut into batches of `rows_per_batch` rows, in the order of names and rows.
Every process reads all files once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gatehouse.adapters.addresses import open_address
from gatehouse.adapters.sources import normalise
from gatehouse.adapters.sources.file_formats import MAX_BYTES, adapted, read_table
from gatehouse.columns import read
from gatehouse.core.audit.canonical_json import digest
from gatehouse.core.config.dialect import Dialect
from gatehouse.core.contract.batch_calendar import batch_interval, batch_key
from gatehouse.core.rows.row_keys import row_keys
from gatehouse.core.rows.with_columns import with_columns
from gatehouse.errors import ConfigurationError, ServiceUnavailableError, SourceError
from gatehouse.ports import Source
from gatehouse.table_types import read_declared

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from gatehouse.core.config.contract import Contract, SplitFilesSource
    from gatehouse.core.contract.batch_calendar import Interval

OUTCOMES = "outcomes"


@dataclass(frozen=True)
class _Read:
    """All rows of all files, the batch of each row, and for each batch the versions of its files."""

    rows: pd.DataFrame
    keys: pd.Series[str]
    files: Mapping[str, tuple[str, ...]]


class SplitFileSource(Source):
    """Exported files, local or at any fsspec address; a relative address is below the use case's folder."""

    def __init__(self, contract: Contract, spec: SplitFilesSource, folder: Path) -> None:
        self._contract, self._spec, self._folder = contract, spec, folder
        self._held: tuple[tuple[str, ...], _Read] | None = None

    def available(self) -> list[str]:
        """The keys of all batches that have rows; the newest one when its interval has ended or its rows are complete."""
        keys = sorted(self._read().files)
        if not keys or self._spec.rows_per_batch is not None:
            return keys
        ended = batch_interval(self._contract.frequency, keys[-1]).end <= datetime.now(UTC)
        return keys if ended else keys[:-1]

    def fetch(self, key: str, interval: Interval) -> Mapping[str, pd.DataFrame]:
        """The rows of the batch with the columns of the files, without the label."""
        main, label, frame = self._contract.main, self._contract.outcomes.label, self._rows(key)
        if label not in self._contract.tables[main].columns:
            frame = frame.drop(columns=label, errors="ignore")
        return normalise.tables(self._contract, {main: frame}, {main: f"{self._spec.files}, batch {key}"})

    def outcomes(self, key: str, interval: Interval) -> pd.DataFrame | None:
        """The labels of the batch's rows that have one: out of the rows themselves, or of the files of the outcomes."""
        spec, rows = self._contract.outcomes, self._rows(key)
        where = self._spec.outcomes or self._spec.files
        if self._spec.outcomes is not None:
            every = self._tables(where, OUTCOMES)[1]
            wanted = set(self._row_keys(rows, self._contract.main))
            rows = every[[each in wanted for each in self._row_keys(every, OUTCOMES)]]
        elif spec.label in rows.columns:
            rows = rows[rows[spec.label].notna()]
        rows = rows[[column for column in rows.columns if column in spec.columns]].reset_index(drop=True)
        return normalise.outcomes(self._contract, rows, where) if len(rows) else None

    def fingerprint(self, key: str) -> str | None:
        """The versions of the files that hold rows of the batch, and how they are read."""
        dialect = self._dialect(self._contract.main).model_dump(mode="json", exclude_defaults=True)
        return digest({"files": list(self._read().files.get(key, ())), "dialect": dialect})

    def fingerprints(self) -> Mapping[str, str]:
        """The fingerprints of all available batches."""
        return {key: str(self.fingerprint(key)) for key in self.available()}

    def _dialect(self, table: str) -> Dialect:
        return self._contract.dialect(table) or Dialect()

    def _row_keys(self, frame: pd.DataFrame, table: str) -> list[Any]:
        spec = self._contract.outcomes if table == OUTCOMES else self._contract.tables[table]
        types = {name: spec.columns[name] for name in spec.key}
        typed = read_declared(frame, types, table, spec.key, self._dialect(table)).frame
        return list(row_keys(typed, spec.key, self._contract.normalise_keys))

    def _rows(self, key: str) -> pd.DataFrame:
        found = self._read()
        return found.rows[(found.keys == key).to_numpy()].reset_index(drop=True)

    def _read(self) -> _Read:
        import pandas as pd

        versions = tuple(self._versions(self._spec.files).values())
        if self._held is None or self._held[0] != versions:
            files, rows = self._tables(self._spec.files, self._contract.main)
            if self._spec.row_number is not None:
                rows = with_columns(rows, {self._spec.row_number: pd.array(range(len(rows)), "Int64")})
            keys = self._keys(rows)
            by_key = {str(key): tuple(part.unique()) for key, part in files.groupby(keys)}
            self._held = versions, _Read(rows, keys, by_key)
        return self._held[1]

    def _keys(self, rows: pd.DataFrame) -> pd.Series[str]:
        """The batch of each row."""
        import pandas as pd

        if (size := self._spec.rows_per_batch) is not None:
            names = self._consecutive(len(rows) // size)
            return pd.Series(
                [names[row // size] if row // size < len(names) else "" for row in range(len(rows))]
            ).replace("", None)
        spec = self._contract.tables[self._contract.main]
        name = str(spec.time_column)
        if name not in rows.columns:
            raise SourceError(
                f"{self._spec.files}: no column {name!r}, by which rows are divided; found {', '.join(map(str, rows.columns))}"
            )
        times, _ = read(rows[name], name, spec.columns[name], False, self._dialect(self._contract.main))
        times = times.ffill().bfill()
        if not len(times) or times.isna().all():
            raise SourceError(
                f"{self._spec.files}: no value of column {name!r} is a {spec.columns[name]}; it divides the rows"
            )
        days = pd.to_datetime(times, utc=True).dt.floor("D")
        return days.map({day: batch_key(self._contract.frequency, day) for day in days.unique()}).astype("str")

    def _consecutive(self, count: int) -> list[str]:
        """So many keys from the contract's first one on."""
        kind, keys = self._contract.frequency, [self._contract.first_batch]
        while len(keys) < count:
            keys.append(batch_key(kind, batch_interval(kind, keys[-1]).end))
        return keys[:count]

    def _tables(self, address: str, table: str) -> tuple[pd.Series[str], pd.DataFrame]:
        """All rows of the files in the order of their names, and for each the version of its file."""
        import pandas as pd

        filesystem, _ = self._filesystem(address)
        frames: list[pd.DataFrame] = []
        versions: list[str] = []
        for name, version in self._versions(address).items():
            data = filesystem.cat_file(name)
            if len(data) > MAX_BYTES:
                raise SourceError(f"{name}: found {len(data)} bytes; at most {MAX_BYTES} are read")
            dialect = self._dialect(table)
            frame = adapted(read_table(data, name, dialect), name, dialect)
            if frames and set(frame.columns) != set(frames[0].columns):
                different = sorted(set(frame.columns) ^ set(frames[0].columns))
                raise SourceError(f"{name}: it has other columns than the files before it: {', '.join(different)}")
            frames.append(frame)
            versions += [version] * len(frame)
        if not frames:
            raise SourceError(f"{address}: no file is there; contract.yaml (data engineer) names it")
        return pd.Series(versions, dtype="str"), pd.concat(frames, ignore_index=True)

    def _filesystem(self, address: str) -> tuple[Any, str]:
        local = "://" not in address
        try:
            return open_address(str(self._folder / address) if local else address)
        except (ImportError, ValueError) as error:
            raise ConfigurationError(
                "it cannot be opened", where="contract.yaml: source", found=str(error), owner="data engineer"
            ) from error

    def _versions(self, address: str) -> dict[str, str]:
        """The files that an address names, in the order of their names, with a text that differs when one is written again."""
        filesystem, path = self._filesystem(address)
        try:
            found = sorted(filesystem.glob(path)) if any(mark in path for mark in "*?[") else [path]
            infos = {name: filesystem.info(name) for name in found if filesystem.isfile(name)}
        except OSError as error:
            raise ServiceUnavailableError(f"{address} cannot be listed: {error}") from error
        marks = ("size", "mtime", "ETag", "LastModified")
        return {name: f"{name} {[info.get(mark) for mark in marks]}" for name, info in infos.items()}
