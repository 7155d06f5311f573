"""From a table of a database to a use case that is checked without a correction."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from gatehouse.check import check
from gatehouse.cli import questions
from gatehouse.cli.scaffold import new
from gatehouse.core.config.contract import SqlSource
from gatehouse.errors import InvalidInputError
from gatehouse.proposal.database import DatabaseTable
from gatehouse.proposal.propose import Request, propose
from gatehouse.use_case import load

SPEC = SqlSource(kind="sql", connection="SHOP", queries={})


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Seven months of a table with a reserved name, odd columns, moments in two forms, and verdicts in another table."""
    random, rows, path = np.random.default_rng(3), 1400, tmp_path / "shop.db"
    at = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.sort(random.uniform(0, 213 * 86400, rows)), unit="s")
    price = random.lognormal(3, 1, rows)
    late = random.uniform(size=rows) < 1 / (1 + np.exp(3 - np.log(price)))
    with sqlite3.connect(path) as made:
        made.execute(
            'CREATE TABLE "Order" ("Order No" TEXT, at TEXT, "Disc %" REAL, price REAL, late INTEGER, raw BLOB)'
        )
        made.execute('CREATE TABLE verdict (nr TEXT, "is:late" INTEGER)')
        for row in range(rows):
            moment = at[row].isoformat() if row % 2 else f"{at[row]:%Y-%m-%d %H:%M:%S}+00:00"
            known = int(late[row]) if row < rows - 50 else None
            made.execute(
                'INSERT INTO "Order" VALUES (?, ?, ?, ?, ?, ?)',
                (f"X{row}", moment, random.uniform(), price[row], known, b"\0"),
            )
        made.execute('INSERT INTO verdict SELECT "Order No", late FROM "Order" WHERE late IS NOT NULL')
    monkeypatch.setenv("SHOP", f"sqlite:///{path}")
    monkeypatch.setenv("GATEHOUSE_USECASES", str(tmp_path / "usecases"))
    return tmp_path / "usecases"


def test_a_table_becomes_a_use_case_that_reads_its_rows_and_outcomes(shop: Path) -> None:
    """The contract has queries for each column that it can hold, the variable and no address, and the last batch of a table
    that nobody fills; all rows and known labels of a batch arrive."""
    arguments = ["shop", "--connection", "SHOP", "--from", "Order", "--label", "late", "--no-backtest"]
    done = CliRunner().invoke(new, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "check: 0 errors" in done.output
    assert "column 'raw' is left out: it holds bytes" in done.output
    contract, text = load(shop / "shop").contract, (shop / "shop" / "contract.yaml").read_text()
    assert (contract.frequency, contract.first_batch, contract.last_batch) == ("month", "2024-01", "2024-07")
    assert list(contract.tables["rows"].columns) == ["order_no", "at", "disc", "price"]
    assert 'SELECT q."Order No" AS order_no, q.at, q."Disc %" AS disc, q.price\n' in text
    assert "sqlite" not in text


def test_labels_of_another_table_are_joined_to_the_rows_of_the_interval(shop: Path) -> None:
    """Outcomes have no time of their own: the query asks for those of the interval's rows."""
    shop.mkdir()
    rows = DatabaseTable(SPEC, 'SELECT *, "Order No" AS nr FROM "Order" WHERE price > 1;')
    proposal = propose(Request("shop", rows, "is:late", ("nr",), outcomes=DatabaseTable(SPEC, "verdict")))
    (shop / "shop").mkdir()
    for name, text in proposal.files.items():
        (shop / "shop" / name).write_text(text)
    (shop / "shop" / "RUNBOOK.md").write_text("# Runbook\n")
    assert [f"{problem.what}: {problem.found}" for problem in check(shop / "shop").errors] == []
    assert "JOIN verdict o ON q.nr = o.nr\n" in proposal.files["contract.yaml"]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("SELECT price, late FROM 'Order'", "divided by time"),
        ("SELECT date(at) AS at, late, price > 20 AS dear FROM 'Order'", "need a key"),
        ('DELETE FROM "Order"', "neither a table nor a query"),
        ("SELECT * FROM 'Order' WHERE price < 0", "no rows"),
    ],
)
def test_what_a_database_cannot_divide_is_refused_with_the_flag(shop: Path, wanted: str, said: str) -> None:
    """Without a time or a key no batch can be asked for, and nothing but reads is asked."""
    with pytest.raises(InvalidInputError, match=said):
        propose(Request("shop", DatabaseTable(SPEC, wanted), "late"))


def test_what_is_missing_is_asked_at_a_terminal(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A column that is not there is asked for again, and an empty answer leaves the choice to the data."""
    flags = ["shop", "--connection", "SHOP", "--from", "Order", "--no-backtest"]
    assert "--from needs --label" in str(CliRunner().invoke(new, flags).exception)
    monkeypatch.setattr(questions, "at_terminal", lambda: True)
    done = CliRunner().invoke(new, flags, input="lat\nlate\n\norder_no\n", catch_exceptions=False)
    assert "no such column: lat; there are order_no, at" in done.output
    contract = load(shop / "shop").contract
    assert (contract.outcomes.label, contract.tables["rows"].time_column, contract.outcomes.key) == (
        "late",
        "at",
        ("order_no",),
    )


def test_an_address_is_no_argument(shop: Path) -> None:
    """The command line is in logs and in the list of processes: an address is refused, and its password is not repeated."""
    for flags in (
        ["--from", "mysql://me:geheim@host/db"],
        ["--from", "Order", "--connection", "mysql://me:geheim@host/db"],
    ):
        done = CliRunner().invoke(new, ["shop", "--label", "late", *flags])
        assert "geheim" not in f"{done.output}{done.exception}"
        assert "--connection" in f"{done.output}{done.exception}"
