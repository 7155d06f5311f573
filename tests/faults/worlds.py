"""Worlds: one ledger and one folder each, copied as often as a fault needs a fresh one."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from gatehouse.adapters.ledger import migrate
from gatehouse.dev_stack.postgres import PostgresServer, private_folder
from gatehouse.dev_stack.temp_postgres import temporary_postgres


@dataclass(frozen=True)
class World:
    """A database by its name, and its folder."""

    database: str
    folder: Path
    url: str


class Worlds:
    """Makes, copies and removes worlds on one server."""

    def __init__(self, server: PostgresServer, folder: Path) -> None:
        self._server, self._folder = server, folder
        folder.mkdir(parents=True, exist_ok=True)
        self._admin = psycopg2.connect(server.url("postgres", "postgres"))
        self._admin.autocommit = True

    def below(self, name: str) -> Worlds:
        """Worlds for a process of its own: another connection, and a folder of that name."""
        return Worlds(self._server, self._folder / name)

    def new(self, name: str) -> World:
        """A migrated, empty ledger and an empty folder."""
        self._run(f"CREATE DATABASE {name} OWNER ledger_owner")
        migrate.upgrade(self._server.url(name, "ledger_owner"), "ledger")
        (self._folder / name).mkdir(parents=True)
        return self._world(name)

    def copy(self, world: World, name: str) -> World:
        """The same state under another name."""
        self._run(f"CREATE DATABASE {name} OWNER ledger_owner TEMPLATE {world.database} STRATEGY FILE_COPY")
        subprocess.run(["cp", "-a", str(world.folder), str(self._folder / name)], check=True)
        return self._world(name)

    def drop(self, world: World) -> None:
        self._run(f"DROP DATABASE {world.database} WITH (FORCE)")
        shutil.rmtree(world.folder)

    def settle(self, world: World) -> None:
        """End what a killed process has left connected: a template may have no clients."""
        self._run(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{world.database}'")

    def close(self) -> None:
        self._admin.close()

    def _world(self, name: str) -> World:
        return World(name, self._folder / name, self._server.url(name, "ledger"))

    def _run(self, statement: str) -> None:
        self._admin.cursor().execute(statement)


@contextlib.contextmanager
def worlds(folder: Path) -> Iterator[Worlds]:
    """A PostgreSQL of its own, without fsync: processes die here, the server does not."""
    with temporary_postgres(folder / "server") as server:
        made = Worlds(server, folder / "worlds")
        try:
            yield made
        finally:
            made.close()
    shutil.rmtree(private_folder(folder / "server" / "postgres"), ignore_errors=True)


def in_child(act: Callable[[], None]) -> int:
    """Run `act` in a forked child; its exit code, negative for the signal that ended it."""
    return in_children([act])[0]


def in_children(acts: Sequence[Callable[[], None]]) -> list[int]:
    """Run them side by side, each in a forked child; their exit codes, negative for the signal that ended one."""
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in [_forked(act) for act in acts]]


def _forked(act: Callable[[], None]) -> int:
    child = os.fork()
    if child == 0:
        code = 70
        try:
            act()
            code = 0
        except BaseException:
            traceback.print_exc()  # nobody above would: this process ends here
        finally:
            os._exit(code)
    return child
