"""Notifications: events, issues, and the outbox."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gatehouse.adapters.ledger.notification_events import events_since
from gatehouse.adapters.ledger.transaction import LedgerTransaction, system_transaction
from gatehouse.core.audit.canonical_json import canonical, digest
from gatehouse.core.notifications.alert_types import AlertType, Severity
from gatehouse.core.notifications.issues import Issue, IssueChanges, IssueReport
from gatehouse.core.notifications.notification import UNKNOWN_AFTER, AlertPhase, DeliveryState, Notification
from gatehouse.errors import StaleAttemptError
from gatehouse.ports.notifications import NotificationStore

if TYPE_CHECKING:
    from gatehouse.adapters.ledger.connection import Database
    from gatehouse.core.notifications.alert import Event
    from gatehouse.core.notifications.planner import NotificationPlan

TELLER = "teller"
WORDS = ("subject", "what", "since", "do", "link", "runbook")

_DUE = """
    SELECT * FROM current_notifications
    WHERE state = 'pending' OR (state = 'failed' AND due <= %s) OR (state = 'sending' AND acted < %s)
    ORDER BY CASE severity WHEN 'critical' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END, audit_seq LIMIT %s"""
_SPENT = """
    SELECT m.recipient, coalesce(go.at, m.made) AS at FROM current_notifications m
    LEFT JOIN LATERAL (SELECT j.at FROM notification_events a JOIN audit_log j ON j.seq = a.audit_seq
                       WHERE a.notification = m.id AND a.event = 'pending' ORDER BY a.audit_seq DESC LIMIT 1) go ON true
    WHERE m.severity <> 'critical' AND m.kind <> 'test' AND m.state IN ('pending', 'sending', 'sent', 'failed')
    AND coalesce(go.at, m.made) > %s ORDER BY 2"""
_LIST = """
    SELECT * FROM current_notifications WHERE (%s = '' OR use_case = %s)
    AND (NOT %s OR state IN ('held', 'failed', 'dropped')) ORDER BY audit_seq DESC LIMIT %s"""


class PostgresNotificationStore(NotificationStore):
    """`ports.NotificationStore` on the tables `issues`, `notifications` and their acts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def events(self, since: datetime) -> list[Event]:
        with self._database.snapshot() as rows:
            return events_since(rows, since)

    def open_issues(self) -> list[Issue]:
        with self._database.transaction() as rows:
            return [_issue(row) for row in rows.all("SELECT * FROM current_issues WHERE over IS NULL ORDER BY at, id")]

    def record_issues(self, steps: IssueChanges) -> None:
        with system_transaction(self._database, TELLER) as change:
            for found in steps.opened:
                _open(change, found)
            for issue, found in steps.changed:
                _act(change, issue, "changed", found.sentence, found.fingerprint)
            for issue in steps.over:
                _act(change, issue, "resolved", "it is resolved", "")

    def about(self, alerts: Collection[str]) -> list[Notification]:
        sql = "SELECT * FROM current_notifications WHERE alert = ANY(%s) OR state IN ('held', 'failed') ORDER BY audit_seq"
        with self._database.transaction() as rows:
            return [_message(row) for row in rows.all(sql, list(alerts))]

    def spent(self, since: datetime) -> Mapping[str, Sequence[datetime]]:
        found: dict[str, list[datetime]] = {}
        with self._database.transaction() as rows:
            for row in rows.all(_SPENT, since):
                found.setdefault(row["recipient"], []).append(row["at"])
        return found

    def record(self, plan: NotificationPlan) -> int:
        if not plan.made and not plan.moved:
            return 0
        with system_transaction(self._database, TELLER) as change:
            made = [_make(change, message) for message in plan.made]
            moved = [_move(change, message) for message in plan.moved]
        return sum(made) + sum(moved)

    def due(self, now: datetime, limit: int) -> list[Notification]:
        with self._database.transaction() as rows:
            return [_message(row) for row in rows.all(_DUE, now, now - UNKNOWN_AFTER, limit)]

    def claim(self, message: Notification, now: datetime) -> Notification | None:
        with system_transaction(self._database, TELLER) as change:
            found = _now(change, message.id)
            died = found is not None and found.state is DeliveryState.SENDING and _silent(found, now)
            ready = found is not None and found.state in (DeliveryState.PENDING, DeliveryState.FAILED)
            if found is None or found.attempt != message.attempt or not (ready or died):
                return None
            why = "the attempt before has no end on record; it may have arrived" if died else ""
            _say(change, message.id, DeliveryState.SENDING, found.attempt + 1, why, None)
            return _now(change, message.id)

    def sent(self, message: Notification) -> None:
        self._end(message, DeliveryState.SENT, "", None)

    def failed(self, message: Notification, why: str, due: datetime | None) -> None:
        self._end(message, DeliveryState.FAILED, why, due)

    def _end(self, message: Notification, state: DeliveryState, why: str, due: datetime | None) -> None:
        with system_transaction(self._database, TELLER) as change:
            found = _now(change, message.id)
            if found is None or (found.state, found.attempt) != (DeliveryState.SENDING, message.attempt):
                raise StaleAttemptError(f"attempt {message.attempt} at message {message.id[:8]} is not the newest one")
            _say(change, message.id, state, message.attempt, why, due)

    def newest(self, use_case: str = "", waiting: bool = False, limit: int = 200) -> list[Notification]:
        with self._database.transaction() as rows:
            return [_message(row) for row in rows.all(_LIST, use_case, use_case, waiting, limit)]


