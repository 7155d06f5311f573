"""Starts the process of a use case's code, asks it, and ends it with all that it has started."""

from __future__ import annotations

import atexit
import os
import signal
import socket
import subprocess
import tempfile
import time
import weakref
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import RLock
from typing import Any

from gatehouse.adapters.code_process.environment import command, environment
from gatehouse.adapters.code_process.errors import from_document
from gatehouse.adapters.code_process.output import Output
from gatehouse.errors import ModelError
from gatehouse.user_code import DATA_SCIENTIST

MOST_ENDS = 3  # code that ended its process so often is not asked again
_ALL: weakref.WeakSet[Process] = weakref.WeakSet()


@dataclass(frozen=True)
class Limits:
    """What one call of the code may take, the memory of its process in bytes (0: all there is), and how often it may end
    its process (None: a server starts it again and again)."""

    call_seconds: float
    fit_seconds: float
    memory: int = 0
    most_ends: int | None = MOST_ENDS


@dataclass(frozen=True)
class _Running:
    process: subprocess.Popen[bytes]
    channel: socket.socket
    lifeline: int
    folder: tempfile.TemporaryDirectory[str]
    output: Output


class Process:
    """One process for one use case; it is started with the first call, and again when the code has ended it."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.folder, self.limits, self.owner = folder, limits, os.getpid()
        self.starts, self._ends = 0, 0
        self._alone, self._forget = RLock(), list[int]()
        self._running: _Running | None = None
        _ALL.add(self)

    def start(self) -> None:
        """Start the process, which imports its libraries meanwhile; nothing where it runs."""
        with self._alone:
            if self._running is None:
                self._running = self._started()

    @property
    def pid(self) -> int | None:
        """The number of the running process; None where none runs."""
        return None if self._running is None else self._running.process.pid

    def forget(self, start: int, number: int) -> None:
        """Let go of an estimator with the next call."""
        if start == self.starts:
            self._forget.append(number)

    def call(self, verb: str, what: str, seconds: float | None = None, **given: Any) -> Any:
        """What the verb gives; an error of the code with its own name. `what` is the call as its author knows it."""
        with self._alone:
            most = self.limits.most_ends
            if most is not None and self._ends >= most:
                raise self._error(f"{what} is not asked again: the code ended its process {most} times")
            self.start()
            answer = self._asked({"verb": verb, "with": given}, what, seconds or self.limits.call_seconds)
        if "error" in answer:
            raise from_document(answer["error"])
        return answer.get("value")

    def close(self) -> None:
        """End the process and all that it has started."""
        with self._alone:
            running, self._running = self._running, None
            self._forget.clear()
            if running is None:
                return
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(running.process.pid, signal.SIGKILL)  # not reaped yet: nobody else has its number
            running.process.wait()
            os.close(running.lifeline)
            running.channel.close()
            running.output.ended()
            running.folder.cleanup()

    def _asked(self, call: Mapping[str, Any], what: str, seconds: float) -> dict[str, Any]:
        from gatehouse.adapters.code_process.messages import receive, send  # they import pandas

        assert self._running is not None
        channel, until = self._running.channel, time.monotonic() + seconds
        try:
            send(channel, {**call, "forget": self._forget}, until)
            self._forget.clear()
            return receive(channel, until)
        except BaseException as error:  # also when the task is ended: the process is in the middle of a call
            self._ends += 1
            how = self._how_it_ended()
            if isinstance(error, TimeoutError):
                allowed = "less; `limits` in retrain.yaml allow more"
                raise self._error(f"{what} did not come to its end", f"more than {seconds:g} s", allowed) from None
            if isinstance(error, (EOFError, ConnectionError)):
                raise self._error(f"{what} ended its process", how, "code that returns") from None
            if isinstance(error, ValueError):
                raise self._error(f"{what} gave no answer", str(error)[:200], "code that returns") from None
            raise

    def _how_it_ended(self) -> str:
        running = self._running
        assert running is not None
        self.close()
        code, said = running.process.returncode, running.output.last
        if code < 0:
            return f"signal {-code}" + (" (often for want of memory)" if -code == signal.SIGKILL else "")
        return f"exit code {code}" + (f": {said[-1]}" if said and code else "")

    def _started(self) -> _Running:
        self.starts += 1
        _ended_with(os.getpid())
        own = tempfile.TemporaryDirectory(prefix="gatehouse-code-", ignore_cleanup_errors=True)
        ours, theirs = socket.socketpair()
        heard, lifeline = os.pipe()
        with theirs:
            process = subprocess.Popen(
                command(theirs.fileno(), heard, self.limits.memory, self.folder), env=environment(Path(own.name)),
                cwd=own.name, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                pass_fds=(theirs.fileno(), heard), start_new_session=True,
            )  # fmt: skip
        os.close(heard)
        assert process.stdout is not None
        return _Running(process, ours, lifeline, own, Output(self.folder.name, process.stdout))

    def _error(self, what: str, found: str = "", allowed: str = "") -> ModelError:
        file = str(self.folder / "model.py")
        return ModelError(what, where=file, found=found, allowed=allowed, owner=DATA_SCIENTIST)


@cache
def _ended_with(process: int) -> None:
    """Let the code's processes end with this one. Asked for at their start: a task of Airflow's is a fork that forgets what
    was asked for before."""
    atexit.register(_close_all)


def _close_all() -> None:
    """End every process that this one has started."""
    for process in list(_ALL):
        if process.owner == os.getpid():
            process.close()
