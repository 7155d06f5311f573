"""The models of the what-ifs, most of them fitted while the replay still goes on.

A replay keeps one core busy between its trainings, and what a what-if will ask for is known long before it asks. Nothing
depends on what was made ahead: a model is found by what it was made of, and what is not there is fitted by the one who asks.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from gatehouse.backtest.labelled_history import (
    ROLLING,
    LabelledHistory,
    Part,
    challengers,
    first_champion,
    label_rows,
    matured,
    newest_challenger,
    window_of,
)
from gatehouse.backtest.prefit_worker import LOWEST_PRIORITY, fit_what_if, run_worker
from gatehouse.backtest.replay import ProcessedBatch
from gatehouse.core.types import Batch, BatchState

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkServerContext, SpawnContext
    from multiprocessing.process import BaseProcess

    import pandas as pd

ROWS = 50_000


class PrefitPool:
    """Estimators by candidate and rows, each fitted once: by a process behind the replay, or where it is asked for."""

    def __init__(
        self, labelled: LabelledHistory, processes: ForkServerContext | SpawnContext, nice: int = LOWEST_PRIORITY
    ) -> None:
        self.labelled, self._ctx = labelled, labelled.ctx
        self._accepted: dict[str, Batch] = {}
        self._ahead: dict[Hashable, Future[Any]] = {}
        self._here: dict[Hashable, Future[Any]] = {}
        self._alone, self._behind = Lock(), ThreadPoolExecutor(1)
        # its seconds of imports go by beside the replay's first steps
        self._started = self._behind.submit(_start, processes, nice)

    def __enter__(self) -> PrefitPool:
        return self

    def __exit__(self, *raised: object) -> None:
        process, line = self._started.result()
        process.kill()
        self._behind.shutdown(cancel_futures=True)
        line.close()
        process.join()

    def reached(self, taken: ProcessedBatch) -> None:
        """To be told of each batch after its turn: what would have scored it in a what-if is known from now on."""
        batch = self._ctx.ledger.batches.get(taken.batch) if taken.batch else None
        if batch is None or batch.state is not BatchState.ACCEPTED:
            return
        self._accepted[batch.id.key] = batch
        start, first = batch.interval.start, first_champion(self._ctx)
        name = newest_challenger(challengers(self._ctx), start)
        if first is None or name is None:
            return
        known = matured(self._accepted, self._ctx.ledger.batches.outcomes(self._ctx.name, start), start)
        length = window_of(first[1])
        for parts in (known, known[-length:], known[-ROLLING * length :]):
            if _key(name, parts) not in self._ahead:
                self._ahead[_key(name, parts)] = self._behind.submit(self._ask, name, parts)

    def model(self, name: str, parts: Sequence[Part]) -> Any:
        """One estimator on at most `ROWS` of the rows of these batches, evenly spread over them; None when it cannot be
        fitted (no rows, one class only)."""
        key = _key(name, parts)
        ahead = self._ahead.get(key)
        return ahead.result() if ahead is not None and _came(ahead) else self._fitted_here(key, name, parts)

    def _fitted_here(self, key: Hashable, name: str, parts: Sequence[Part]) -> Any:
        """By the first one who asks. Nobody waits for the process behind: where others want the cores it gets none."""
        with self._alone:
            first = key not in self._here
            made = self._here.setdefault(key, Future())
            if key in self._ahead:
                self._ahead[key].cancel()
        if first:
            try:
                made.set_result(fit_what_if(*self._order(name, parts)))
            except BaseException as error:
                made.set_exception(error)
        return made.result()

    def _ask(self, name: str, parts: Sequence[Part]) -> Any:
        """From the process behind; EOFError or OSError when it has died."""
        _, line = self._started.result()
        line.send(self._order(name, parts))
        return line.recv()

    def _order(self, name: str, parts: Sequence[Part]) -> tuple[Path, int, str, pd.DataFrame]:
        case = self._ctx.case
        return case.folder / "model.py", case.retrain.seed, name, self.labelled.stacked(parts, ROWS)


def _came(ahead: Future[Any]) -> bool:
    return ahead.done() and not ahead.cancelled() and ahead.exception() is None


def _start(processes: ForkServerContext | SpawnContext, nice: int) -> tuple[BaseProcess, Connection]:
    line, theirs = processes.Pipe()
    process = processes.Process(target=run_worker, args=(theirs, nice), daemon=True)
    process.start()
    theirs.close()
    return process, line


def _key(name: str, parts: Sequence[Part]) -> Hashable:
    return name, tuple(label_rows(*part) for part in parts)
