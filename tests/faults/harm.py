"""What is done to a running stack, by its own processes' ids: each kind of harm, and the seconds until it is whole again."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable

import psutil

from gatehouse.dev_stack import process, stack
from gatehouse.dev_stack.stack import Stack

STOPPED_SECONDS, WHOLE_SECONDS = 20.0, 120.0
KILLED = ("scheduler", "dag-processor", "triggerer", "api-server", "mlflow", "postgres")


class Harm:
    """Kinds of harm in a seeded order, each as often as any other."""

    def __init__(self, running: Stack, seed: int) -> None:
        self._running, self._random = running, random.Random(seed)
        self._waiting: list[str] = []
        self.done: list[str] = []
        self.worst = 0.0

    def next(self) -> None:
        """Do the next kind, and wait until every component is healthy again; AssertionError when one stays ill."""
        if not self._waiting:
            self._waiting = [
                *(f"{name} killed" for name in KILLED),
                "task killed",
                "task's supervisor killed",
                "api-server stopped",
            ]
            self._random.shuffle(self._waiting)
        kind = self._waiting.pop()
        started = time.monotonic()
        told = self._act(kind)
        self._whole(kind)
        taken = time.monotonic() - started
        self.worst = max(self.worst, taken)
        self.done.append(f"{kind}{told}, whole after {taken:.0f} s")

    def _act(self, kind: str) -> str:
        name, _, how = kind.rpartition(" ")
        if how == "stopped":
            family = self._family(name)
            _send(family, signal.SIGSTOP)
            time.sleep(STOPPED_SECONDS)
            _send(family, signal.SIGCONT)
            return f" for {STOPPED_SECONDS:g} s"
        if name in KILLED:
            os.kill(self._pid(name), signal.SIGKILL)
            time.sleep(2)  # the supervisor looks every second
            return ""
        found = self._tasks(lambda line: ("LocalExecutor:" in line) == name.endswith("supervisor"))
        if not found:
            return " (none was running)"
        _send([self._random.choice(found)], signal.SIGKILL)
        return ""

    def _pid(self, name: str) -> int:
        parts = {each["name"]: each for each in stack.status(self._running.home)["components"]}
        return int(parts[name]["pid"])

    def _family(self, name: str) -> list[psutil.Process]:
        leader = psutil.Process(self._pid(name))
        return [leader, *leader.children(recursive=True)]

    def _tasks(self, wanted: Callable[[str], bool]) -> list[psutil.Process]:
        """The processes that run a task now, or those that supervise one, by the titles that Airflow gives them."""
        found = []
        for each in process.tagged(self._running.home.mark):
            with contextlib.suppress(psutil.Error):
                line = " ".join(each.cmdline())
                if line.startswith("airflow worker -- ") and "<idle>" not in line and wanted(line):
                    found.append(each)
        return found

    def _whole(self, kind: str) -> None:
        deadline = time.monotonic() + WHOLE_SECONDS
        while not stack.status(self._running.home)["up"]:
            assert time.monotonic() < deadline, f"{kind}: not whole again within {WHOLE_SECONDS:g} s"
            time.sleep(0.5)


def _send(family: list[psutil.Process], number: signal.Signals) -> None:
    for each in family:
        with contextlib.suppress(psutil.Error):
            each.send_signal(number)
