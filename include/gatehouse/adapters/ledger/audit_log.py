"""The audit log: the one way in which the ledger changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gatehouse.core.audit.canonical_json import canonical
from gatehouse.core.types import AuditEntry
from gatehouse.errors import NotAllowedError
from gatehouse.ports import AuditLog

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gatehouse.adapters.ledger.connection import Cursor, Database

# The kinds of entry that are changes of state, by the table whose rows they stand for. Every other kind is a note.
CHANGES: Mapping[str, tuple[str, ...]] = {
    "batches": ("batch.landed",),
    "batch_events": ("batch.accepted", "batch.quarantined", "batch.released", "batch.discarded"),
    "outcomes": ("outcomes.arrived",),
    "predictions": ("batch.scored",),
    "monitoring_reports": ("batch.monitored",),
    "retrain_requests": ("request.opened",),
    "request_events": (
        "request.joined",
        "request.claimed",
        "request.decided",
        "request.failed",
        "request.cancelled",
        "request.expired",
    ),
    "training_sets": ("training_set.recorded",),
    "candidates": ("candidate.recorded",),
    "model_versions": ("model.registered",),
    "decisions": ("decision.made",),
    "review_responses": ("decision.answered",),
    "overrides": ("override.proposed",),
    "override_confirmations": ("override.confirmed",),
    "shadow_predictions": ("batch.shadow_scored",),
    "probations": ("probation.judged",),
    "champion_changes": ("champion.changed",),
    "issues": ("issue.opened",),
    "issue_events": ("issue.changed", "issue.resolved"),
    "notifications": ("notification.created",),
    "notification_events": (
        "notification.pending", "notification.held", "notification.sending", "notification.sent",
        "notification.failed", "notification.dropped",
    ),
    "decision_reports": ("decision.reported",),
    "revalidations": ("batch.revalidated",),
    "backfills": ("backfill.started",),
    "backfill_results": ("backfill.done", "backfill.failed"),
}  # fmt: skip
_CHANGE_KINDS = {kind for kinds in CHANGES.values() for kind in kinds}


class PostgresAuditLog(AuditLog):
    """`ports.AuditLog` on the table `audit_log`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def entries(self, after: int = 0, limit: int = 10_000, about: str = "") -> Sequence[AuditEntry]:
        with self._database.transaction() as rows:
            found = rows.all(
                "SELECT * FROM audit_log WHERE seq > %s AND (%s = '' OR strpos(subject, %s) > 0) ORDER BY seq LIMIT %s",
                after,
                about,
                about,
                limit,
            )
        return [AuditEntry(**row) for row in found]

    def newest(self, subject: str, kinds: Sequence[str]) -> AuditEntry | None:
        with self._database.transaction() as rows:
            found = rows.one(
                "SELECT * FROM audit_log WHERE subject = %s AND kind = ANY(%s) ORDER BY seq DESC LIMIT 1",
                subject,
                list(kinds),
            )
        return AuditEntry(**found) if found else None

    def note(self, kind: str, subject: str, actor: str, body: Mapping[str, Any]) -> None:
        if kind in _CHANGE_KINDS:
            raise NotAllowedError(f"{kind} is written by the change it stands for, never as a note")
        with self._database.transaction() as rows:
            append(rows, kind, subject, actor, body)


def append(rows: Cursor, kind: str, subject: str, actor: str, body: Mapping[str, Any]) -> int:
    """Append an entry and return its number; the database numbers, dates and chains it."""
    entry = rows.one(
        "INSERT INTO audit_log (kind, subject, actor, body) VALUES (%s, %s, %s, %s) RETURNING seq",
        kind,
        clean(subject),
        clean(actor),
        clean(canonical(dict(body))),
    )
    assert entry is not None
    return int(entry["seq"])


def clean(text: str) -> str:
    """A text that PostgreSQL can hold: NUL and lone surrogates, which only data can bring, are replaced."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()
