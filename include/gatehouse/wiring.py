"""Opens a use case's ports as this installation is configured: the one place that knows every adapter."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from gatehouse.ports import Checker, Lake, Ledger, ModelStore, Source, Tracking
from gatehouse.settings import Settings
from gatehouse.site import Site
from gatehouse.usecase import UseCase, find

if TYPE_CHECKING:
    from gatehouse.verify import Finding


class InstalledSite(Site):
    """A site whose adapters are imported and opened on first use: a task that only reads the ledger imports no MLflow."""

    def __init__(self, case: UseCase, settings: Settings) -> None:
        super().__init__(case)
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

    @cached_property
    def checker(self) -> Checker:
        from gatehouse.adapters.contract import GreatExpectationsChecker

        return GreatExpectationsChecker()

    @cached_property
    def models(self) -> ModelStore:
        from gatehouse.adapters.models import SkopsModels

        return SkopsModels(self.settings.dask)

    @cached_property
    def tracking(self) -> Tracking:
        from gatehouse.adapters.tracking import MlflowTracking

        return MlflowTracking(self.settings.require("mlflow_uri"))


def open_site(name_or_path: str, settings: Settings | None = None) -> InstalledSite:
    """The site of a use case by name or folder, on the settings of the environment."""
    settings = settings or Settings.from_environment()
    return InstalledSite(find(name_or_path, settings), settings)


def verify_installation(settings: Settings | None = None) -> list[Finding]:
    """The invariants of this installation's ledger, lake and MLflow (which is left out where none is configured)."""
    from gatehouse.adapters.lake import open_lake
    from gatehouse.adapters.tracking import MlflowTracking
    from gatehouse.verify import run

    settings = settings or Settings.from_environment()
    tracking = MlflowTracking(settings.require("mlflow_uri")) if settings.mlflow_uri else None
    return run(settings.require("ledger_url"), open_lake(settings.lake), tracking)
