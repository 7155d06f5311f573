"""Processes: ended with all they started, found by their mark, never outliving who started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from gatehouse.dev_stack import process

GRANDCHILD = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "{body}"], start_new_session={session}, process_group={group})
print(child.pid, flush=True)
time.sleep(60)
"""
TITLED = "import setproctitle, time; setproctitle.setproctitle('a title ' * 50); time.sleep(60)"
SLEEP = "import time; time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"


@pytest.fixture
def mark(tmp_path: Path) -> Iterator[str]:
    """A mark of this test; what carries it is gone afterwards."""
    yield str(tmp_path)
    process.stop_tagged(str(tmp_path), grace=0)


def launch(log: Path, mark: str, body: str, group: int | None = 0) -> tuple[subprocess.Popen[bytes], psutil.Process]:
    """A marked program and its child, the child in a process group of its own, as Airflow's tasks are."""
    code = GRANDCHILD.format(body=body, session=False, group=group)
    environment = {**os.environ, process.MARK: mark, "SPT_NOENV": "1"}
    leader = process.start([sys.executable, "-c", code], log, environment)
    within(10, lambda: log.read_text().strip() != "")
    child = psutil.Process(int(log.read_text()))
    within(10, lambda: len(child.cmdline()) > 0)
    time.sleep(0.3)
    return leader, child


def within(seconds: float, holds: Callable[[], bool]) -> None:
    """Return as soon as `holds`; fail when it does not in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def gone(found: psutil.Process) -> bool:
    """Whether a process has ended (a zombie has)."""
    return not found.is_running() or found.status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("body", [SLEEP, STUBBORN])
def test_a_program_is_ended_with_children_of_other_process_groups(tmp_path: Path, mark: str, body: str):
    """A child in its own process group ends with the session, and one that ignores SIGTERM is killed."""
    leader, child = launch(tmp_path / "log", mark, body)
    process.end(leader.pid, grace=0.5)
    within(2, lambda: gone(child) and leader.poll() is not None)


def test_what_a_dead_program_left_behind_is_ended_too(tmp_path: Path, mark: str):
    """A killed scheduler's task, nobody's child by now and in a process group of its own, still is in its session."""
    leader, child = launch(tmp_path / "log", mark, SLEEP)
    leader.kill()
    leader.wait()
    process.end(leader.pid, grace=2)
    assert gone(child)


def test_orphans_are_found_by_their_mark_and_ended(tmp_path: Path, mark: str):
    """A child whose parent was killed, and whose title covers its arguments, still carries the mark."""
    leader, child = launch(tmp_path / "log", mark, TITLED)
    leader.kill()
    leader.wait()
    within(5, lambda: child.ppid() != leader.pid)
    assert [found.pid for found in process.tagged(mark)] == [child.pid]
    assert process.stop_tagged(mark, grace=3) == 1
    assert gone(child)
    assert process.tagged(mark) == []


def test_spared_processes_and_their_children_are_left_alone(tmp_path: Path, mark: str):
    """What is spared survives with its children, and so does everything without the mark."""
    leader, child = launch(tmp_path / "log", mark, SLEEP)
    assert process.stop_tagged(mark, grace=0, spare={leader.pid}) == 0
    assert process.stop_tagged(mark + "another", grace=0) == 0
    assert not gone(child)
    assert leader.poll() is None


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_a_program_ends_when_who_started_it_is_killed(tmp_path: Path, mark: str):
    """SIGKILL to the starter leaves nothing running."""
    code = (
        "import os, sys, time; from pathlib import Path; from gatehouse.dev_stack import process\n"
        f"started = process.start([sys.executable, '-c', '{SLEEP}'], Path({str(tmp_path / 'inner')!r}), os.environ)\n"
        "print(started.pid, flush=True); time.sleep(60)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), process.MARK: mark}
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment) as starter:
        assert starter.stdout is not None
        started = psutil.Process(int(starter.stdout.readline()))
        starter.send_signal(signal.SIGKILL)
    within(5, lambda: gone(started))
