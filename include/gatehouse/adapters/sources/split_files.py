"""The source `split_files`: files as they are exported, whose rows are divided into batches by their own time.

A row belongs to the batch in whose interval its time lies; one without a readable time goes with the row above it, and the
contract quarantines it. Files without time are cut into batches of `rows_per_batch` rows, in the order of names and rows.
Every process reads all files once. It holds their rows if the files are small; of large files it holds which batches each
has, and reads a batch out of the files that have it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gatehouse.adapters.sources import normalise
from gatehouse.adapters.sources.exported_rows import ExportedRows
from gatehouse.adapters.sources.row_batches import Begin, RowBatches
from gatehouse.core.audit.canonical_json import digest
from gatehouse.core.config.dialect import Dialect
from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.core.rows.row_keys import row_keys
from gatehouse.ports import Source
from gatehouse.table_types import read_declared

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from gatehouse.adapters.sources.row_batches import Keyed
    from gatehouse.core.config.contract import Contract, SplitFilesSource
    from gatehouse.core.contract.batch_calendar import Interval

OUTCOMES = "outcomes"
HELD = 2**26  # bytes of all files; the rows of larger ones are not held


@dataclass(frozen=True)
class _Read:
    """For each batch the versions of its files, where each begins, and all rows if they are few."""

    files: Mapping[str, tuple[str, ...]]
    begins: Mapping[str, Begin]
    held: Sequence[Keyed] | None


class SplitFileSource(Source):
    """Exported files, local or at any fsspec address; a relative address is below the use case's folder."""

    def __init__(self, contract: Contract, spec: SplitFilesSource, folder: Path) -> None:
        self._contract, self._spec = contract, spec
        self._exported, self._batches = ExportedRows(contract, folder), RowBatches(contract, spec)
        self._last: tuple[tuple[str, ...], _Read] | None = None

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
        import pandas as pd

        spec, rows = self._contract.outcomes, self._rows(key)
        where = self._spec.outcomes or self._spec.files
        if self._spec.outcomes is not None:
            wanted = set(self._row_keys(rows, self._contract.main))
            every = (part.frame for part in self._exported.parts(where, OUTCOMES))
            rows = pd.concat([rows[[key in wanted for key in self._row_keys(rows, OUTCOMES)]] for rows in every])
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
        """The rows of the batch, out of memory or out of the files that hold them."""
        import pandas as pd

        found = self._read()
        parts = found.held if found.held is not None else self._keyed(found, found.files.get(key, ()))
        frames = [part.frame[(keys == key).to_numpy()] for part, keys in parts]
        return pd.concat(frames, ignore_index=True)

    def _read(self) -> _Read:
        versions = self._exported.versions(self._spec.files)
        texts = tuple(version.text for version in versions.values())
        if self._last is None or self._last[0] != texts:
            small = sum(version.size for version in versions.values()) <= HELD
            self._last = texts, self._indexed(small)
        return self._last[1]

    def _indexed(self, hold: bool) -> _Read:
        """Read all files once."""
        held: list[Keyed] = []
        begins: dict[str, Begin] = {}
        files: dict[str, dict[str, None]] = {}
        last, rows = None, 0
        for part, keys in self._keyed():
            begins.setdefault(part.version, Begin(part.first, last))
            for key in keys.unique():
                files.setdefault(str(key), {})[part.version] = None
            last = str(keys.iloc[-1]) if len(keys) else last
            rows = part.first + len(keys)
            if hold:
                held.append((part, keys))
        if (size := self._spec.rows_per_batch) is not None and rows % size:
            del files[self._batches.consecutive(rows // size + 1)[-1]]  # its last rows have not come
        return _Read({key: tuple(found) for key, found in files.items()}, begins, held if hold else None)

    def _keyed(self, read: _Read | None = None, only: Collection[str] = ()) -> Iterator[Keyed]:
        """The rows of all files, or of these versions of those that were read, each part with the batch of each row."""
        begins = {version: read.begins[version] for version in only} if read is not None else None
        starts = None if begins is None else {version: begin.row for version, begin in begins.items()}
        return self._batches.keyed(self._exported.parts(self._spec.files, self._contract.main, starts), begins or {})
