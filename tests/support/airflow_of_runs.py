"""An Airflow that answers a task's questions about runs, out of a list."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from gatehouse_airflow import attendance

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass
class Run:
    """A run of a DAG, its tasks' states, and what its `judge` told. `minute` orders runs by their time."""

    dag_id: str
    run_id: str
    tasks: dict[str, str | None]
    partition_key: str | None = None
    conf: dict[str, Any] = field(default_factory=dict)
    minute: int = 0
    state: str = "running"
    decision: str = ""

    @property
    def run_after(self) -> datetime:
        return NOON + timedelta(minutes=self.minute)


class AirflowOfRuns:
    """What `ti` of a task's context answers."""

    def __init__(self, *runs: Run) -> None:
        self.runs = list(runs)

    def get_dr_count(self, dag_id: str, states: list[str]) -> int:
        return sum(run.dag_id == dag_id and run.state in states for run in self.runs)

    def get_task_states(self, dag_id: str, task_ids: list[str] | None = None) -> dict[str, dict[str, str | None]]:
        return {
            run.run_id: {name: state for name, state in run.tasks.items() if not task_ids or name in task_ids}
            for run in self.runs
            if run.dag_id == dag_id
        }

    def xcom_pull(self, dag_id: str, run_id: str, task_ids: str, key: str) -> str:
        assert (task_ids, key) == ("judge", "decision")
        return next(run.decision for run in self.runs if (run.dag_id, run.run_id) == (dag_id, run_id))

    def answer(self, monkeypatch: Any, mine: Run | None = None) -> None:
        """Answer the questions of `attendance`, asked by a task of the run `mine`."""

        def run_of(ctx: Any, stage: Any, run_id: str) -> Run:
            dag = f"{ctx.name}__{stage}"
            return next(run for run in self.runs if (run.dag_id, run.run_id) == (dag, run_id))

        monkeypatch.setattr(attendance, "_run", run_of)
        monkeypatch.setattr(attendance, "get_current_context", lambda: {"ti": self, "dag_run": mine})


def site_with(request: str = "", decisions: tuple[str, ...] = ()) -> Any:
    """A use case `rides` whose ledger holds this pending request and these decisions."""
    pending = SimpleNamespace(id=request) if request else None
    return SimpleNamespace(
        name="rides",
        ledger=SimpleNamespace(
            requests=SimpleNamespace(pending=lambda name: pending),
            decisions=SimpleNamespace(list=lambda name: [SimpleNamespace(id=each) for each in decisions]),
        ),
    )
