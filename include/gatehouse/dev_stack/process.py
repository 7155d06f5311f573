"""Starting and ending processes: each in a session of its own, none outliving its supervisor, none overlooked."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import IO

import psutil

MARK = "GATEHOUSE_STACK"
_PR_SET_PDEATHSIG = 1


def start(
    command: Sequence[str],
    log: Path,
    environment: Mapping[str, str],
    user: tuple[int, int] | None = None,
    stop: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, its output appended to `log`, as `user` (uid, gid) when given.

    Linux sends it `stop` when its supervisor ends, however that ends; elsewhere the next start finds it by its mark.
    """
    uid, gid = user if user else (None, None)
    groups: list[int] | None = [] if user else None

    def die_with_parent() -> None:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, stop)

    with _open_log(log) as stream:
        return subprocess.Popen(
            list(command), stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT, env=dict(environment),
            start_new_session=True, preexec_fn=die_with_parent, user=uid, group=gid, extra_groups=groups, cwd="/",
        )  # fmt: skip


def _open_log(log: Path) -> IO[bytes]:
    return os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def end(leader: int, grace: float, stop: signal.Signals = signal.SIGTERM) -> None:
    """Send `stop` to a session, then SIGKILL to what is left of it, and of its descendants, after `grace` seconds.

    By session and not by process group: an Airflow task has a group of its own inside its scheduler's session.
    PostgreSQL's backends have sessions of their own: they hear from the postmaster, which knows in what order they end.
    """
    members = _session(leader)
    family = {*members, *_descendants(members)}
    _send(members, stop)
    psutil.wait_procs(family, timeout=grace)
    left = {process for process in {*family, *_session(leader)} if _lives(process)}
    _send(left, signal.SIGKILL)
    psutil.wait_procs(left, timeout=5)


def _session(leader: int) -> list[psutil.Process]:
    found = []
    for pid in psutil.pids():
        with contextlib.suppress(OSError, psutil.Error):
            if os.getsid(pid) == leader and _lives(process := psutil.Process(pid)):
                found.append(process)
    return found


def _descendants(processes: Collection[psutil.Process]) -> list[psutil.Process]:
    found = []
    for process in processes:
        with contextlib.suppress(psutil.Error):
            found += process.children(recursive=True)
    return found


def _send(processes: Collection[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.send_signal(number)


def _lives(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def tagged(mark: str, spare: Collection[int] = ()) -> list[psutil.Process]:
    """Every process that carries the stack's mark in its environment, but for this one, its parents, and `spare` with
    its children. An orphan counts: that its parent is process 1, as everybody's first parent is, spares it nothing."""
    spared_with_children = {os.getpid(), *spare}
    spared = {*spared_with_children, *(parent.pid for parent in psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            ours = process.pid in spared or process.ppid() in spared_with_children
            if not ours and process.environ().get(MARK) == mark and _lives(process):
                found.append(process)
    return found


def stop_tagged(mark: str, grace: float = 8.0, spare: Collection[int] = ()) -> int:
    """End every process that carries the mark; returns how many there were."""
    found = tagged(mark, spare)
    _send(found, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while (left := tagged(mark, spare)) and time.monotonic() < deadline:
        time.sleep(0.2)
    _send(left, signal.SIGKILL)
    psutil.wait_procs(left, timeout=5)
    return len(found)
