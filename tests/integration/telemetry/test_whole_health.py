"""What counts as wrong with an installation."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from gatehouse.adapters.lake import open_lake
from gatehouse.ports import Ledger
from gatehouse.settings import ROOT, Settings
from gatehouse.telemetry import LedgerSnapshot, judge
from gatehouse.telemetry.probe import check_health
from gatehouse.telemetry.queries import MAINTENANCE
from support.story import Story

WELL = {"ledger": "", "lake": "", "mlflow": ""}


def batch(age: float | None) -> dict:
    return {"use_case": "flights", "waiting": 1, "waiting_age": age}


@pytest.mark.parametrize(
    ("facts", "wrong"),
    [
        (LedgerSnapshot(ledger={"upkeep_age": 1700.0, "age": 9e9}, batches=[batch(20_000.0)]), []),
        (LedgerSnapshot(ledger={"upkeep_age": 1900.0, "age": 9e9}), ["maintenance"]),
        (LedgerSnapshot(ledger={"upkeep_age": None, "age": None}), []),
        (LedgerSnapshot(ledger={"upkeep_age": None, "age": 1700.0}), []),
        (LedgerSnapshot(ledger={"upkeep_age": None, "age": 1900.0}), ["maintenance"]),
        (LedgerSnapshot(ledger={"upkeep_age": 1.0, "age": 9e9}, batches=[batch(None)]), []),
        (LedgerSnapshot(ledger={"upkeep_age": 1700.0, "ended_age": 1100.0, "age": 9e9}), []),
        (LedgerSnapshot(ledger={"upkeep_age": 1700.0, "ended_age": 1300.0, "age": 9e9}), ["maintenance"]),
        (LedgerSnapshot(ledger={"upkeep_age": 1.0, "age": 9e9}, batches=[batch(25_300.0)]), ["batches"]),
    ],
)
def test_late_maintenance_and_stuck_batches_are_wrong(facts: LedgerSnapshot, wrong: list[str]) -> None:
    """Maintenance may be half an hour old; a batch may wait for its use case's patience and an hour; a ledger in use without
    any maintenance is wrong after half an hour, an empty one is not."""
    found = judge(facts, WELL, {"flights": 21_600.0})
    assert [problem.part for problem in found.problems] == wrong
    assert found.ok is (wrong == [])
    assert {part for part, state in found.parts.items() if state == "wrong"} == set(wrong)


def settings(tmp_path: Path, url: str, mlflow: str = "") -> Settings:
    return Settings(tmp_path, str(tmp_path / "lake"), url, mlflow, (ROOT / "include" / "usecases",))


def test_a_whole_installation_is_well_and_each_loss_is_named(ledger: Ledger, ledger_database, tmp_path: Path) -> None:
    """All well; then the newest batch's file is lost, MLflow does not answer, the ledger does not answer: each is named,
    and no sentence has a password in it."""
    home = settings(tmp_path, ledger_database.url)
    story = Story(ledger, open_lake(home.lake), "flight_delays")
    assert check_health(home).ok  # nothing yet
    landed = story.land()
    ledger.attempts.enter(MAINTENANCE)
    assert check_health(home).document()["problems"] == []
    (tmp_path / "lake" / landed.tables["rides"].source.path).unlink()
    assert [problem.part for problem in check_health(home).problems] == ["lake"]
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        found = check_health(replace(home, mlflow_uri=f"http://user:canary@127.0.0.1:{port}"))
        assert [problem.part for problem in found.problems] == ["lake", "mlflow"] or [
            problem.part for problem in found.problems
        ] == ["mlflow", "lake"]
        gone = check_health(replace(home, ledger_url=f"postgresql://ledger:canary@127.0.0.1:{port}/ledger"))
    assert "ledger" in {problem.part for problem in gone.problems}
    assert gone.parts["maintenance"] == "unknown"
    assert "canary" not in str(gone.document()) + str(found.document())
