"""After a walk a person sees what to do, as commands."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from gatehouse.core.types import Verdict
from gatehouse.dev_stack.next_steps import next_steps


def context(verdict: Verdict | None, champion: Any, schedule: str | None, answers: tuple[Any, ...] = ()) -> Any:
    """A use case with one decision or none."""
    decisions = [] if verdict is None else [SimpleNamespace(id="d1", verdict=verdict)]
    of_decisions = SimpleNamespace(
        list=lambda _: decisions, made_at=lambda _: datetime(2024, 1, 1, tzinfo=UTC), answers=lambda _: list(answers)
    )
    ledger = SimpleNamespace(decisions=of_decisions, models=SimpleNamespace(champion=lambda _: champion))
    case = SimpleNamespace(contract=SimpleNamespace(schedule=schedule))
    return SimpleNamespace(name="rides", ledger=ledger, case=case)


@pytest.mark.parametrize(
    ("ctx", "commands"),
    [
        (context(Verdict.PROMOTE, "v1", None), []),
        (context(Verdict.REVIEW, "v1", None), ["decision approve d1", "decision explain d1"]),
        (context(Verdict.REVIEW, "v1", None, ("rejected",)), ["decision explain d1"]),
        (context(Verdict.HOLD, None, None), ["decision explain d1", "backtest rides"]),
        (context(Verdict.PROMOTE, "v1", "0 6 * * *"), ["airflow dags unpause rides__ingest"]),
        (context(None, None, None), ["backtest rides"]),
    ],
)
def test_each_open_end_has_its_command(ctx: Any, commands: list[str]) -> None:
    """A review, a hold, no champion and a paused schedule are each told with the command that goes on."""
    steps = next_steps(ctx)
    assert len(steps) == len(commands)
    assert all(command in step for command, step in zip(commands, steps, strict=True))
