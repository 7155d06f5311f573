"""slow: `make run` on one core, with every task ten times slower. The built-in flights must end well, with the champions,
verdicts and everything else that they come to at full speed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from faults.effects import differences, effects
from faults.live import Live, left_over, live_in
from faults.orders import SLOW
from faults.proven import Asked, Proven
from gatehouse.dev_stack.demo import walk
from gatehouse.errors import GatehouseError
from gatehouse.settings import ROOT

NAME = "flight_delays"
BUILT_IN = ROOT / "include" / "usecases"
STAGES = ("ingest", "monitor", "retrain", "judge")


def slowed(asked: Asked) -> list[Proven]:
    """The walk at full speed, and the walk with the brake on; `asked.batches` of them at most."""
    with live_in(BUILT_IN, [NAME]) as usual:
        months = min(len(usual.keys(NAME)), asked.batches)
        quick, broken = _walked(usual, months)
        expected = effects(usual.ctx(NAME))
    with one_core(), live_in(BUILT_IN, [NAME], planted=SLOW) as ctx:
        taken, stuck = _walked(ctx, months)
        found = effects(ctx.ctx(NAME))
        wrong = [*broken, *stuck, *differences(expected, found), *ctx.broken(), *_red(ctx)]
        tasks = len(_slowed(ctx.running.home.airflow))
    wrong += [] if tasks else ["no task was slowed down"]
    what = (
        f"the walk of {months} months of flights on one core, {tasks} tasks stopped for nine tenths of their time: {taken:.0f} s "
        f"instead of {quick:.0f} s"
    )
    return [
        Proven("slow", what, months, tuple(wrong)),
        Proven("F5", "processes that outlive the stack", 1, left_over(ctx.running)),
    ]


@contextmanager
def one_core() -> Iterator[None]:
    """This process, and all that it starts meanwhile, on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _walked(ctx: Live, months: int) -> tuple[float, list[str]]:
    """How long the walk took, and why it did not come to its end."""
    started = time.monotonic()
    try:
        walk(ctx.running, NAME, months)
    except GatehouseError as error:
        return time.monotonic() - started, [f"the walk ended: {error}"]
    return time.monotonic() - started, []


def _red(ctx: Live) -> list[str]:
    """The runs that are red."""
    runs = [run for stage in STAGES for run in ctx.runs(NAME, stage)]
    return [f"{run['dag_id']} {run['dag_run_id']} is red" for run in runs if run["state"] == "failed"]


def _slowed(airflow: Path) -> list[str]:
    log = airflow / "slowed"
    return log.read_text(encoding="utf-8").splitlines() if log.is_file() else []
