"""Telling people: facts and issues become messages in the ledger, and what is due is handed to the servers.

It is the last thing that maintenance does, in a task of its own: facts are in the ledger already, so no event can be lost
between here and there, and a mail server that hangs keeps no batch waiting.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gatehouse.core.audit.canonical_json import digest
from gatehouse.core.notifications.alert import alert_from_event
from gatehouse.core.notifications.alert_types import AlertType, Severity
from gatehouse.core.notifications.issues import IssueReport, doubled, follow
from gatehouse.core.notifications.lateness import late_batches as overdue
from gatehouse.core.notifications.lateness import lateness
from gatehouse.core.notifications.notification import AlertPhase, DeliveryState, Notification, retry_at
from gatehouse.core.notifications.planner import WEEK, NotificationPlan, plan
from gatehouse.errors import RecordNotFoundError, StaleAttemptError

if TYPE_CHECKING:
    from gatehouse.context import UseCaseContext
    from gatehouse.core.config.notify import NotifyConfig
    from gatehouse.ports import Ledger, Notifier

AT_ONCE = 200  # messages in one cycle
SECONDS = 240.0  # of one cycle: a hanging server must not reach into the next one


@dataclass
class DeliverySummary:
    """What one cycle did: how many messages were made or moved, sent and not, and why not (recipient: error's name)."""

    planned: int = 0
    sent: int = 0
    failed: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        failures = "; ".join(f"{name}: {why}" for name, why in self.failed.items())
        return f"{self.planned} messages made or moved, {self.sent} sent{f'; not delivered to {failures}' if failures else ''}"


def send_due_notifications(
    ledger: Ledger, spec: NotifyConfig, notifier: Notifier, now: datetime | None = None
) -> DeliverySummary:
    """Plan what is to be told, record it, and send what is due."""
    now = now or datetime.now(UTC)
    told = DeliverySummary(planned=ledger.notifications.record(plan_notifications(ledger, spec, now)))
    deliver(ledger, spec, notifier, now, told)
    return told


def plan_notifications(ledger: Ledger, spec: NotifyConfig, now: datetime) -> NotificationPlan:
    """The plan for this moment; nothing is recorded."""
    facts = ledger.notifications.events(now - 2 * WEEK)
    alerts = [alert_from_event(fact, spec.severity_overrides) for fact in facts]
    known = ledger.notifications.about([each.id for each in alerts])
    return plan(spec, alerts, known, ledger.notifications.spent(now - WEEK), now)


def deliver(ledger: Ledger, spec: NotifyConfig, notifier: Notifier, now: datetime, told: DeliverySummary) -> None:
    """Send what is due. A recipient whose server does not take one message is left alone until the next cycle."""
    deadline = time.monotonic() + SECONDS
    for message in ledger.notifications.due(now, AT_ONCE):
        recipient = spec.recipient(message.recipient)
        if recipient is None or recipient.name in told.failed or time.monotonic() > deadline:
            continue
        claimed = ledger.notifications.claim(message, now)
        if claimed is None:
            continue  # another maintenance run is sending it
        try:
            notifier.deliver(recipient, claimed)
        except Exception as error:  # whatever a server or a library does: it is recorded, and the pipeline goes on
            told.failed[recipient.name] = error_name(error)
            _ended(ledger, claimed, error_name(error), now)
        else:
            _ended(ledger, claimed, "", now)
            told.sent += 1


def _ended(ledger: Ledger, message: Notification, why: str, now: datetime) -> None:
    """Record how an attempt ended; one that another run has overtaken in the meantime has nothing to say any more."""
    try:
        if why:
            ledger.notifications.failed(message, why, retry_at(message.attempt, now))
        else:
            ledger.notifications.sent(message)
    except StaleAttemptError:
        return


def error_name(error: BaseException) -> str:
    """The name of what went wrong, and of its cause; never its text, which may carry an address with a token."""
    cause = error.__cause__ or error.__context__
    names = [type(error).__name__, *([type(cause).__name__] if cause is not None else [])]
    code = getattr(error, "smtp_code", None)
    return " from ".join(names) + (f" {code}" if isinstance(code, int) else "")


def record_issues(ledger: Ledger, found: Sequence[IssueReport], looked_at: Iterable[tuple[AlertType, str]]) -> None:
    """Record the issues that a look found, and the end of those it found no more."""
    ledger.notifications.record_issues(follow(ledger.notifications.open_issues(), found, looked_at))


def late_batches(ctx: UseCaseContext, now: datetime | None = None) -> list[IssueReport]:
    """The issue of a use case's batches that have not come; told again when their number has doubled."""
    contract = ctx.case.contract
    if contract.late_after is None and contract.schedule is None:
        return []
    have = {batch.id.key for batch in ctx.ledger.batches.list(ctx.name)}
    keys = overdue(contract, have, now or datetime.now(UTC))
    sentence = lateness(contract, keys) if keys else ""
    return [IssueReport(AlertType.LATE_BATCH, ctx.name, "batches", sentence, doubled(len(keys)))] if keys else []


def queue_test_notification(
    ledger: Ledger, spec: NotifyConfig, name: str, actor: str, now: datetime | None = None
) -> Notification:
    """Put a message to one recipient into the outbox, past quiet hours and budget; maintenance sends it."""
    now = now or datetime.now(UTC)
    recipient = spec.recipient(name)
    if recipient is None:
        known = ", ".join(each.name for each in spec.recipients)
        raise RecordNotFoundError(f"notify.yaml has no recipient {name!r}; allowed: {known}")
    identity = digest(["test", name, actor, now])
    subject = f"[test] Gatehouse: a test for {name}"
    what = f"{actor} tried whether messages reach {name}. They do."
    link = f"{spec.airflow_url.rstrip('/')}/gatehouse/notifications"
    message = Notification(
        identity, name, "", identity, AlertType.TEST, Severity.INFO, AlertPhase.OPENED, "", subject, what, now, "Nothing.", link,
        "", DeliveryState.PENDING,
    )  # fmt: skip
    ledger.notifications.record(NotificationPlan(made=(message,)))
    return message
