"""Telling people from tasks: the last step of maintenance, and what its check found. Nothing here can fail anything else."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow.sdk import get_current_context, task, teardown

from gatehouse.core.notifications.alert_types import AlertType
from gatehouse.core.notifications.issues import IssueReport
from gatehouse.errors import ConfigurationError, ServiceUnavailableError

if TYPE_CHECKING:
    from airflow.sdk import XComArg

    from gatehouse.invariants import InvariantResult

log = logging.getLogger(__name__)


def record_health_issues(
    broken: dict[str, str], findings: list[InvariantResult], failed: dict[str, list[str]] | None = None
) -> None:
    """Record what maintenance's check found as issues, and tell `tell` that it looked. Never fails the check."""
    try:
        _note_health(broken, findings, failed or {})
        get_current_context()["ti"].xcom_push(key="looked", value=True)
    except Exception:  # the check says what it found in any case
        log.exception("the issues that were found could not be recorded")


def _note_health(broken: dict[str, str], findings: list[InvariantResult], failed: dict[str, list[str]]) -> None:
    from gatehouse.adapters.ledger import open_ledger
    from gatehouse.pipeline.maintenance.notify import record_issues
    from gatehouse.settings import Settings

    found = [
        IssueReport(AlertType.UNHEALTHY, "", finding.invariant, f"{finding.invariant} is broken: {finding.breaches[0]}")
        for finding in findings
        if finding.breaches
    ]
    for name, error in broken.items():
        found.append(
            IssueReport(AlertType.UNHEALTHY, "", f"use case {name}", f"use case {name} cannot be read: {error}")
        )
    found += [
        IssueReport(AlertType.UNHEALTHY, "", f"maintenance of {name}", "; ".join(sentences))
        for name, sentences in failed.items()
        if sentences
    ]
    record_issues(open_ledger(Settings.from_environment().require("ledger_url")), found, [(AlertType.UNHEALTHY, "")])


def wrong_notify() -> list[str]:
    """What is wrong with `notify.yaml`: nobody can be told of it, so it makes maintenance red."""
    from gatehouse.notify_config import notify_spec
    from gatehouse.settings import Settings

    try:
        notify_spec(Settings.from_environment())
    except ConfigurationError as error:
        return [f"nobody is told anything: {error}"]
    return []


def tell(folders: dict[str, str]) -> XComArg:
    """The task that tells people. A teardown runs whatever became of the tasks before it, and its colour is not the
    run's. It is decorated here, anew in each DAG: Airflow takes a decorated teardown into one DAG a process only."""
    return teardown(task(task_id="tell")(send_notifications))(folders)


def send_notifications(folders: dict[str, str]) -> str:
    """The last step of maintenance: late batches, overrides that could not be ended and a red maintenance become issues, and what
    is due is told. Returns what was done in a sentence. Only a ledger that is away is worth a retry; nothing here fails
    anything else."""
    from gatehouse.adapters.ledger import open_ledger
    from gatehouse.notify_config import notify_spec
    from gatehouse.pipeline.maintenance import notify as stage
    from gatehouse.settings import Settings
    from gatehouse_airflow.notifiers import AirflowNotifier

    settings = Settings.from_environment()
    ledger = open_ledger(settings.require("ledger_url"))
    if not get_current_context()["ti"].xcom_pull(task_ids="check", key="looked"):
        red = IssueReport(
            AlertType.UNHEALTHY,
            "",
            "maintenance",
            "maintenance did not come to its end: a task of its newest run is red",
        )
        stage.record_issues(ledger, [red], [])
    for name, folder in folders.items():
        _note_lasting(name, folder)
    spec = notify_spec(settings)
    return (
        str(stage.send_due_notifications(ledger, spec, AirflowNotifier()))
        if spec is not None
        else "no notify.yaml: nobody is told"
    )


def _note_lasting(name: str, folder: str) -> None:
    """Record a use case's late batches, problems of its outcomes and the override that outlives its time, or their end."""
    from gatehouse.bootstrap import open_context
    from gatehouse.pipeline.batch_data.outcome_problems import outcome_alert
    from gatehouse.pipeline.maintenance.notify import late_batches, record_issues
    from gatehouse.pipeline.manual.override import expired_but_serving

    try:
        ctx = open_context(folder)
        found, sentence = late_batches(ctx), expired_but_serving(ctx)
        if sentence:
            found.append(IssueReport(AlertType.EXPIRED_OVERRIDE, name, "override", sentence))
        found += outcome_alert(ctx)
        record_issues(
            ctx.ledger,
            found,
            [(kind, name) for kind in (AlertType.LATE_BATCH, AlertType.OUTCOMES, AlertType.EXPIRED_OVERRIDE)],
        )
    except ServiceUnavailableError:
        raise
    except Exception:  # whatever a use case's files or its source raise: the others' notifications go on
        log.exception("the lasting issues of %s are not known", name)
