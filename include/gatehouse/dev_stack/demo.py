"""The walk of `make run`: a use case's pending batches, handed over one by one as real DAG runs, and shown as they settle."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import Protocol

from rich.console import Console
from rich.table import Table

from gatehouse.bootstrap import InstalledContext
from gatehouse.context import UseCaseContext
from gatehouse.core.drift.alarms import AlarmState
from gatehouse.core.types import Batch, BatchState, Decision, MonitoringReport, Request, RequestState
from gatehouse.dev_stack.airflow_api import AirflowApi
from gatehouse.dev_stack.next_steps import next_steps
from gatehouse.dev_stack.progress import Progress, hand_over, wait_for_dags
from gatehouse.errors import ServiceUnavailableError
from gatehouse.formatting import shown
from gatehouse.settings import Settings
from gatehouse.use_case import find

AHEAD = 2  # batches are ingested while the one before is watched, but not so many that they take its processor time
LOOK_SECONDS = 0.5
COLUMNS = ("batch", "rows", "quarantined", "drift", "decay", "request", "verdict", "champion")


@dataclass(frozen=True)
class DemoRow:
    """What happened to one batch, as one line of the display."""

    cells: tuple[str, ...]

    def __str__(self) -> str:
        return "  ".join(f"{name} {cell}" for name, cell in zip(COLUMNS, self.cells, strict=True) if cell)


class AirflowTarget(Protocol):
    """A running installation, this checkout's own stack or another: its settings and its Airflow."""

    @property
    def settings(self) -> Settings: ...

    def airflow(self) -> AirflowApi: ...

    def lives(self) -> bool:
        """Whether a service that does not answer is being started again, so that it is worth waiting for."""
        ...


def walk(stack: AirflowTarget, use_case: str, limit: int | None = None) -> list[DemoRow]:
    """Take the first `limit` batches (all of them without) through real DAG runs; returns a line a batch.

    Batches that are settled are left alone, so a second walk changes nothing and an interrupted one is finished.
    GatehouseError says what is stuck.
    """
    ctx = InstalledContext(find(use_case, stack.settings), stack.settings)
    keys = ctx.source.available()[:limit]
    console = Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else 130)
    before = is_settled(ctx, keys)
    if len(before) == len(keys):
        console.print(f"{ctx.name}: nothing to do, all {len(keys)} batches are settled")
    else:
        _follow(stack, ctx, keys, len(before), console)
    lines = [line_of(ctx, key) for key in is_settled(ctx, keys)]
    console.print(summary_table(ctx, lines))
    for step in next_steps(ctx):
        console.print(step, soft_wrap=True)
    return lines


def _follow(stack: AirflowTarget, ctx: UseCaseContext, keys: list[str], done: int, console: Console) -> None:
    """Hand batches over as room gets free, and print each when it has settled."""
    api, started = stack.airflow(), time.monotonic()
    wait_for_dags(api, ctx)
    progress, handed = Progress(api, ctx), set[str]()
    while done < len(keys):
        try:
            for key in keys[done : done + AHEAD]:
                if key not in handed:
                    hand_over(api, ctx, key)
                    handed.add(key)
            for key in is_settled(ctx, keys)[done:]:
                console.print(f"[{time.monotonic() - started:4.0f} s] {line_of(ctx, key)}", soft_wrap=True)
                done += 1
                progress.moved()
            if done < len(keys):
                progress.look(keys[done])
        except ServiceUnavailableError:
            if not stack.lives():
                raise
        time.sleep(LOOK_SECONDS)


def is_settled(ctx: UseCaseContext, keys: list[str]) -> list[str]:
    """The leading batches that have been watched, with whatever they asked for decided, or that are quarantined."""
    batches = {batch.id.key: batch for batch in ctx.ledger.batches.list(ctx.name)}
    watched = {report.batch.key for report in ctx.ledger.batches.watches(ctx.name)}
    pending = ctx.ledger.requests.pending(ctx.name)
    found: list[str] = []
    for key in keys:
        rests = key in batches and batches[key].state in (BatchState.QUARANTINED, BatchState.DISCARDED)
        asked = pending is not None and key in batches and pending.opened_by == str(batches[key].id)
        if not (rests or key in watched) or asked:
            break
        found.append(key)
    return found


def line_of(ctx: UseCaseContext, key: str) -> DemoRow:
    """One batch in words."""
    batch = [batch for batch in ctx.ledger.batches.list(ctx.name) if batch.id.key == key][-1]
    report = next((r for r in ctx.ledger.batches.watches(ctx.name) if r.batch == batch.id), None)
    request = next((r for r in ctx.ledger.requests.list(ctx.name) if r.opened_by == str(batch.id)), None)
    decision = ctx.ledger.decisions.of_request(request.id) if request else None
    held = "held back" if report is not None and report.body.get("held_back") else "-"
    return DemoRow(
        (
            key,
            *_rows(batch),
            *_alarms(report),
            _request(request) or held,
            _verdict(decision, request),
            _champion(ctx, report, decision),
        )
    )


def _rows(batch: Batch) -> tuple[str, str]:
    source = sum(part.source.rows or 0 for part in batch.tables.values())
    bad = sum(part.quarantined.rows or 0 for part in batch.tables.values() if part.quarantined)
    return f"{source:,}", "all" if batch.state is BatchState.QUARANTINED else str(bad)


def _alarms(report: MonitoringReport | None) -> tuple[str, str]:
    if report is None or not report.body.get("champion"):
        return "-", "-"
    drifted = sum(alarm["kind"] == "drift" for alarm in report.body["alarms"])
    changed = sum(column["state"] in (AlarmState.CHANGED, AlarmState.ALARM) for column in report.body["drift"])
    judged = report.body.get("matured", {}).get("judged", [])
    gap = next((shown(each["value"], "+.3f") for each in judged if each["kind"] == "calibration"), "")
    worse = [alarm["kind"] for alarm in report.body["alarms"] if alarm["kind"] != "drift"]
    return (
        f"{changed} changed, {drifted} alarms",
        f"gap {gap} {'!' if worse else 'ok'}" if judged else "no outcomes",
    )


def _request(request: Request | None) -> str:
    return ", ".join(dict.fromkeys(reason.kind for reason in request.reasons)) if request else ""


def _verdict(decision: Decision | None, request: Request | None) -> str:
    if decision is not None:
        return str(decision.verdict)
    return "failed" if request is not None and request.state is RequestState.FAILED else "-"


def _champion(ctx: UseCaseContext, report: MonitoringReport | None, decision: Decision | None) -> str:
    for promotion in ctx.ledger.models.promotions(ctx.name):
        if decision is not None and promotion.decision == decision.id:
            return f"v{promotion.version} (new)"
    version = report.body.get("champion") if report else None
    return f"v{version}" if version else "none"


def summary_table(ctx: UseCaseContext, lines: list[DemoRow]) -> Table:
    """The whole history at a glance."""
    table = Table(*COLUMNS, title=f"{ctx.case.contract.title}: {len(lines)} batches", title_justify="left")
    for line in lines:
        table.add_row(*line.cells)
    return table
