"""A walk is stuck when nothing is under way that could move it, never because time has passed."""

from __future__ import annotations

from typing import Any

import pytest

from gatehouse.dev_stack import progress
from gatehouse.dev_stack.progress import (
    MAINTENANCE,
    QUIET_SECONDS,
    SWEEPS,
    TOLD_SECONDS,
    Progress,
    hand_over,
    wait_for_dags,
)
from gatehouse.errors import GatehouseError


class Airflow:
    """An Airflow whose runs end after so many looks, on a clock of its own."""

    base = "http://airflow.test"

    def __init__(self, monkeypatch: Any) -> None:
        self.now, self.looks, self.known = 0.0, 0, dict[str, str]()
        self.states, self.triggered, self.unpaused = dict[str, str](), list[str](), list[str]()
        monkeypatch.setattr(progress.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(progress.time, "sleep", self._sleep)

    def _sleep(self, seconds: float) -> None:
        self.now += seconds

    def unfinished(self, dag_id: str) -> list[dict[str, Any]]:
        if self.looks and dag_id.endswith("__retrain"):
            self.looks -= 1
            return [{"dag_id": dag_id, "dag_run_id": "r"}]
        return []

    def runs(self, dag_id: str, limit: int) -> list[dict[str, Any]]:
        return [{"dag_id": dag_id, "dag_run_id": "red", "state": "failed"}] if dag_id.endswith("__monitor") else []

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        return {"state": self.states[run_id]}

    def trigger(self, dag_id: str, run_id: str, conf: Any) -> bool:
        self.triggered.append(f"{dag_id} {run_id}")
        return run_id not in self.states

    def dags(self) -> dict[str, str]:
        return self.known

    def import_errors(self) -> list[str]:
        return ["Traceback\nKeyError: 'rides'"]

    def unpause(self, dag_id: str) -> None:
        self.unpaused.append(dag_id)


class Site:
    """A use case by its name."""

    name = "rides"


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The Airflow that is asked."""
    return Airflow(monkeypatch)


def test_a_training_that_takes_days_is_waited_for(airflow: Any, capsys: Any) -> None:
    """As long as a run is queued or running nothing is stuck. A line a minute says what is waited for."""
    walked = Progress(airflow, Site())  # type: ignore[arg-type]
    airflow.looks = 10_000
    for _ in range(10_000):
        airflow.now += QUIET_SECONDS
        walked.look("2024-03")
    assert airflow.looks == 0
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10_000 * QUIET_SECONDS // TOLD_SECONDS
    assert set(lines) == {"waiting for batch 2024-03: rides__retrain r"}
    assert airflow.triggered == []


def test_when_nothing_is_under_way_maintenance_looks_before_all_is_called_stuck(airflow: Any) -> None:
    """A lost wake-up is found by it; after some sweeps that moved nothing the walk ends, and names what failed."""
    walked = Progress(airflow, Site())  # type: ignore[arg-type]
    for sweeps in range(1, SWEEPS + 1):
        airflow.now += QUIET_SECONDS
        walked.look("2024-03")
        walked.look("2024-03")
        assert [line.split()[0] for line in airflow.triggered] == [MAINTENANCE] * sweeps
    assert len(set(airflow.triggered)) == SWEEPS, "each has a name of its own"
    airflow.now += QUIET_SECONDS
    with pytest.raises(
        GatehouseError, match=r"batch 2024-03 of rides has not settled, .* failed runs: rides__monitor red"
    ):
        walked.look("2024-03")


def test_a_batch_that_settles_begins_the_count_again(airflow: Any) -> None:
    """Only sweeps without any progress count."""
    walked = Progress(airflow, Site())  # type: ignore[arg-type]
    for _ in range(3 * SWEEPS):
        airflow.now += QUIET_SECONDS
        walked.look("2024-03")
        walked.moved()
    assert len(airflow.triggered) == 3 * SWEEPS


def test_dags_that_airflow_has_not_read_yet_are_waited_for(airflow: Any, monkeypatch: Any) -> None:
    """However long the first reading takes."""
    wanted = {f"rides__{stage}": "t1" for stage in progress.STAGES} | {MAINTENANCE: "t1"}

    def read(seconds: float) -> None:
        airflow.now += 1000 * seconds
        airflow.known = wanted if airflow.now > 100_000 else {MAINTENANCE: "t0"}

    monkeypatch.setattr(progress.time, "sleep", read)
    wait_for_dags(airflow, Site())  # type: ignore[arg-type]
    assert set(airflow.unpaused) == set(wanted)


def test_dags_that_airflow_does_not_find_in_its_files_are_named(airflow: Any, monkeypatch: Any) -> None:
    """It has read every file again, and the use case is in none: the error says what Airflow could not read."""

    def read(seconds: float) -> None:
        airflow.now += seconds
        airflow.known = {MAINTENANCE: f"t{airflow.now // 60}"}

    monkeypatch.setattr(progress.time, "sleep", read)
    with pytest.raises(GatehouseError, match=r"does not know rides__ingest, .*KeyError: 'rides'"):
        wait_for_dags(airflow, Site())  # type: ignore[arg-type]
    assert airflow.now >= 60


@pytest.mark.parametrize(("state", "runs"), [("", 1), ("running", 1), ("success", 1), ("failed", 2)])
def test_an_earlier_walks_run_is_made_again_only_when_it_failed(airflow: Any, state: str, runs: int) -> None:
    """A walk that goes on takes up what the one before began; a failed ingest is asked for once more."""
    airflow.states = {"walk__2024-03": state} if state else {}
    hand_over(airflow, Site(), "2024-03")  # type: ignore[arg-type]
    assert len([line for line in airflow.triggered if "walk__2024-03__" in line]) == runs - 1
