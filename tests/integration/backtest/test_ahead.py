"""The what-ifs' models: each fitted once, most of them while the replay goes on, and nothing depends on that."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import psutil
import pytest

from gatehouse.backtest import model_cache, what_if
from gatehouse.backtest import prefit_pool as module
from gatehouse.backtest.context import BacktestContext, clean_processes, throwaway
from gatehouse.backtest.history import read_history
from gatehouse.backtest.labelled_history import LabelledHistory, matured
from gatehouse.backtest.prefit_pool import PrefitPool
from gatehouse.backtest.prefit_worker import LOWEST_PRIORITY
from gatehouse.backtest.replay import ProcessedBatch, replay
from gatehouse.backtest.what_if import evaluate_what_ifs
from gatehouse.use_case import load
from support.streams import stream

RETRAIN = """\
task: classification
min_batches_first_training: 3
selection_metric: log_loss
triggers: {every_batches: 3}
"""
Replayed = tuple[BacktestContext, list[ProcessedBatch]]


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replayed]:
    """Nine months of a stream, replayed without anybody who fits ahead."""
    folder = stream("label", batches=9, rows=600, changed=5).folder(tmp_path_factory.mktemp("ahead"), RETRAIN)
    with throwaway(load(folder)) as ctx:
        taken = replay(ctx)
        assert all(each.errors == () for each in taken)
        yield ctx, taken


@pytest.fixture
def fits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The candidates that are fitted in this process, one by one."""
    found: list[str] = []
    real = module.fit_what_if

    def counted(code: Path, seed: int, name: str, rows: Any) -> Any:
        found.append(name)
        return real(code, seed, name, rows)

    monkeypatch.setattr(module, "fit_what_if", counted)
    return found


def ways(ahead: PrefitPool) -> list[Any]:
    return evaluate_what_ifs(read_history(ahead.labelled, "log_loss"), ahead, 2, [])


def told(ahead: PrefitPool, taken: list[ProcessedBatch]) -> None:
    """All batches are through, and all that was known to be wanted is fitted."""
    for each in taken:
        ahead.reached(each)
    wait(ahead._ahead.values())


def test_what_was_fitted_ahead_says_the_same(replayed: Replayed, fits: list[str]) -> None:
    """With everything fitted by the process behind, nothing is left to fit, and the what-ifs are those of no such help."""
    ctx, taken = replayed
    with PrefitPool(LabelledHistory(ctx), clean_processes()) as alone:
        without = ways(alone)
    own = len(fits)
    assert own > 0
    with PrefitPool(LabelledHistory(ctx), clean_processes(), nice=0) as ahead:  # other tests want the cores as well
        told(ahead, taken)
        assert ways(ahead) == without
    assert len(fits) == own, "what had been fitted ahead was fitted again"
    names = {way.name for way in without if not way.name.startswith("rolling")}
    assert names == {"never", "every batch", "fixed window", "periodic", "oracle", "no skill"}


def test_a_death_behind_costs_time_alone(replayed: Replayed, fits: list[str]) -> None:
    """When the process behind is killed, what it owed is fitted here."""
    ctx, taken = replayed
    with PrefitPool(LabelledHistory(ctx), clean_processes()) as alone:
        without = ways(alone)
    del fits[:]
    with PrefitPool(LabelledHistory(ctx), clean_processes()) as ahead:
        os.kill(ahead._started.result()[0].pid or 0, signal.SIGKILL)
        told(ahead, taken)
        assert ways(ahead) == without
    assert fits


def test_who_asks_second_waits_for_the_first(replayed: Replayed, fits: list[str]) -> None:
    """Four threads that ask for one model get it from one fit."""
    ctx, _ = replayed
    history, gate = read_history(LabelledHistory(ctx), "log_loss"), threading.Barrier(4)
    batches = {batch.id.key: batch for batch in history.batches}
    parts = matured(batches, history.outcomes, history.batches[-1].interval.start)[-2:]
    name = next(iter(ctx.case.model.estimators(0)))

    def ask(ahead: PrefitPool) -> Any:
        gate.wait()
        return ahead.model(name, parts)

    with PrefitPool(LabelledHistory(ctx), clean_processes()) as ahead, ThreadPoolExecutor(4) as pool:
        assert None not in list(pool.map(ask, [ahead] * 4))
    assert fits == [name]


def test_a_model_is_never_measured_as_another_one(replayed: Replayed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each model has its own metric on a batch, though one that is gone may leave its place in memory to the next."""
    ctx, _ = replayed
    measured = itertools.count()
    monkeypatch.setattr(model_cache, "_measure", lambda history, turn, model: float(next(measured)))
    with PrefitPool(LabelledHistory(ctx), clean_processes()) as ahead:
        history = read_history(ahead.labelled, "log_loss")
        turns = what_if._turns(history, history.batches[0].interval.start)
        bank = model_cache.ModelCache(history, ahead, turns, history.batches[0].interval.start, [])
        assert [bank._metric(0, object()) for _ in range(100)] == list(range(100))


def test_it_gives_way_to_whoever_wants_the_cores(replayed: Replayed) -> None:
    """The process behind runs at the lowest priority before it is asked for anything."""
    with PrefitPool(LabelledHistory(replayed[0]), clean_processes()) as ahead:
        behind, deadline = psutil.Process(ahead._started.result()[0].pid), time.monotonic() + 60
        while behind.nice() != LOWEST_PRIORITY:
            assert time.monotonic() < deadline, f"it runs at {behind.nice()}"
            time.sleep(0.05)


def test_it_ends_with_the_block(replayed: Replayed) -> None:
    """Nothing is left running, whatever was asked for and not yet there."""
    ctx, taken = replayed
    with PrefitPool(LabelledHistory(ctx), clean_processes()) as ahead:
        for each in taken:
            ahead.reached(each)
        process = ahead._started.result()[0]
        assert process.is_alive()
    assert not process.is_alive()
