"""The bodies of maintenance: sweep each use case, then verify the installation."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import get_current_context

from gatehouse.errors import GatehouseError, StaleAttemptError
from gatehouse_airflow import attendance
from gatehouse_airflow.dag_defaults import assets_of, emit_partitions
from gatehouse_airflow.tasks import context

if TYPE_CHECKING:
    from gatehouse.bootstrap import InstalledContext

log = logging.getLogger(__name__)
RESULTS = ("accepted", "requested", "unsettled", "told", "unexplained")


@dataclass
class Guard:
    """Runs the parts of one use case's maintenance. What a part raises is logged and kept; it stops no other part."""

    name: str
    failed: list[str] = field(default_factory=list)

    def __call__(self, part: str, work: Callable[[], Iterable[str]]) -> list[str]:
        """The sentences and names that a part returns; none when it raised."""
        try:
            return [text for text in work() if text]
        except Exception as error:
            log.exception("maintenance of %s: %s", self.name, part)
            self.failed.append(f"{self.name}: maintenance could not {part}: {type(error).__name__}: {error}")
            return []


def sweep(name: str, folder: str) -> dict[str, Any]:
    """Sweep one use case, unless an earlier run is still at it: that is a sentence of its own, and holds up no other.
    ServiceUnavailableError when the ledger does not answer at all, which is worth a retry of the task."""
    from gatehouse.adapters.ledger import open_ledger
    from gatehouse.settings import Settings

    ledger = open_ledger(Settings.from_environment().require("ledger_url"))
    with ledger.attempts.alone(f"{name}/maintenance") as alone:
        if alone:
            return {"name": name, **maintenance(name, folder)}
    late = f"{name}: its maintenance in an earlier run has not come to its end"
    return {"name": name, **{result: list[str]() for result in RESULTS}, "failed": [late]}


def sweep_and_wake(name: str, folders: Mapping[str, str]) -> dict[str, Any]:
    """Sweep one of the use cases, and wake what it waits for and nothing of another one's."""
    get_current_context()["use_case"] = name  # the grid shows it instead of a number
    found = sweep(name, folders[name])
    for each in folders:
        for kind, asset in assets_of(each).items():
            emit_partitions(asset, found[kind] if each == name else [])
    return found


def maintenance(name: str, folder: str) -> dict[str, list[str]]:
    """Sweep one use case; returns what has to be woken, what was told and found, and which parts failed."""
    guard, found = Guard(name), {result: list[str]() for result in RESULTS}
    sites: list[InstalledContext] = []
    guard("be begun: the use case cannot be opened", lambda: sites.append(context.use_case_context(folder)) or [])
    for ctx in sites:
        found |= _maintenance(ctx, guard)
    return found | {"failed": guard.failed}


def _maintenance(ctx: InstalledContext, guard: Guard) -> dict[str, list[str]]:
    """The parts of a use case's maintenance, in this order: data, decisions, MLflow, and what has to be woken."""
    from gatehouse.pipeline.judge import re_decide
    from gatehouse.pipeline.maintenance import find_pending as stage
    from gatehouse.pipeline.maintenance import reconcile
    from gatehouse.pipeline.maintenance.record_policy import record_policy
    from gatehouse.pipeline.manual import backfill
    from gatehouse.pipeline.manual.override import end_expired

    guard("record a changed policy", lambda: record_policy(ctx))
    for ref in guard("list landed batches", lambda: stage.forgotten_landed(ctx, attendance.validating(ctx))):
        guard(f"validate batch {ref}", lambda ref=ref: _validated(ctx, ref))  # type: ignore[misc]
    lost = guard("look for lost reviews", lambda: lost_reviews(ctx, attendance.decisions(ctx)))
    unexplained = [
        *guard("look for replaced files", lambda: reconcile.restore_replaced_models(ctx)),
        *guard("carry out decisions", lambda: stage.unapplied_promotions(ctx, attendance.decisions(ctx))),
        *guard("end reviews", lambda: stage.timed_out_reviews(ctx, attended=attendance.decisions(ctx))),
        *guard("ask for lost reviews", lambda: [stage.unrequested_reviews(ctx, decision) for decision in lost]),
        *guard("end overrides", lambda: [end_expired(ctx)]),
        *guard("end backfills", lambda: [backfill.stalled(ctx)]),
        *guard("compare the alias in MLflow", lambda: [reconcile.reconcile(ctx)]),
    ]
    return {
        "told": guard("give MLflow what it lacks", lambda: _made_up(ctx, guard)),
        "accepted": guard(
            "look for forgotten batches", lambda: stage.unprocessed_batches(ctx, attendance.batches(ctx))
        ),
        "requested": guard(
            "look for forgotten requests", lambda: stage.unprocessed_requests(ctx, attendance.requests(ctx))
        ),
        "unsettled": [*guard("look for unsettled decisions", lambda: re_decide.decisions_to_revisit(ctx)), *lost],
        "unexplained": unexplained,
    }


