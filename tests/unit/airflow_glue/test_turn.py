"""Waiting for a turn: patience is for one thing that a batch waits for, however long the queue is."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gatehouse_airflow import batch_order_trigger

HOUR = 3600.0
PATIENCE = 6 * HOUR


class SlowLedger:
    """A ledger and its clock: each thing that is waited for takes so many hours, a tenth of an hour a look."""

    def __init__(self, monkeypatch: Any, *hours: float) -> None:
        self.now, self.ends, self.longest = 0.0, [sum(hours[: n + 1]) * HOUR for n in range(len(hours))], 0.0
        monkeypatch.setattr(batch_order_trigger.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(batch_order_trigger.asyncio, "sleep", self._pass)
        monkeypatch.setattr(batch_order_trigger, "_waits_for", self._waits_for)
        monkeypatch.setattr("gatehouse.bootstrap.open_context", lambda _: type("Site", (), {"name": "rides"})())

    async def _pass(self, _seconds: float) -> None:
        self.now += HOUR / 10

    def _waits_for(self, _ctx: Any, _batch: Any, waited: float) -> str:
        self.longest = max(self.longest, waited)
        if waited > PATIENCE:
            return ""
        return next((f"training {number}" for number, end in enumerate(self.ends) if self.now < end), "")


@pytest.mark.parametrize(("hours", "fires"), [((0.5, 0.5, 0.5), 1.5), ((5.0, 5.0, 5.0), 15.0)])
def test_a_backlog_keeps_its_order_on_a_machine_ten_times_slower(
    hours: tuple[float, ...], fires: float, monkeypatch: Any
) -> None:
    """Three trainings come first. Each is within the patience of six hours, so the batch waits for all of them."""
    ledger = SlowLedger(monkeypatch, *hours)
    assert _fired(batch_order_trigger.BatchOrderTrigger("rides", "2024-04", 1)) == ["2024-04.r1"]
    assert ledger.now / HOUR == pytest.approx(fires, abs=0.2)


def test_one_training_that_outlasts_the_patience_is_not_waited_for(monkeypatch: Any) -> None:
    """Production scoring does not stop for a training without an end."""
    ledger = SlowLedger(monkeypatch, 1.0, 100.0)
    assert _fired(batch_order_trigger.BatchOrderTrigger("rides", "2024-04", 1)) == ["2024-04.r1"]
    assert ledger.now / HOUR == pytest.approx(1 + PATIENCE / HOUR, abs=0.3)


def test_a_trigger_is_made_again_from_its_arguments() -> None:
    """The triggerer's database holds the class and what it is called with."""
    path, arguments = batch_order_trigger.BatchOrderTrigger("rides", "2024-04", 1).serialize()
    assert path == "gatehouse_airflow.batch_order_trigger.BatchOrderTrigger"
    assert batch_order_trigger.BatchOrderTrigger(**arguments).serialize() == (path, arguments)


def _fired(trigger: batch_order_trigger.BatchOrderTrigger) -> list[str]:
    async def collected() -> list[str]:
        return [event.payload async for event in trigger.run()]

    return asyncio.run(collected())
