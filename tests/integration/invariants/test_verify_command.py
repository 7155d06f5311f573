"""The command `gatehouse audit verify` on a real ledger and a real lake."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from conftest import LedgerDatabase
from gatehouse.adapters.lake import open_lake
from gatehouse.cli.verify import verify
from gatehouse.ports import Ledger
from support.story import Story


@pytest.fixture
def lake(tmp_path: Path, ledger: Ledger) -> Path:
    """The folder of a lake in which the whole loop ran once."""
    Story(ledger, open_lake(str(tmp_path))).tell()
    return tmp_path


def _verify(ledger_database: LedgerDatabase, lake: Path, *arguments: str) -> Result:
    environment = {"GATEHOUSE_LEDGER_URL": ledger_database.url, "GATEHOUSE_LAKE": str(lake), "MLFLOW_TRACKING_URI": ""}
    return CliRunner().invoke(verify, arguments, env=environment)


def test_a_healthy_installation_exits_with_zero(ledger_database: LedgerDatabase, lake: Path) -> None:
    """Every invariant holds, the page says so, and what waits is named."""
    result = _verify(ledger_database, lake)
    assert result.exit_code == 0, result.output
    assert "every invariant holds" in result.output
    assert "batch flights/2013-04.r1 is quarantined" in result.output


def test_a_breach_exits_with_one_and_one_json_document(ledger_database: LedgerDatabase, lake: Path) -> None:
    """A lost model file is I5's breach: exit 1, and standard output is one JSON document and nothing else."""
    for path in lake.rglob("models/*/*"):
        path.unlink()
    result = _verify(ledger_database, lake, "--json")
    broken = [finding for finding in json.loads(result.stdout) if not finding["ok"]]
    assert (result.exit_code, [finding["invariant"] for finding in broken]) == (1, ["I5"])
    assert "is missing" in broken[0]["breaches"][0]
