"""The site of a check: real contract checks and estimators over a temporary lake; it has no ledger and no tracking."""

from __future__ import annotations

from functools import cached_property
from typing import NoReturn

from gatehouse.adapters.contract import GreatExpectationsChecker
from gatehouse.adapters.lake import open_lake
from gatehouse.adapters.models import SkopsModels
from gatehouse.adapters.sources import open_source
from gatehouse.context import UseCaseContext
from gatehouse.core.statistics.metrics import metrics_for
from gatehouse.errors import NotAllowedError
from gatehouse.ports import Checker, Lake, Ledger, ModelStore, Source, Tracking
from gatehouse.use_case import UseCase
from gatehouse.use_case_checks import own_metrics


class Lenient(UseCase):
    """The use case without SLICES and with a `selection_metric` that there is: what is wrong with these two is told by
    itself, and everything else is tried all the same."""

    @classmethod
    def of(cls, case: UseCase) -> Lenient:
        """The same use case."""
        known = (*metrics_for(case.retrain.task), *own_metrics(case.folder))
        selection_metric = case.retrain.selection_metric if case.retrain.selection_metric in known else known[0]
        retrain = case.retrain.model_copy(update={"selection_metric": selection_metric})
        return cls(case.name, case.folder, case.contract, retrain, case.gate)

    @property
    def slices(self) -> tuple[str, ...]:
        """None."""
        return ()


class CheckContext(UseCaseContext):
    """Opens nothing of a running stack: its lake is a folder that is removed afterwards."""

    def __init__(self, case: UseCase, folder: str) -> None:
        super().__init__(case)
        self._lake, self._checker = open_lake(folder), GreatExpectationsChecker()
        self._models = SkopsModels(trust=case.model_trust, classes=len(case.retrain.class_names))

    @property
    def ledger(self) -> Ledger:
        self._absent("ledger")

    @property
    def lake(self) -> Lake:
        return self._lake

    @property
    def source(self) -> Source:
        return self._source

    @cached_property
    def _source(self) -> Source:
        return open_source(self.case.contract, self.case.folder)

    @property
    def checker(self) -> Checker:
        return self._checker

    @property
    def models(self) -> ModelStore:
        return self._models

    @property
    def tracking(self) -> Tracking:
        self._absent("tracking server")

    def _absent(self, what: str) -> NoReturn:
        raise NotAllowedError(f"a check has no {what}: it records nothing")
