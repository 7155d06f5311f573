"""PostgreSQL servers that end with a block, for backtests and tests: they trade durability for speed."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil

from gatehouse.dev_stack import process
from gatehouse.dev_stack.postgres import LIMITS, PRIVATE, STOP, PostgresServer, prepare, server_at
from gatehouse.dev_stack.stack_dir import StackDirectory
from gatehouse.errors import ServiceUnavailableError

FASTER = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
MARK = "throwaway"  # holds the number of the process that is to remove the folder


@contextlib.contextmanager
def temporary_postgres(folder: Path) -> Iterator[PostgresServer]:
    """A throwaway server with roles and databases, for tests: it trades durability for speed and ends with the block."""
    _forget_dead()
    home = StackDirectory(folder).prepare()
    passwords = home.credentials()[0]["roles"]
    server = server_at(folder / "postgres", _any_port(), passwords, (*LIMITS, *FASTER))
    if server.user:
        (server.data.parent / MARK).write_text(str(os.getpid()), encoding="ascii")
    started, server = _start_somewhere(server, home.logs / "postgres.log")
    try:
        prepare(server)
        yield server
    finally:
        process.end(started.pid, grace=5, stop=STOP)
        started.wait()
        if server.user:
            shutil.rmtree(server.data.parent, ignore_errors=True)


def _forget_dead() -> None:
    """Remove what throwaway servers of root's have left whose process was killed before it could."""
    for mark in PRIVATE.glob(f"gatehouse-*/{MARK}"):
        with contextlib.suppress(OSError, ValueError):
            if mark.parent.lstat().st_uid == os.geteuid() == 0 and not psutil.pid_exists(int(mark.read_text("ascii"))):
                shutil.rmtree(mark.parent)


def _start_somewhere(server: PostgresServer, log: Path) -> tuple[subprocess.Popen[bytes], PostgresServer]:
    """Start the server; when somebody else takes its port in the very moment, on another one."""
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    for _ in range(5):
        started = process.start(server.command(), log, environment, server.user, STOP)
        while started.poll() is None:
            if server.healthy():
                return started, server
            time.sleep(0.05)
        server = replace(server, port=_any_port())
    raise ServiceUnavailableError(f"PostgreSQL does not start: {log.read_text(errors='replace')[-500:]}")


def _any_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
