"""One ledger for all use cases of a test file: each has a name of its own."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conftest import LedgerDatabase, fresh_database
from gatehouse.adapters.lake import open_lake
from gatehouse.adapters.ledger import open_ledger
from gatehouse.backtest import run
from gatehouse.backtest.context import BacktestContext
from gatehouse.dev_stack.postgres import PostgresServer
from gatehouse.ports import Ledger
from gatehouse.use_case import UseCase, load
from support.folders import Folder, Write
from support.played import Played, play

Play = Callable[..., Played]
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def shared_database(ledger_server: PostgresServer, ledger_template: str) -> Iterator[LedgerDatabase]:
    """The database of a file's tests."""
    with fresh_database(ledger_server, ledger_template) as database:
        yield database


@pytest.fixture(scope="module")
def shared_ledger(shared_database: LedgerDatabase) -> Ledger:
    """The ledger of a file's tests."""
    return open_ledger(shared_database.url)


@pytest.fixture
def played(shared_ledger: Ledger, tmp_path: Path) -> Play:
    """Writes a folder under a new name and plays it."""

    def run(folder: Folder, rows: Write | None = None, outcomes: Write | None = None) -> Played:
        path = folder.write(tmp_path / f"case{next(_numbers)}", rows, outcomes)
        return play(path, shared_ledger, tmp_path / "lake")

    return run


@pytest.fixture
def replayed(
    shared_ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Folder], run.BacktestResult]:
    """Writes a folder and makes its whole backtest, what-ifs too; only the server is the tests' own."""

    @contextlib.contextmanager
    def on_shared_server(case: UseCase) -> Iterator[BacktestContext]:
        yield BacktestContext(case, shared_ledger, open_lake(str(tmp_path / "lake")))

    def backtested(folder: Folder) -> run.BacktestResult:
        monkeypatch.setattr(run, "throwaway", on_shared_server)
        return run.backtest(load(folder.write(tmp_path / f"case{next(_numbers)}")))

    return backtested
