"""The source `served`: the rows that servers have answered are the next batch, so what is checked is what happened online.

A row belongs to the interval in which it was answered. A row that was asked about several times is taken once, as it was
asked about last. Outcomes come from a source of their own.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from gatehouse.adapters.sources import normalise
from gatehouse.core.audit.canonical_json import digest
from gatehouse.core.contract.batch_calendar import Span, batch_interval, batch_key, keys_between
from gatehouse.errors import SourceVanishedError
from gatehouse.ports import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd

    from gatehouse.core.config.contract import Contract
    from gatehouse.core.contract.batch_calendar import Interval
    from gatehouse.ports.serving import ServedRows

COMPLETE_AFTER = timedelta(
    seconds=60
)  # after an interval's end: by then each server has written its last answers of it
DAY = Span.parse("1 day")
MARK, SERVED_AT = "gh_", "gh_served_at"


class ServedSource(Source):
    """Served rows by the interval in which they were answered; `outcomes` answers for the labels."""

    def __init__(
        self, contract: Contract, rows: ServedRows, outcomes: Source, now: Callable[[], datetime] | None = None
    ) -> None:
        self._contract, self._rows, self._outcomes = contract, rows, outcomes
        self._now = now or (lambda: datetime.now(UTC))

    def available(self) -> list[str]:
        """The keys of the contract whose interval has ended, and in which rows were answered."""
        contract, days = self._contract, self._rows.days(self._contract.use_case)
        if not days:
            return []
        ended = self._now() - COMPLETE_AFTER
        newest = min(filter(None, (contract.last_batch, batch_key(contract.frequency, ended))))
        oldest = batch_key(contract.frequency, DAY.before(datetime.combine(days[0], datetime.min.time(), UTC)))
        first = max(contract.first_batch, oldest)
        keys = keys_between(contract.frequency, first, newest) if newest >= first else []
        intervals = {key: batch_interval(contract.frequency, key) for key in keys}
        return [key for key, interval in intervals.items() if interval.end <= ended and len(self._answered(interval))]

    def fetch(self, key: str, interval: Interval) -> Mapping[str, pd.DataFrame]:
        """The rows of the main table, as they were asked about."""
        main, found = self._contract.main, self._answered(interval)
        if not len(found):
            raise SourceVanishedError(f"nothing was answered in {key}, or its files are gone from the lake")
        spec = self._contract.tables[main]
        newest = found.sort_values(SERVED_AT, kind="stable").drop_duplicates(list(spec.key), keep="last")
        rows = newest[[name for name in newest.columns if not name.startswith(MARK)]].reset_index(drop=True)
        return normalise.tables(self._contract, {main: rows}, {main: f"rows served in {key}"})

    def outcomes(self, key: str, interval: Interval) -> pd.DataFrame | None:
        return self._outcomes.outcomes(key, interval)

    def fingerprint(self, key: str) -> str | None:
        """The names of the interval's files: each is written once."""
        return digest(self._files(batch_interval(self._contract.frequency, key)))

    def _files(self, interval: Interval) -> list[str]:
        """A file lies under the day on which it was written, which may be the day after its rows."""
        return self._rows.files(self._contract.use_case, interval.start.date(), DAY.after(interval.end).date())

    def _answered(self, interval: Interval) -> Any:
        import pandas as pd

        parts = [self._within(self._rows.read(file), interval) for file in self._files(interval)]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    def _within(self, rows: pd.DataFrame, interval: Interval) -> pd.DataFrame:
        return rows[(rows[SERVED_AT] >= interval.start) & (rows[SERVED_AT] < interval.end)]