def _validated(ctx: InstalledContext, ref: str) -> list[str]:
    from gatehouse.pipeline.validate import validate

    with suppress(StaleAttemptError):  # a run has taken it up meanwhile
        validate(ctx, context.parse(ctx.name, ref))
    return []


def _made_up(ctx: InstalledContext, guard: Guard) -> list[str]:
    from gatehouse.pipeline.maintenance.mlflow_projection import make_up

    made = make_up(ctx, attended=attendance.requests(ctx))
    guard.failed += [f"{ctx.name}: {sentence}" for sentence in made.refused]
    return made.done


def lost_reviews(ctx: InstalledContext, asked: set[str]) -> list[str]:
    """The decisions that wait for an answer while no run asks for it; `asked` are those whose run does."""
    from gatehouse.pipeline.maintenance.find_pending import GRACE, open_reviews

    now = datetime.now(UTC)
    return [decision.id for decision, made in open_reviews(ctx) if decision.id not in asked and now - made > GRACE]


def check_installation(swept: Iterable[dict[str, Any]], names: Iterable[str], broken: dict[str, str]) -> None:
    """Verify the ledger and `notify.yaml`; GatehouseError with everything that a person must know of. `swept` is what the
    sweeps of the use cases `names` found; one without a result did not come to its end."""
    from gatehouse.bootstrap import anchor_hourly, verify_installation
    from gatehouse.telemetry.queries import ENDED, MAINTENANCE
    from gatehouse_airflow.notification_tasks import record_health_issues, wrong_notify

    late = "its sweep did not come to its end; see its task in Airflow"
    found = {name: {"unexplained": list[str](), "failed": [f"{name}: {late}"]} for name in names}
    found |= {pending["name"]: pending for pending in swept or ()}
    problems = [sentence for pending in found.values() for sentence in (*pending["unexplained"], *pending["failed"])]
    problems += [f"use case {name} cannot be read: {error}" for name, error in broken.items()]
    anchor_hourly(list(found))
    findings = verify_installation()
    record_health_issues(broken, findings, {name: pending["failed"] for name, pending in found.items()})
    for finding in findings:
        problems += [f"{finding.invariant} is broken: {breach}" for breach in finding.breaches]
    emit_measures()
    problems += wrong_notify()
    _leave_word(ENDED)
    if problems:
        raise GatehouseError(" | ".join(problems))
    _leave_word(MAINTENANCE)


def _leave_word(work: str) -> None:
    """Record that maintenance has ended, or found nothing wrong: `/gatehouse/health` looks when that was last."""
    from gatehouse.adapters.ledger import open_ledger
    from gatehouse.settings import Settings

    open_ledger(Settings.from_environment().require("ledger_url")).attempts.enter(work)


def emit_measures() -> None:
    """Send the measures the way Airflow sends its own: to StatsD or OpenTelemetry, where AIRFLOW__METRICS__* says so."""
    from airflow.sdk.observability import stats

    from gatehouse.adapters.ledger.connection import Database
    from gatehouse.settings import Settings
    from gatehouse.telemetry import collect_metrics, read_facts

    facts = read_facts(Database(Settings.from_environment().require("ledger_url")))
    for measure, samples in collect_metrics(facts):
        for sample in samples:
            name = ".".join((measure.name, *sample.labels.values()))
            stats.gauge(name, sample.value)
