"""The time of each stage in real DAG runs, and how much of it is Airflow's.

A task instance's own time (start to end) holds the process, the parse of its DAG file and the stage; the stage alone is
what the same function takes in this process, with everything imported. What a run takes besides its tasks is scheduling.
"""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.table import Table
from gatehouse.dev_stack import stack
from gatehouse.dev_stack.demo import walk

BATCHES = 5
DAGS = ("ingest", "monitor", "retrain")


def measure() -> list[Table]:
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        with stack.running(Path(folder) / "home") as running:
            up = time.monotonic() - started
            walk(running, "flight_delays", BATCHES)
            walked = time.monotonic() - started
            api = running.airflow()
            tables = [_tasks(api), _runs(api)]
            down_from = time.monotonic()
        down = time.monotonic() - down_from
    totals = [
        ("stack up, from nothing", f"{up:.0f}"),
        (f"stack up and {BATCHES} batches settled", f"{walked:.0f}"),
        ("stack down", f"{down:.0f}"),
    ]
    return [Table("The local stack", "Wall seconds, dependencies installed.", ("what", "seconds"), totals), *tables]


def _tasks(api: Any) -> Table:
    own: dict[tuple[str, str], list[float]] = defaultdict(list)
    queued: dict[tuple[str, str], list[float]] = defaultdict(list)
    for dag in DAGS:
        for run in api.runs(f"flight_delays__{dag}"):
            for task in api.tasks(f"flight_delays__{dag}", run["dag_run_id"]):
                if task["state"] == "success" and task["start_date"]:
                    own[dag, task["task_id"]].append(_between(task["start_date"], task["end_date"]))
                    queued[dag, task["task_id"]].append(_between(task["scheduled_when"], task["start_date"]))
    rows = [
        (
            f"{dag}.{task}",
            str(len(taken)),
            f"{median(taken):.2f}",
            f"{max(taken):.2f}",
            f"{median(queued[dag, task]):.2f}",
        )
        for (dag, task), taken in own.items()
    ]
    method = (
        "Median and longest seconds of a task instance from start to end, and of its way from scheduled to started."
    )
    return Table("Tasks", method, ("task", "runs", "median s", "longest s", "scheduled to started, s"), rows)


def _runs(api: Any) -> Table:
    """A run's wall time less the union of its tasks' times is Airflow's scheduling; waiting for a turn is not counted."""
    rows = []
    for dag in DAGS:
        walls, busy = [], []
        for run in api.runs(f"flight_delays__{dag}"):
            tasks = [t for t in api.tasks(f"flight_delays__{dag}", run["dag_run_id"]) if t["state"] == "success"]
            spans = sorted((_stamp(t["start_date"]), _stamp(t["end_date"])) for t in tasks if t["start_date"])
            if run["state"] == "success" and spans:
                walls.append(max(end for _, end in spans) - _stamp(run["start_date"]))
                busy.append(_covered(spans))
        share = 1 - median(busy) / median(walls)
        rows.append((dag, str(len(walls)), f"{median(walls):.2f}", f"{median(busy):.2f}", f"{share:.0%}"))
    method = "Median seconds of a run, of the time in which at least one of its tasks ran, and the share between them: Airflow's."
    return Table("Runs, and Airflow's share", method, ("DAG", "runs", "run, s", "in tasks, s", "between tasks"), rows)


def _covered(spans: list[tuple[float, float]]) -> float:
    total, reached = 0.0, spans[0][0]
    for start, end in spans:
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


def _between(one: str, other: str) -> float:
    return _stamp(other) - _stamp(one)


def _stamp(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
