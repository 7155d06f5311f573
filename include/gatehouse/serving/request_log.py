"""Keeps what was answered, and writes it to the lake in micro-batches: the rows, their predictions and what made them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING

from gatehouse.errors import GatehouseError
from gatehouse.ports.serving import ServedRows
from gatehouse.serving.question import Predicted

if TYPE_CHECKING:
    import pandas as pd

LOG = logging.getLogger("gatehouse.serving")
EVERY_SECONDS, MOST_ROWS = 10.0, 200_000  # rows that wait for a lake that is away; the oldest are dropped beyond that
SERVED_AT = "gh_served_at"


@dataclass(frozen=True)
class _Entry:
    at: datetime
    predicted: Predicted


class RequestLog:
    """The log of one use case. A process that is killed loses what it answered in the last seconds."""

    def __init__(
        self, use_case: str, rows: ServedRows, dropped: Callable[[int], object], every: float = EVERY_SECONDS
    ) -> None:
        self._use_case, self._rows, self._dropped, self._every = use_case, rows, dropped, every
        self._entries: list[_Entry] = []
        self._lock = Lock()
        self._waiting = 0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Write now and then from here on."""
        self._task = asyncio.create_task(self._run())

    def add(self, predicted: Predicted) -> None:
        """Keep what was answered until it is written. Called by the thread that answers."""
        with self._lock:
            self._entries.append(_Entry(datetime.now(UTC), predicted))
            self._waiting += len(predicted.rows)
            while self._waiting > MOST_ROWS:
                rows = len(self._entries.pop(0).predicted.rows)
                self._waiting -= rows
                self._dropped(rows)

    async def stop(self) -> None:
        """Write what is left."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self.write()

    async def write(self) -> None:
        """Write what waits as one file; it goes on waiting where the lake does not take it."""
        with self._lock:
            entries, self._entries, self._waiting = self._entries, [], 0
        if not entries:
            return
        try:
            frame = await asyncio.to_thread(_frame, entries)
            await asyncio.to_thread(self._rows.append, self._use_case, frame, entries[-1].at)
        except GatehouseError as error:
            LOG.warning("%s: %s answers are not logged yet: %s", self._use_case, len(entries), error)
            with self._lock:
                self._entries = entries + self._entries
                self._waiting = sum(len(each.predicted.rows) for each in self._entries)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            await self.write()


def _frame(entries: list[_Entry]) -> pd.DataFrame:
    """The declared columns of the rows; marks `gh_*` say when, the key, the prediction, and what made it."""
    import pandas as pd

    counts = [len(entry.predicted.rows) for entry in entries]
    rows = pd.concat([entry.predicted.rows for entry in entries], ignore_index=True)
    marks = pd.concat([entry.predicted.predictions for entry in entries], ignore_index=True).add_prefix("gh_")
    at = pd.Series(pd.DatetimeIndex([entry.at for entry in entries]).repeat(counts))
    return pd.concat([rows, marks.assign(**{SERVED_AT: at})], axis=1)
