"""The models of the what-ifs, most of them fitted while the replay still goes on.

A replay leaves half of two cores idle, and what a what-if will ask for is known long before it asks. Nothing depends on what
was made ahead: a model is found by what it was made of, and what is not there is fitted by the one who asks.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from gatehouse.backtest.behind import fitted, serve
from gatehouse.backtest.labelled import (
    Labelled,
    Part,
    challengers,
    first_champion,
    made_of,
    matured,
    newest_challenger,
    window_of,
)
from gatehouse.backtest.replay import Taken
from gatehouse.core.canonical import sha256
from gatehouse.core.records import Batch, BatchState

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkServerContext
    from multiprocessing.process import BaseProcess

    import pandas as pd

ROWS = 100_000


class Ahead:
    """Estimators by candidate and rows, each fitted once: by a process behind the replay, or where it is asked for."""

    def __init__(self, labelled: Labelled, processes: ForkServerContext) -> None:
        self.labelled, self._site = labelled, labelled.site
        self._accepted: dict[str, Batch] = {}
        self._made: dict[Hashable, Future[bytes | None]] = {}
        self._alone, self._behind = Lock(), ThreadPoolExecutor(1)
        self._started = self._behind.submit(_start, processes)  # seconds of imports, beside the replay's first steps

    def __enter__(self) -> Ahead:
        return self

    def __exit__(self, *raised: object) -> None:
        process, line = self._started.result()
        process.kill()
        self._behind.shutdown(cancel_futures=True)
        line.close()
        process.join()

    def reached(self, taken: Taken) -> None:
        """To be told of each batch after its turn: what would have scored it in a what-if is known from now on."""
        batch = self._site.ledger.batches.get(taken.batch) if taken.batch else None
        if batch is None or batch.state is not BatchState.ACCEPTED:
            return
        self._accepted[batch.id.key] = batch
        start, first = batch.interval.start, first_champion(self._site)
        name = newest_challenger(challengers(self._site), start)
        if first is None or name is None:
            return
        known = matured(self._accepted, self._site.ledger.batches.outcomes(self._site.name, start), start)
        for parts in (known, known[-window_of(first[1]) :]):
            with self._alone:
                if _key(name, parts) not in self._made:
                    self._made[_key(name, parts)] = self._behind.submit(self._ask, name, parts)

    def model(self, name: str, parts: Sequence[Part]) -> Any:
        """One estimator on at most `ROWS` of the rows of these batches, evenly spread over them; None when it cannot be
        fitted (no rows, one class only)."""
        key = _key(name, parts)
        with self._alone:
            made = self._made.get(key)
            mine = made is None or made.cancel()
            if made is None or mine:
                made = self._made[key] = Future()
                made.set_running_or_notify_cancel()  # it is being made: the next one who asks may not take it back
        if mine:
            try:
                made.set_result(fitted(*self._order(name, parts)))
            except BaseException as error:
                made.set_exception(error)
        data = made.result()
        return None if data is None else self._site.models.load(data, sha256(data))

    def _ask(self, name: str, parts: Sequence[Part]) -> bytes | None:
        """From the process behind; when that has died, from this one."""
        order, (_, line) = self._order(name, parts), self._started.result()
        try:
            line.send(order)
            found: bytes | None = line.recv()
        except (EOFError, OSError):
            return fitted(*order)
        return found

    def _order(self, name: str, parts: Sequence[Part]) -> tuple[Path, int, str, pd.DataFrame]:
        case = self._site.case
        return case.folder / "model.py", case.retrain.seed, name, self.labelled.stacked(parts, ROWS)


def _start(processes: ForkServerContext) -> tuple[BaseProcess, Connection]:
    line, theirs = processes.Pipe()
    process = processes.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    return process, line


def _key(name: str, parts: Sequence[Part]) -> Hashable:
    return name, tuple(made_of(*part) for part in parts)
