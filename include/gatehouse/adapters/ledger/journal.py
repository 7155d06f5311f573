"""The journal: the one way in which the ledger changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gatehouse.core.audit.canonical_json import canonical
from gatehouse.core.types import JournalEntry
from gatehouse.errors import NotAllowedError
from gatehouse.ports import Journal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gatehouse.adapters.ledger.connection import Cursor, Database

# The kinds of entry that are changes of state, by the table whose rows they stand for. Every other kind is a note.
CHANGES: Mapping[str, tuple[str, ...]] = {
    "batches": ("batch.landed",),
    "batch_acts": ("batch.accepted", "batch.quarantined", "batch.released", "batch.discarded"),
    "outcomes": ("outcomes.arrived",),
    "predictions": ("batch.scored",),
    "watches": ("batch.watched",),
    "requests": ("request.opened",),
    "request_acts": (
        "request.joined",
        "request.claimed",
        "request.decided",
        "request.failed",
        "request.cancelled",
        "request.expired",
    ),
    "training_sets": ("training_set.recorded",),
    "candidates": ("candidate.recorded",),
    "models": ("model.registered",),
    "decisions": ("decision.made",),
    "answers": ("decision.answered",),
    "overrides": ("override.proposed",),
    "confirmations": ("override.confirmed",),
    "shadows": ("batch.shadowed",),
    "probations": ("probation.judged",),
    "promotions": ("champion.changed",),
    "troubles": ("trouble.opened",),
    "trouble_acts": ("trouble.changed", "trouble.over"),
    "messages": ("message.made",),
    "message_acts": (
        "message.pending", "message.held", "message.sending", "message.sent", "message.failed", "message.dropped",
    ),
    "decision_reports": ("decision.reported",),
    "revalidations": ("batch.revalidated",),
    "backfills": ("backfill.begun",),
    "backfill_ends": ("backfill.done", "backfill.failed"),
}  # fmt: skip
_CHANGE_KINDS = {kind for kinds in CHANGES.values() for kind in kinds}


class PostgresJournal(Journal):
    """`ports.Journal` on the table `journal`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def entries(self, after: int = 0, limit: int = 10_000, about: str = "") -> Sequence[JournalEntry]:
        with self._database.transaction() as rows:
            found = rows.all(
                "SELECT * FROM journal WHERE seq > %s AND (%s = '' OR strpos(subject, %s) > 0) ORDER BY seq LIMIT %s",
                after,
                about,
                about,
                limit,
            )
        return [JournalEntry(**row) for row in found]

    def newest(self, subject: str, kinds: Sequence[str]) -> JournalEntry | None:
        with self._database.transaction() as rows:
            found = rows.one(
                "SELECT * FROM journal WHERE subject = %s AND kind = ANY(%s) ORDER BY seq DESC LIMIT 1",
                subject,
                list(kinds),
            )
        return JournalEntry(**found) if found else None

    def note(self, kind: str, subject: str, actor: str, body: Mapping[str, Any]) -> None:
        if kind in _CHANGE_KINDS:
            raise NotAllowedError(f"{kind} is written by the change it stands for, never as a note")
        with self._database.transaction() as rows:
            append(rows, kind, subject, actor, body)


def append(rows: Cursor, kind: str, subject: str, actor: str, body: Mapping[str, Any]) -> int:
    """Append an entry and return its number; the database numbers, dates and chains it."""
    entry = rows.one(
        "INSERT INTO journal (kind, subject, actor, body) VALUES (%s, %s, %s, %s) RETURNING seq",
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