def _open(change: LedgerTransaction, found: IssueReport) -> None:
    """Open an issue, unless it is open; its id counts how often it was there before."""
    sql = "SELECT over FROM current_issues WHERE (kind, use_case, subject) = (%s, %s, %s)"
    before = change.rows.all(sql, *found.about)
    if any(row["over"] is None for row in before):
        return
    identity = digest([*found.about, len(before)])
    row = {"id": identity, **vars(found)}
    change.record("issues", "issue.opened", f"{found.use_case or 'installation'}/{found.subject}", row)


def _act(change: LedgerTransaction, issue: str, act: str, sentence: str, fingerprint: str) -> None:
    found = change.rows.one("SELECT * FROM current_issues WHERE id = %s", issue)
    if found is None or found["over"] is not None or (act == "changed" and found["fingerprint"] == fingerprint):
        return
    row = {"issue": issue, "event": act, "sentence": sentence, "fingerprint": fingerprint}
    subject = f"{found['use_case'] or 'installation'}/{found['subject']}"
    change.record("issue_events", f"issue.{act}", subject, row)


def _make(change: LedgerTransaction, message: Notification) -> bool:
    if change.rows.one("SELECT id FROM notifications WHERE id = %s", message.id):
        return False
    names = ("id", "recipient", "use_case", "alert", "kind", "severity", "phase", "fingerprint", "state", "why", "due")
    row = {name: getattr(message, name) for name in names}
    row["body"] = canonical({name: getattr(message, name) for name in WORDS})
    change.record("notifications", "notification.created", f"{message.recipient}/{message.id}", row)
    return True


def _move(change: LedgerTransaction, message: Notification) -> bool:
    """A move from where the plan found the message; where it has moved on, the plan is stale and this is left out."""
    found = _now(change, message.id)
    if found is None or found.acted != message.acted or found.state not in (DeliveryState.HELD, DeliveryState.FAILED):
        return False
    _say(change, message.id, message.state, found.attempt, message.why, message.due)
    return True


def _say(
    change: LedgerTransaction, message: str, state: DeliveryState, attempt: int, why: str, due: datetime | None
) -> None:
    row = {"notification": message, "event": state, "attempt": attempt, "why": why, "due": due}
    change.record("notification_events", f"notification.{state}", message, row)


def _now(change: LedgerTransaction, message: str) -> Notification | None:
    row = change.rows.one("SELECT * FROM current_notifications WHERE id = %s", message)
    return _message(row) if row else None


def _silent(message: Notification, now: datetime) -> bool:
    return message.acted is not None and message.acted < now - UNKNOWN_AFTER


def _message(row: dict[str, Any]) -> Notification:
    body = json.loads(row["body"])
    return Notification(
        id=row["id"],
        recipient=row["recipient"],
        use_case=row["use_case"],
        alert=row["alert"],
        kind=AlertType(row["kind"]),
        severity=Severity(row["severity"]),
        phase=AlertPhase(row["phase"]),
        fingerprint=row["fingerprint"],
        **{**body, "since": datetime.fromisoformat(body["since"])},
        state=DeliveryState(row["state"]),
        why=row["why"],
        due=row["due"],
        attempt=row["attempt"],
        made=row["made"],
        acted=row["acted"],
    )


def _issue(row: dict[str, Any]) -> Issue:
    found = IssueReport(AlertType(row["kind"]), row["use_case"], row["subject"], row["sentence"], row["fingerprint"])
    return Issue(row["id"], found, row["at"], row["over"], row["ended"])
