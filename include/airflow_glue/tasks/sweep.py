"""The bodies of upkeep: sweep each use case, then verify the installation."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from airflow_glue import attendance
from airflow_glue.tasks import subjects
from gatehouse.errors import GatehouseError, StaleAttempt

if TYPE_CHECKING:
    from gatehouse.wiring import InstalledSite


def upkeep(folder: str) -> dict[str, list[str]]:
    """Sweep one use case: validate what was left landed, repair the alias; returns what has to be woken."""
    from gatehouse.stages import backfill, rejudge, repair
    from gatehouse.stages import upkeep as stage
    from gatehouse.stages.override import expire
    from gatehouse.stages.tell import tell_batches
    from gatehouse.stages.validate import validate as validate_batch

    site = subjects.site_of(folder)
    for ref in stage.forgotten_landed(site, attendance.validating(site)):
        with suppress(StaleAttempt):  # a run has taken it up meanwhile
            validate_batch(site, subjects.parse(site.name, ref))
    deciding = attendance.decisions(site)
    lost = lost_reviews(site, deciding)
    told = [
        *repair.replaced_files(site),
        *stage.uncarried(site, deciding),
        *stage.unanswered(site, attended=deciding),
        *(stage.unasked(site, decision) for decision in lost),
        expire(site),
        backfill.forgotten(site),
        repair.reconcile(site),
    ]
    return {
        "accepted": stage.forgotten_batches(site, attendance.batches(site)),
        "requested": stage.forgotten_requests(site, attendance.requests(site)),
        "unsettled": [*rejudge.due(site), *lost],
        "told": [*stage.untold(site), *tell_batches(site)],
        "unexplained": [sentence for sentence in told if sentence],
    }


def lost_reviews(site: InstalledSite, asked: set[str]) -> list[str]:
    """The decisions that wait for an answer while no run asks for it; `asked` are those whose run does."""
    from gatehouse.stages.upkeep import GRACE, reviews

    now = datetime.now(UTC)
    return [decision.id for decision, made in reviews(site) if decision.id not in asked and now - made > GRACE]


def check_installation(found: dict[str, dict[str, list[str]]], broken: dict[str, str]) -> None:
    """Verify the ledger and `notify.yaml`; GatehouseError with everything that a person must know of."""
    from airflow_glue.telling import note_health, wrong_notify
    from gatehouse.wiring import verify_installation

    problems = [sentence for pending in found.values() for sentence in pending["unexplained"]]
    problems += [f"use case {name} cannot be read: {error}" for name, error in broken.items()]
    findings = verify_installation()
    note_health(broken, findings)
    for finding in findings:
        problems += [f"{finding.invariant} is broken: {breach}" for breach in finding.breaches]
    emit_measures()
    problems += wrong_notify()
    if problems:
        raise GatehouseError(" | ".join(problems))
    all_well()


def all_well() -> None:
    """Leave word that upkeep found nothing wrong: `/gatehouse/health` looks when that was last."""
    from gatehouse.adapters.ledger import open_ledger
    from gatehouse.settings import Settings
    from gatehouse.watching.facts import UPKEEP

    open_ledger(Settings.from_environment().require("ledger_url")).attempts.enter(UPKEEP)


def emit_measures() -> None:
    """Send the measures the way Airflow sends its own: to StatsD or OpenTelemetry, where AIRFLOW__METRICS__* says so."""
    from airflow.sdk.observability import stats

    from gatehouse.adapters.ledger.connection import Database
    from gatehouse.settings import Settings
    from gatehouse.watching import measures, read_facts

    facts = read_facts(Database(Settings.from_environment().require("ledger_url")))
    for measure, samples in measures(facts):
        for sample in samples:
            name = ".".join((measure.name, *sample.labels.values()))
            stats.gauge(name, sample.value)
