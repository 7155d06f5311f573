"""Planted into the configuration of a proof's Airflow: what the process of a task does at a boundary, when it is ordered to.

Airflow imports this file by its name. An order is a file `orders/DAG.TASK.BOUNDARY` that says `die`, `orphan` or `freeze`;
whoever can rename it carries it out, so it is carried out once. What happened stands in `orders/log`. The product knows of
none of it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

ORDERS = Path(os.environ["AIRFLOW_HOME"]) / "orders"
NO_EVENTS = ORDERS / "no-events"  # as long as this file is there, no task wakes another DAG
SLEEP_SECONDS = 400.0  # a copy of the task is to come and go meanwhile


def task_policy(task: Any) -> None:
    """Called by Airflow when a DAG is read, in the task's own process too: there the task is watched from then on."""
    runner = sys.modules.get("airflow.sdk.execution_time.task_runner")
    if runner is not None and not hasattr(runner, "_unwatched"):
        runner._unwatched, runner._execute_task = runner._execute_task, _watched


class Boundaries:
    """The boundaries of one task, in the order in which its process reaches them."""

    def __init__(self, task: str, number: int) -> None:
        self._ordered, self._task = task, task if number < 0 else f"{task}[{number}]"
        self._commits, self._stopped = 0, 0

    def note(self, what: str) -> None:
        """One line in the log."""
        with (ORDERS / "log").open("a", encoding="utf-8") as log:
            log.write(f"{time.time():.3f} {os.getpid()} {self._task} {what}\n")

    def at(self, boundary: str) -> None:
        """Carry out what is ordered for this boundary, if anything."""
        self.note(boundary)
        order, done = ORDERS / f"{self._ordered}.{boundary}", ORDERS / f"{self._ordered}.{boundary}.done"
        with contextlib.suppress(FileNotFoundError):
            order.rename(done)
            getattr(self, f"_{done.read_text(encoding='utf-8')}")()

    def committing(self) -> None:
        """Something was written and is about to be committed: the first time that an attempt has begun, then what it did."""
        if self._commits == 1:
            self.at("committing")

    def committed(self) -> None:
        """It is."""
        self._commits += 1
        self.note("commits")
        if self._commits == 1:
            self.at("entered")

    def _die(self) -> None:
        self.note("dies")
        os.kill(os.getpid(), signal.SIGKILL)

    def _orphan(self) -> None:
        """Kill the supervisor, and go on once a copy of this task has ended."""
        os.kill(os.getppid(), signal.SIGKILL)
        self._sleep("orphaned")

    def _freeze(self) -> None:
        """Stop the supervisor, so that no heartbeat comes, and go on once a copy of this task has ended: with everything as it
        was, but no longer the newest."""
        self._stopped = os.getppid()
        os.kill(self._stopped, signal.SIGSTOP)
        self._sleep("frozen")

    def thaw(self) -> None:
        """Let a stopped supervisor go on, to see what has become of its task."""
        if self._stopped:
            os.kill(self._stopped, signal.SIGCONT)

    def _sleep(self, why: str) -> None:
        self.note(why)
        mine, deadline = f" {os.getpid()} ", time.monotonic() + SLEEP_SECONDS
        while time.monotonic() < deadline:
            lines = (ORDERS / "log").read_text(encoding="utf-8").splitlines()
            since = next(at for at, line in enumerate(lines) if mine in line and line.endswith(why))
            if any(f" {self._task} returned" in line and mine not in line for line in lines[since:]):
                break
            time.sleep(0.5)
        self.note("wakes")


def _watched(context: Any, ti: Any, log: Any) -> Any:
    from airflow.sdk.exceptions import DownstreamTasksSkipped
    from airflow.sdk.execution_time import task_runner

    boundaries = Boundaries(f"{ti.dag_id}.{ti.task_id}", ti.map_index)
    boundaries.at("started")
    _watch_commits(boundaries)
    try:
        result = task_runner._unwatched(context, ti, log)  # type: ignore[attr-defined]
        if NO_EVENTS.exists():
            ti.task.outlets = []
        boundaries.at("returned")
    except DownstreamTasksSkipped:  # how a branch ends
        boundaries.at("returned")
        raise
    except Exception as error:
        boundaries.note(f"refused {type(error).__name__}: {error}")
        raise
    finally:
        boundaries.thaw()
    return result


def _watch_commits(boundaries: Boundaries) -> None:
    import psycopg2
    from psycopg2 import extensions

    class Watched(extensions.connection):
        """A connection that tells of the commits of what it wrote."""

        def commit(self) -> None:
            with self.cursor() as cursor:
                cursor.execute("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")
                row = cursor.fetchone()
                wrote = row[0] if isinstance(row, tuple) else next(iter(row.values()))
            if wrote:
                boundaries.committing()
            super().commit()
            if wrote:
                boundaries.committed()

    connect = psycopg2.connect
    psycopg2.connect = lambda *args, **more: connect(*args, connection_factory=Watched, **more)
