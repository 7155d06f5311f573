"""Opens a use case's ports as this installation is configured: the one place that knows every adapter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gatehouse.context import PartitionExecutor, PartitionWork, UseCaseContext
from gatehouse.core.types import Batch
from gatehouse.ports import Checker, Lake, Ledger, ModelStore, Source, Tracking
from gatehouse.settings import Settings
from gatehouse.use_case import UseCase, find, readable

if TYPE_CHECKING:
    from gatehouse.invariants import InvariantResult
    from gatehouse.ports.serving import ChampionFeed, ServedRows


class InstalledContext(UseCaseContext):
    """A site whose adapters are imported and opened on first use: a task that only reads the ledger imports no MLflow."""

    def __init__(self, case: UseCase, settings: Settings) -> None:
        super().__init__(isolated(case))
        self.settings = settings

    @cached_property
    def ledger(self) -> Ledger:
        from gatehouse.adapters.ledger import open_ledger

        return open_ledger(self.settings.require("ledger_url"))

    @cached_property
    def lake(self) -> Lake:
        from gatehouse.adapters.lake import open_lake

        return open_lake(self.settings.lake)

    @cached_property
    def source(self) -> Source:
        from gatehouse.adapters.sources import open_source

        return open_source(self.case.contract, self.case.folder)

    def spread(
        self, function: PartitionExecutor, batch: Batch, works: Sequence[PartitionWork], *more: Any
    ) -> list[PartitionWork]:
        if self.case.contract.engine != "spark":
            return super().spread(function, batch, works, *more)
        from gatehouse.adapters.spark import run_on_executors

        return run_on_executors(
            self.settings.spark, _Elsewhere(str(self.case.folder), self.settings, function, batch, more), works
        )

    @cached_property
    def checker(self) -> Checker:
        if self.case.contract.engine == "spark":
            from gatehouse.adapters.spark import SparkChecker

            return SparkChecker(self.settings.spark)
        from gatehouse.adapters.contract import GreatExpectationsChecker

        return GreatExpectationsChecker()

    @cached_property
    def models(self) -> ModelStore:
        from gatehouse.adapters.code_process.models import ModelsElsewhere
        from gatehouse.adapters.code_process.remote_code import RemoteCode, process_of

        code = self.case.process if isinstance(self.case.process, RemoteCode) else process_of(self.case)
        classes = len(self.case.retrain.class_names)
        return ModelsElsewhere(code, self.settings.dask, self.case.model_trust, classes)

    @cached_property
    def tracking(self) -> Tracking:
        from gatehouse.adapters.mlflow import MlflowTracking
        from gatehouse.pipeline.maintenance.track_mlflow import restored

        return MlflowTracking(self.settings.require("mlflow_uri"), lambda sentence: restored(self, sentence))

    def anchor(self) -> None:
        from gatehouse.anchoring import anchor_for

        anchor_for(self.settings, self.ledger.audit_log, lambda: self.tracking, [self.name])


def isolated(case: UseCase) -> UseCase:
    """The use case, whose code is called in a process without the rights of this one."""
    from gatehouse.adapters.code_process.remote_code import process_of

    return case if case.process is not None else replace(case, process=process_of(case))


@dataclass(frozen=True)
class _Elsewhere:
    """A piece of work as another machine does it, which has the same use cases and reaches the same lake."""

    folder: str
    settings: Settings
    function: PartitionExecutor
    batch: Batch
    more: tuple[Any, ...]

    def __call__(self, work: PartitionWork) -> PartitionWork:
        return self.function(open_context(self.folder, self.settings), self.batch, work, *self.more)


def open_context(name_or_path: str, settings: Settings | None = None) -> InstalledContext:
    """The site of a use case by name or folder, on the settings of the environment."""
    settings = settings or Settings.from_environment()
    return InstalledContext(find(name_or_path, settings), settings)


def serving_ports(
    name_or_path: str, settings: Settings, call_seconds: float
) -> tuple[InstalledContext, ChampionFeed, ServedRows]:
    """What a server of a use case works through. Its code may take `call_seconds`, and is started anew however often it
    ended; a ledger that is away is named at once."""
    from gatehouse.adapters.code_process.process import Limits
    from gatehouse.adapters.code_process.remote_code import RemoteCode
    from gatehouse.adapters.ledger import open_ledger
    from gatehouse.adapters.ledger.champion_feed import PostgresChampionFeed
    from gatehouse.adapters.served_rows import open_served_rows

    case, url = find(name_or_path, settings), settings.require("ledger_url")
    memory = int((case.retrain.limits.memory_gib or 0) * 2**30)
    process = RemoteCode(case.folder, Limits(call_seconds, call_seconds, memory, most_ends=None))
    ctx = InstalledContext(replace(case, process=process), settings)
    ctx.ledger = open_ledger(url, pauses=())
    return ctx, PostgresChampionFeed(url), open_served_rows(settings.lake)


def anchor_hourly(use_cases: Sequence[str], settings: Settings | None = None) -> None:
    """Anchor the audit log when the newest anchor is an hour old."""
    from gatehouse.adapters.ledger import open_ledger
    from gatehouse.adapters.mlflow import MlflowTracking
    from gatehouse.anchoring import anchor_for

    known = settings or Settings.from_environment()
    log = open_ledger(known.require("ledger_url")).audit_log
    anchor_for(known, log, lambda: MlflowTracking(known.require("mlflow_uri")), use_cases, hourly=True)


def verify_installation(settings: Settings | None = None) -> list[InvariantResult]:
    """The invariants of this installation's ledger, lake and MLflow (which is left out where none is configured)."""
    from gatehouse.adapters.lake import open_lake
    from gatehouse.adapters.mlflow import MlflowTracking
    from gatehouse.anchoring import anchor_evidence
    from gatehouse.invariants import run

    settings = settings or Settings.from_environment()
    tracking = MlflowTracking(settings.require("mlflow_uri")) if settings.mlflow_uri else None
    cases = {name: isolated(case) for name, case in readable(settings.usecases).items()}
    anchors = anchor_evidence(settings, tracking, cases)
    return run(settings.require("ledger_url"), open_lake(settings.lake), tracking, cases, anchors)
