"""F33 at the library: twenty use cases with a hundred batches each wait at once, and two processes take them in turns.

Nothing may be lost, and neither resident memory nor open files may grow once a process is warm.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from faults import scenario
from faults.cases import SMALL, use_case
from faults.crashes import warm
from faults.mlflow_files import TrackingOnFiles
from faults.proven import Asked, Proven
from faults.worlds import World, worlds
from gatehouse.adapters.contract import GreatExpectationsChecker
from gatehouse.adapters.lake import open_lake
from gatehouse.adapters.ledger import open_ledger
from gatehouse.adapters.sources import open_source
from gatehouse.invariants import run as verify
from gatehouse.use_case import load
from support.rides import FakeContext, take

USE_CASES, PROCESSES, WARM = 20, 2, 0.25
GROWTH, MORE_FILES = 0.10, 4  # of resident memory and of open files after the warm-up
_FORK = get_context("fork")


@dataclass
class Taken:
    """What one process saw: seconds a batch, resident bytes and open files after each round of its use cases."""

    seconds: list[float] = field(default_factory=list)
    resident: list[int] = field(default_factory=list)
    files: list[int] = field(default_factory=list)

    def growth(self) -> tuple[float, int]:
        """By how much memory (a share) and open files have grown since the warm-up."""
        start = int(len(self.resident) * WARM)
        return self.resident[-1] / self.resident[start] - 1, self.files[-1] - self.files[start]


def flooded(asked: Asked) -> list[Proven]:
    """Twenty use cases with `asked.batches` batches each, through every stage."""
    warm()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, worlds(Path(folder)) as made:
        world, cases = made.new("flood"), Path(folder) / "cases"
        names = [f"flood_{number:02}" for number in range(USE_CASES)]
        for name in names:
            use_case(cases / name, asked.batches, SMALL)
        told = _all_taken(world, cases, names, asked.batches)
        wrong = [*_lost(world, names, asked.batches), *_grown(told)]
    batches = [second for one in told for second in one.seconds]
    grown = max((one.growth() for one in told), default=(0.0, 0))
    what = (
        f"{USE_CASES} use cases with {asked.batches} batches each through the library by {PROCESSES} processes in "
        f"{time.monotonic() - started:.0f} s: median {median(batches):.2f} s a batch, memory {grown[0]:+.1%} and "
        f"{grown[1]:+d} open files after the warm-up"
    )
    return [Proven("F33", what, len(batches), tuple(wrong))]


def _all_taken(world: World, cases: Path, names: Sequence[str], batches: int) -> list[Taken]:
    """Each process takes its share of the use cases, a batch of each in turn."""
    workers = []
    for number in range(PROCESSES):
        share = names[number::PROCESSES]
        worker = _FORK.Process(target=_take, args=(world, cases, share, batches, cases / f"{number}.json"))
        worker.start()
        workers.append(worker)
    for worker in workers:
        worker.join()
    codes = [worker.exitcode for worker in workers]
    assert codes == [0] * PROCESSES, f"processes ended with {codes}"
    return [Taken(**json.loads((cases / f"{number}.json").read_text())) for number in range(PROCESSES)]


def _take(world: World, cases: Path, names: Sequence[str], batches: int, to: Path) -> None:
    os.environ["GATEHOUSE_STATE_DIR"] = str(world.folder)
    taken, me = Taken(), psutil.Process()
    with scenario.small_model_folders():
        sites = [open_site(world, cases / name) for name in names]
        for place in range(batches):
            for ctx in sites:
                started = time.monotonic()
                take(ctx, ctx.source.available()[place])
                taken.seconds.append(time.monotonic() - started)
            taken.resident.append(me.memory_info().rss)
            taken.files.append(me.num_fds())
    to.write_text(json.dumps(asdict(taken)))


def open_site(world: World, folder: Path) -> Any:
    """The use case of a folder on the world's ledger and files."""
    ctx = FakeContext(load(folder))
    ctx.ledger, ctx.lake = open_ledger(world.url), open_lake(str(world.folder / "lake"))
    ctx.tracking = _tracking(world, ctx.name)
    ctx.source = open_source(ctx.case.contract, folder)
    ctx.checker, ctx.models = GreatExpectationsChecker(), scenario.MeasuredModels()
    return ctx


def _tracking(world: World, name: str) -> TrackingOnFiles:
    """A folder a use case: that MLflow of files numbers its runs for one writer."""
    return TrackingOnFiles(world.folder / "mlflow" / name)


def _lost(world: World, names: Sequence[str], batches: int) -> list[str]:
    """Batches that are not there, or not watched; and what `gatehouse audit verify` finds."""
    ledger, found = open_ledger(world.url), []
    for name in names:
        landed, watched = len(ledger.batches.list(name)), len(ledger.batches.watches(name))
        if (landed, watched) != (batches, batches):
            found.append(f"{name}: of {batches} batches {landed} landed and {watched} were watched")
        champion = ledger.models.champion(name)
        alias = _tracking(world, name).champion_alias(name)
        if champion is None or alias != champion.model.version:
            found.append(f"{name}: the champion is {champion}, MLflow's alias points at {alias}")
    breaches = verify(world.url, open_lake(str(world.folder / "lake")), None)
    return found + [f"{finding.invariant}: {breach}" for finding in breaches for breach in finding.breaches]


def _grown(told: Sequence[Taken]) -> list[str]:
    found = []
    for number, one in enumerate(told):
        memory, files = one.growth()
        if memory > GROWTH:
            found.append(f"process {number}: resident memory grew by {memory:.0%} after the warm-up")
        if files > MORE_FILES:
            found.append(f"process {number}: {files} more files are open than after the warm-up")
    return found
