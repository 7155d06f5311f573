"""A small use case of its own, on a real ledger, a real contract and real estimators."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from conftest import LedgerDatabase, keep, refill
from gatehouse.adapters.contract import GreatExpectationsChecker
from gatehouse.adapters.models import SkopsModels
from gatehouse.adapters.sources import open_source
from gatehouse.context import UseCaseContext
from gatehouse.core.contract.batch_calendar import Interval
from gatehouse.dev_stack.postgres import PostgresServer
from gatehouse.pipeline import choose, fit, gather, land, outcomes, promote, score
from gatehouse.pipeline.judge import judge_challenger
from gatehouse.pipeline.monitor import monitor_batch
from gatehouse.pipeline.validate import validate
from gatehouse.ports import Ledger, Source
from gatehouse.settings import ROOT
from gatehouse.use_case import load
from support.fakes import FakeLake, FakeTracking

FOUR_MONTHS, KEPT = [f"2024-{month:02}" for month in range(1, 5)], "ledger_of_four_months"
TEMPLATE = ROOT / "include" / "gatehouse" / "cli" / "template"


class AlteredSource(Source):
    """The template's source, with what a test changes about a delivery."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.change: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {}
        self.no_outcomes: set[str] = set()
        self.relabel: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {}

    def available(self) -> list[str]:
        return self.source.available()

    def fetch(self, key: str, interval: Interval) -> dict[str, pd.DataFrame]:
        tables = dict(self.source.fetch(key, interval))
        return {name: self.change.get(key, lambda frame: frame)(frame) for name, frame in tables.items()}

    def outcomes(self, key: str, interval: Interval) -> pd.DataFrame | None:
        delivered = None if key in self.no_outcomes else self.source.outcomes(key, interval)
        return delivered if delivered is None else self.relabel.get(key, lambda frame: frame)(delivered)


class FakeContext(UseCaseContext):
    """A site with a fake lake and tracking server; ledger, contract and estimators are the real ones."""

    ledger: Any = None
    lake: Any = None
    source: Any = None
    checker: Any = None
    models: Any = None
    tracking: Any = None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A use case that a test may edit before it is read."""
    made = tmp_path / "rides"
    shutil.copytree(TEMPLATE, made, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("contract.yaml", "gate.yaml"):
        text = (made / name).read_text().replace("use_case: template", "use_case: rides")
        (made / name).write_text(text.replace("no_champion: review", "no_champion: promote"))
    gate = made / "gate.yaml"  # what is judged serves; `test_final_fit` and `test_reinstate` turn it on
    gate.write_text("final_fit: false\n" + gate.read_text())
    return made


@pytest.fixture
def open_site(folder: Path, ledger: Ledger) -> Callable[[], FakeContext]:
    def opened() -> FakeContext:
        ctx = FakeContext(load(folder))
        ctx.ledger, ctx.lake, ctx.tracking = ledger, FakeLake(), FakeTracking()
        ctx.source = AlteredSource(open_source(ctx.case.contract, folder))
        ctx.checker, ctx.models = GreatExpectationsChecker(), SkopsModels(classes=len(ctx.case.retrain.class_names))
        return ctx

    return opened


@pytest.fixture
def ctx(open_site: Callable[[], FakeContext]) -> FakeContext:
    return open_site()


_KEPT: dict[str, Any] = {}  # the four months of this session: what lake and tracking held after them


@pytest.fixture
def looped(ctx: FakeContext, ledger_server: PostgresServer, ledger_database: LedgerDatabase) -> FakeContext:
    """Four months: the third brings the second's outcomes, and with them version 1 as the champion by decision.

    Lived through once; every later test gets a copy of the ledger, the lake and the tracking server.
    """
    if not _KEPT:
        for key in FOUR_MONTHS:
            take(ctx, key)
        keep(ledger_server, ledger_database, KEPT)
        _KEPT.update(files=dict(ctx.lake.files), tracking=copy.deepcopy(ctx.tracking))
    refill(ledger_server, ledger_database, KEPT)
    ctx.lake.files, ctx.tracking = dict(_KEPT["files"]), copy.deepcopy(_KEPT["tracking"])
    return ctx


def take(ctx: UseCaseContext, key: str) -> None:
    """Take one batch through ingest and watch, and what it asks for through training and gate."""
    batch = land.land(ctx, key)
    outcomes.collect(ctx, key)
    if validate(ctx, batch.id).state != "accepted":
        return
    score.score(ctx, batch.id)
    request = monitor_batch.monitor_batch(ctx, batch.id)
    if request is not None:
        train(ctx, request.id)


def train(ctx: UseCaseContext, request_id: str) -> None:
    request = gather.claim(ctx, request_id)
    gather.build_training_set(ctx, request)
    for name in fit.candidate_names(ctx, request):
        fit.fit(ctx, request_id, name)
    choose.choose(ctx, request_id)
    promote.promote(ctx, judge_challenger.judge(ctx, request_id).id)
