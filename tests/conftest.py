"""What several rooms of tests need: a real PostgreSQL, and a fresh ledger in it for each test."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg2
import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadFileScheduling

from gatehouse.adapters.ledger import migrate, open_ledger
from gatehouse.dev_stack.postgres import PostgresServer, private_folder
from gatehouse.dev_stack.temp_postgres import temporary_postgres
from gatehouse.ports import Ledger
from gatehouse.settings import ROOT

os.environ["PYTHONPATH"] = str(ROOT / "include")  # for the processes that tests start
_numbers = itertools.count(1)
settings.register_profile("gatehouse", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("gatehouse"), max_examples=10)
settings.load_profile("gatehouse")  # a busy machine fails no property


STACK = "tests/system/"  # these files share one stack, and take longest


class SideBySide(LoadFileScheduling):
    """`pytest -n`: a file stays with one process, and the files that share the stack with the same one."""

    def _split_scope(self, nodeid: str) -> str:
        return STACK if nodeid.startswith(STACK) else nodeid.split("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> SideBySide:
    """xdist asks for the schedule of `pytest -n`."""
    return SideBySide(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes longest starts first."""
    items.sort(key=lambda item: item.nodeid.startswith(STACK), reverse=True)


@pytest.fixture(scope="session")
def ledger_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A real PostgreSQL for the whole session; a test that needs it fails where it does not start."""
    folder = tmp_path_factory.mktemp("postgres")
    with temporary_postgres(folder) as server:
        yield server
    shutil.rmtree(private_folder(folder / "postgres"), ignore_errors=True)


@dataclass(frozen=True)
class LedgerDatabase:
    """The addresses of one test's database, for the application, the schema's owner and the superuser."""

    url: str
    owner_url: str
    superuser_url: str


@pytest.fixture(scope="session")
def ledger_template(ledger_server: PostgresServer) -> str:
    """A migrated, empty database that each test's own is copied from."""
    _run(ledger_server, "CREATE DATABASE ledger_template OWNER ledger_owner")
    migrate.upgrade(ledger_server.url("ledger_template", "ledger_owner"), "ledger")
    return "ledger_template"


@contextlib.contextmanager
def fresh_database(server: PostgresServer, template: str) -> Iterator[LedgerDatabase]:
    """A migrated, empty database that is gone when the block ends."""
    name = f"ledger_{next(_numbers)}"
    _run(server, f"CREATE DATABASE {name} OWNER ledger_owner TEMPLATE {template}")
    urls = [server.url(name, role) for role in ("ledger", "ledger_owner", "postgres")]
    yield LedgerDatabase(*urls)
    _run(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def ledger_database(ledger_server: PostgresServer, ledger_template: str) -> Iterator[LedgerDatabase]:
    """A fresh, migrated database."""
    with fresh_database(ledger_server, ledger_template) as database:
        yield database


def refill(server: PostgresServer, database: LedgerDatabase, template: str) -> None:
    """Let a test's database be a copy of another one, which nobody may be connected to."""
    name = database.url.rpartition("/")[2].partition("?")[0]
    _run(server, f"DROP DATABASE {name} WITH (FORCE)")
    _run(server, f"CREATE DATABASE {name} OWNER ledger_owner TEMPLATE {template}")


def keep(server: PostgresServer, database: LedgerDatabase, as_template: str) -> None:
    """Keep a database as it is now, for others to be copied from."""
    name = database.url.rpartition("/")[2].partition("?")[0]
    _run(server, f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'")
    _run(server, f"CREATE DATABASE {as_template} OWNER ledger_owner TEMPLATE {name}")


@pytest.fixture
def ledger(ledger_database: LedgerDatabase) -> Ledger:
    """A fresh ledger, as the application sees it."""
    return open_ledger(ledger_database.url)


def _run(server: PostgresServer, statement: str) -> None:
    with contextlib.closing(psycopg2.connect(server.url("postgres", "postgres"))) as connection:
        connection.autocommit = True
        connection.cursor().execute(statement)
