"""Ask each part of the installation how it is. Every question has its own short time-out."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from gatehouse.core.contract.batch_calendar import Span
from gatehouse.core.types import FileRef
from gatehouse.errors import GatehouseError
from gatehouse.telemetry.health import HealthReport, judge
from gatehouse.telemetry.queries import LedgerSnapshot, read_facts

if TYPE_CHECKING:
    from gatehouse.adapters.lake import FileLake
    from gatehouse.adapters.ledger.connection import Database
    from gatehouse.settings import Settings
    from gatehouse.use_case import UseCase

SECONDS = 3.0


def check_health(settings: Settings, database: Database | None = None) -> HealthReport:
    """The installation's health as its settings describe it."""
    from gatehouse.adapters.lake import open_lake
    from gatehouse.adapters.ledger.connection import Database

    facts: LedgerSnapshot | None = None
    failures = {"ledger": "", "lake": "", "mlflow": _mlflow(settings.mlflow_uri)}
    try:
        facts = read_facts(database or Database(settings.require("ledger_url"), pauses=()))
    except GatehouseError as error:
        failures["ledger"] = str(error)
    try:
        failures["lake"] = _lake(open_lake(settings.lake), facts)
    except GatehouseError as error:
        failures["lake"] = str(error)
    return judge(facts, failures, max_wait(_cases(settings)))


def max_wait(cases: Iterable[UseCase]) -> dict[str, float]:
    """How many seconds each use case lets a batch wait for an open retrain request."""
    start = datetime(2000, 1, 1)
    return {
        case.name: (Span.parse(case.retrain.max_scoring_wait).after(start) - start).total_seconds() for case in cases
    }


def _cases(settings: Settings) -> Iterable[UseCase]:
    from gatehouse.use_case import folders, load

    for folder in folders(settings.usecases):
        with suppress(GatehouseError):  # a broken folder is maintenance's to report
            yield load(folder)


def _lake(lake: FileLake, facts: LedgerSnapshot | None) -> str:
    """Whether the newest batch's file is there with its size; before the first batch, whether the lake answers."""
    newest = FileRef(**facts.newest_file) if facts is not None and facts.newest_file else None
    return lake.ask(newest)


def _mlflow(address: str) -> str:
    """Why MLflow does not answer; empty when it does, or when none is configured."""
    import httpx

    if not address.startswith("http"):
        return ""
    url = httpx.URL(address)
    place = f"MLflow at {url.host}:{url.port or {'https': 443}.get(url.scheme, 80)}"
    try:
        answer = httpx.get(url.copy_with(path="/health"), timeout=SECONDS, trust_env=False)
    except httpx.HTTPError as error:
        return f"{place} does not answer: {type(error).__name__}"
    return "" if answer.is_success else f"{place} answers {answer.status_code}"
