"""Starting and ending processes: each in a group of its own, none outliving its supervisor, none overlooked."""

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
    command: Sequence[str], log: Path, environment: Mapping[str, str], user: tuple[int, int] | None = None
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, its output appended to `log`, as `user` (uid, gid) when given."""
    uid, gid = user if user else (None, None)
    groups: list[int] | None = [] if user else None
    with _open_log(log) as stream:
        return subprocess.Popen(  # noqa: S603
            list(command), stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT, env=dict(environment),
            start_new_session=True, preexec_fn=_die_with_parent, user=uid, group=gid, extra_groups=groups, cwd="/",
        )  # fmt: skip


def _open_log(log: Path) -> IO[bytes]:
    return os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def _die_with_parent() -> None:
    """Linux ends the child when its supervisor ends, however that ends; elsewhere the next start finds it by its mark."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def end_group(leader: int, grace: float) -> None:
    """SIGTERM to a process group, SIGKILL to what is left of it after `grace` seconds."""
    members = _group(leader)
    _signal(leader, signal.SIGTERM)
    _, alive = psutil.wait_procs(members, timeout=grace)
    if alive or _group(leader):
        _signal(leader, signal.SIGKILL)
        psutil.wait_procs(alive, timeout=5)


def _signal(leader: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def _group(leader: int) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, psutil.Error):
            if os.getpgid(process.pid) == leader and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def marked(mark: str, spare: Collection[int] = ()) -> list[psutil.Process]:
    """Every process that carries the stack's mark in its environment, but for this one, its parents and `spare`."""
    left_alone = {os.getpid(), *(parent.pid for parent in psutil.Process().parents()), *spare}
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if _carries(process, mark) and not {process.pid, process.ppid()} & left_alone:
                found.append(process)
    return found


def _carries(process: psutil.Process, mark: str) -> bool:
    return process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE


def end_marked(mark: str, grace: float = 8.0, spare: Collection[int] = ()) -> int:
    """End every process that carries the mark; returns how many there were."""
    found = marked(mark, spare)
    for process in found:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    deadline = time.monotonic() + grace
    while (left := marked(mark, spare)) and time.monotonic() < deadline:
        time.sleep(0.2)
    for process in left:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(left, timeout=5)
    return len(found)
