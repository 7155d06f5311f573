"""The site of a backtest: the real contract checks, estimators and ledger code over a throwaway server and lake.

Nothing of a running stack is opened or touched: the ledger is a PostgreSQL server of its own in a temporary folder, and
tracking logs nothing. Where a stage asks for the same model or the same rows again, it gets them out of memory.
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from multiprocessing import forkserver
from pathlib import Path
from threading import RLock, Thread
from typing import TYPE_CHECKING, Any

from gatehouse.adapters import contract
from gatehouse.adapters.lake import open_lake
from gatehouse.adapters.ledger import migrate, open_ledger
from gatehouse.adapters.models import SkopsModels, model_probe
from gatehouse.adapters.sources import open_source
from gatehouse.context import UseCaseContext
from gatehouse.core.types import Decision, ModelVersion, TrainingSet
from gatehouse.dev_stack.temp_postgres import temporary_postgres
from gatehouse.errors import ModelError
from gatehouse.ports import (
    BatchLog,
    CandidateRun,
    Checker,
    DecisionLog,
    Held,
    Lake,
    Ledger,
    ModelProbe,
    ModelStore,
    ModelTrust,
    Registration,
    Source,
    Tracking,
    TrainingRun,
)
from gatehouse.use_case import UseCase

if TYPE_CHECKING:
    from multiprocessing.context import ForkServerContext, SpawnContext

    import pandas as pd

    from gatehouse.core.gate.evidence import Task

MODELS_KEPT = 8
FRAME_BYTES_KEPT = 512 * 2**20


class BacktestContext(UseCaseContext):
    """A site that forgets everything when the backtest ends: nobody would read its decisions' pages."""

    keeps_reports = False

    def __init__(
        self, case: UseCase, ledger: Ledger, lake: Lake, clean: ForkServerContext | SpawnContext | None = None
    ) -> None:
        super().__init__(case)
        self._ledger, self._lake = ledger, lake
        self._source = open_source(case.contract, case.folder)
        self._checker, self._models, self._tracking = (
            contract.GreatExpectationsChecker(),
            CachingModels(clean, case.model_trust, len(case.retrain.class_names)),
            NullTracking(),
        )
        self._frames: OrderedDict[Hashable, tuple[pd.DataFrame | pd.Series[float], int]] = OrderedDict()
        self._bytes, self._alone = 0, RLock()

    def remembered(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Features and labels that were used last, up to half a gibibyte; whoever gets one may add columns to its own."""
        with self._alone:
            if key not in self._frames:
                made = make()
                used = made.memory_usage(deep=False)
                self._frames[key] = made, int(used if isinstance(used, int) else used.sum())
                self._bytes += self._frames[key][1]
            self._frames.move_to_end(key)
            found = self._frames[key][0].copy(deep=False)
            while self._bytes > FRAME_BYTES_KEPT:
                self._bytes -= self._frames.popitem(last=False)[1][1]
            return found

    @property
    def ledger(self) -> Ledger:
        return self._ledger

    @property
    def lake(self) -> Lake:
        return self._lake

    @property
    def source(self) -> Source:
        return self._source

    @property
    def checker(self) -> Checker:
        return self._checker

    @property
    def models(self) -> ModelStore:
        return self._models

    @property
    def tracking(self) -> Tracking:
        return self._tracking


def estimated_memory(case: UseCase) -> bool:
    """Whether a rule of the gate limits a model's memory, which only a clean process can tell."""
    return any("memory" in rule.rule for rule in case.gate.rules)


@contextmanager
def throwaway(case: UseCase) -> Iterator[BacktestContext]:
    """A site over a fresh ledger and an empty lake, both gone when the block ends."""
    Thread(target=import_module, args=(contract.PAID_ONCE,)).start()  # beside the server's start
    with (
        tempfile.TemporaryDirectory(prefix="gatehouse-backtest-") as folder,
        temporary_postgres(Path(folder) / "server") as server,
    ):
        migrate.upgrade(server.url("ledger", "ledger_owner"), "ledger")
        lake = open_lake(str(Path(folder) / "lake"))
        yield BacktestContext(
            case,
            open_ledger(server.url("ledger", "ledger")),
            lake,
            clean_processes() if estimated_memory(case) else None,
        )


def clean_processes() -> ForkServerContext | SpawnContext:
    """Where processes are forked from one that has imported what opens a model (some seconds, beside what comes first here)
    and has seen no data of this one. It ends with this process. Each process imports for itself where no socket can be
    opened in the temporary folder: its path may be too long for one."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([*model_probe.PAID_ONCE, model_probe.__name__])
    try:
        forkserver.ensure_running()
    except OSError:
        return multiprocessing.get_context("spawn")
    return context


class CachingModels(SkopsModels):
    """The real estimators; a model file that was opened a moment ago is not opened again. It is
    measured in this process, which takes a fraction of a second, unless the gate wants to know its memory: then in one of
    the `clean` ones."""

    def __init__(self, clean: ForkServerContext | SpawnContext | None, trust: ModelTrust, classes: int = 0) -> None:
        super().__init__(trust=trust, classes=classes)
        self._clean = clean
        self._open: OrderedDict[str, Any] = OrderedDict()
        self._alone = RLock()

    def load(self, data: bytes, sha256: str) -> Any:
        with self._alone:
            if sha256 not in self._open:
                self._open[sha256] = super().load(data, sha256)
            self._open.move_to_end(sha256)
            found = self._open[sha256]
            while len(self._open) > MODELS_KEPT:
                self._open.popitem(last=False)
            return found

    def probe(self, data: bytes, sha256: str, features: pd.DataFrame, task: Task) -> ModelProbe:
        if self._clean is not None:
            return model_probe.measure_in(self._clean, data, sha256, features, task, self._trust)
        try:
            started = time.perf_counter()
            estimator = super().load(data, sha256)
            loaded = time.perf_counter()
            self.predict(estimator, features, task)
        except ModelError as error:
            return ModelProbe(len(data), None, None, str(error)[:500])
        seconds = time.perf_counter() - loaded
        return ModelProbe(len(data), loaded - started, len(features) / seconds if seconds else None)


class NullTracking(Tracking):
    """Tracking that logs nothing: a backtest is an experiment about policies, not a training run to be kept."""

    keeps_models = keeps_plots = False

    def log_candidate(self, run: CandidateRun, fit: TrainingRun, dataset: TrainingSet) -> str:
        return f"{run.request}-{run.candidate}"

    def register(self, model: ModelVersion, registered: Registration) -> None:
        return None

    def flag(self, run: CandidateRun, tags: Mapping[str, str]) -> None:
        return None

    def decided(self, decision: Decision, judged: DecisionLog) -> None:
        return None

    def mirror(
        self, use_case: str, champion: int | None, challenger: int | None, words: Mapping[int, str] | None = None
    ) -> None:
        return None

    def log_batch(self, use_case: str, name: str, told: BatchLog) -> None:
        return None

    def held(self, use_case: str, served: Collection[int] = ()) -> Held:
        return Held({}, {}, {}, {})

    def model_bytes(self, use_case: str, version: int) -> bytes | None:
        return None

    def champion_alias(self, use_case: str) -> int | None:
        return None
