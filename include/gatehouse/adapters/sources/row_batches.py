"""The batch of each row of exported files: by its own time, or by its number."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gatehouse.columns import read
from gatehouse.core.contract.batch_calendar import batch_interval, batch_key
from gatehouse.core.rows.with_columns import with_columns
from gatehouse.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from gatehouse.adapters.sources.exported_rows import Part
    from gatehouse.core.config.contract import Contract, SplitFilesSource

    Keyed = tuple[Part, "pd.Series[str]"]


@dataclass(frozen=True)
class Begin:
    """Where a file begins: how many rows are above it, and the batch of the last of them."""

    row: int
    above: str | None


class RowBatches:
    """What the contract says about which row is in which batch."""

    def __init__(self, contract: Contract, spec: SplitFilesSource) -> None:
        self._contract, self._spec = contract, spec

    def keyed(self, parts: Iterator[Part], begins: Mapping[str, Begin]) -> Iterator[Keyed]:
        """Each part with the batch of each row. `begins` says what is above files whose predecessors are not among the parts."""
        parts = map(self._numbered, parts)
        if (size := self._spec.rows_per_batch) is not None:
            return ((part, self._by_number(part, size)) for part in parts)
        return self._by_time(parts, begins)

    def _numbered(self, part: Part) -> Part:
        import pandas as pd

        if self._spec.row_number is None:
            return part
        number = pd.array(range(part.first, part.first + len(part.frame)), "Int64")
        return replace(part, frame=with_columns(part.frame, {self._spec.row_number: number}))

    def _by_number(self, part: Part, size: int) -> pd.Series[str]:
        import pandas as pd

        rows = range(part.first, part.first + len(part.frame))
        names = self.consecutive(rows.stop // size + 1)
        return pd.Series([names[row // size] for row in rows], dtype="str")

    def _by_time(self, parts: Iterator[Part], begins: Mapping[str, Begin]) -> Iterator[Keyed]:
        """A row without a readable time goes with the row above it; the first ones go with the first that has one."""
        import pandas as pd

        last: str | None = None
        waiting: list[Part] = []
        for part in parts:
            last = begins[part.version].above if part.version in begins and not waiting else last
            begins = {version: begin for version, begin in begins.items() if version != part.version}
            keys = self._of_times(part.frame)
            if last is None and keys.isna().all():
                waiting.append(part)
                continue
            keys = keys.ffill().fillna(last if last is not None else keys.dropna().iloc[0])
            for above in waiting:
                yield above, pd.Series([keys.iloc[0]] * len(above.frame), dtype="str")
            waiting = []
            yield part, keys
            last = str(keys.iloc[-1]) if len(keys) else last
        if waiting:
            spec = self._contract.tables[self._contract.main]
            name = str(spec.time_column)
            raise SourceError(
                f"{self._spec.files}: no value of column {name!r} is a {spec.columns[name]}; it divides the rows"
            )

    def _of_times(self, rows: pd.DataFrame) -> pd.Series[str]:
        """The batch of each row, null where its time cannot be read."""
        import pandas as pd

        spec = self._contract.tables[self._contract.main]
        name = str(spec.time_column)
        if name not in rows.columns:
            raise SourceError(
                f"{self._spec.files}: no column {name!r}, by which rows are divided; found {', '.join(map(str, rows.columns))}"
            )
        times, _ = read(rows[name], name, spec.columns[name], False, self._contract.dialect(self._contract.main))
        hours = pd.to_datetime(times, utc=True).dt.floor("h")
        named = {hour: batch_key(self._contract.frequency, hour) for hour in hours.dropna().unique()}
        return hours.map(named).astype("str")

    def consecutive(self, count: int) -> list[str]:
        """So many keys from the contract's first one on."""
        kind, keys = self._contract.frequency, [self._contract.first_batch]
        while len(keys) < count:
            keys.append(batch_key(kind, batch_interval(kind, keys[-1]).end))
        return keys[:count]
