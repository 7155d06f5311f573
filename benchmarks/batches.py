"""What a batch costs besides its rows: each stage on 200 rows in one process, and what a thousand batches leave behind."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import psycopg2

from benchmarks.table import Table
from gatehouse.pipeline import land, outcomes, score
from gatehouse.pipeline.monitor import monitor_batch
from gatehouse.pipeline.validate import validate
from gatehouse.settings import ROOT

sys.path.insert(0, str(ROOT / "tests"))
from faults import flood, scenario
from faults.cases import SMALL, use_case
from faults.worlds import World, worlds
from support.rides import train

BATCHES, WARM = 100, 10
SIZES = (
    ("entries of the audit log", "SELECT count(*) FROM gatehouse.audit_log"),
    ("the audit log, MB", "SELECT pg_total_relation_size('gatehouse.audit_log') / 1048576.0"),
    ("the ledger, MB", "SELECT pg_database_size(current_database()) / 1048576.0"),
)


def measure() -> list[Table]:
    with tempfile.TemporaryDirectory() as folder, worlds(Path(folder)) as made:
        world = made.new("bench")
        use_case(Path(folder) / "small", BATCHES, SMALL)
        os.environ["GATEHOUSE_STATE_DIR"] = str(world.folder)
        with scenario.small_model_folders():
            ctx = flood.open_site(world, Path(folder) / "small")
            empty = _sizes(world)
            taken, trained = _taken(ctx), len(ctx.ledger.requests.list(ctx.name))
        full, lake = _sizes(world), _weight(world.folder / "lake")
    rows = [
        (name, f"{1000 * median(each[WARM:]):.0f}", f"{1000 * max(each[WARM:]):.0f}") for name, each in taken.items()
    ]
    method = f"{BATCHES} batches of 200 rows, one after the other, in one process; the first {WARM} are left out."
    stages = Table("A batch without its rows", method, ("stage", "median ms", "longest ms"), rows)
    grown = [(name, f"{(full[name] - empty[name]) * 1000 / BATCHES:,.0f}") for name, _ in SIZES]
    grown.append(("the lake, MB", f"{lake * 1000 / BATCHES:,.0f}"))
    method = f"Scaled from {BATCHES} batches with {trained} trainings; the lake holds the rows, reports and models."
    return [stages, Table("What a thousand batches leave", method, ("what", "per 1,000 batches"), grown)]


def _taken(ctx: Any) -> dict[str, list[float]]:
    """Seconds of each stage, batch by batch; trainings are let happen and not counted."""
    seconds: dict[str, list[float]] = defaultdict(list)

    def timed(name: str, act: Callable[..., Any], subject: Any) -> Any:
        started = time.perf_counter()
        found = act(ctx, subject)
        seconds[name].append(time.perf_counter() - started)
        return found

    for key in ctx.source.available():
        batch = timed("land", land.land, key)
        timed("outcomes", outcomes.collect, key)
        timed("validate", validate, batch.id)
        timed("score", score.score, batch.id)
        request = timed("watch", monitor_batch.monitor_batch, batch.id)
        if request is not None:
            train(ctx, request.id)
    seconds["all five"] = [sum(each) for each in zip(*seconds.values(), strict=True)]
    return seconds


def _sizes(world: World) -> dict[str, float]:
    with contextlib.closing(psycopg2.connect(world.url)) as connection, connection.cursor() as cursor:
        found = {}
        for name, question in SIZES:
            cursor.execute(question)
            found[name] = float(cursor.fetchone()[0])  # type: ignore[index]
    return found


def _weight(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20
