"""What reading a delivery came to, as notes of the audit log: read as this batch, or refused with the reason.

They change no batch. The newest note of a key is what the next ingest compares the source with.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from gatehouse.core.types import BatchId, Delivered

if TYPE_CHECKING:
    from gatehouse.adapters.ledger.connection import Cursor
    from gatehouse.adapters.ledger.transaction import LedgerTransaction

READ, REFUSED = "delivery.read", "delivery.refused"


def note_read(change: LedgerTransaction, batch: BatchId, fingerprint: str | None) -> None:
    """The delivery of a key was read and is this batch; noted when the source can tell and says something new, or when it
    could not be fetched before."""
    subject, said = f"{batch.use_case}/{batch.key}", {"fingerprint": fingerprint, "revision": batch.revision}
    kind, body = _last(change.rows, subject) or ("", {})
    new = fingerprint is not None and any(body.get(name) != value for name, value in said.items())
    if new or kind == REFUSED:
        change.append(READ, subject, said)


def note_refused(change: LedgerTransaction, subject: str, reason: str) -> None:
    """A delivery could not be fetched; noted again when the reason is another one."""
    kind, body = _last(change.rows, subject) or ("", {})
    if (kind, body.get("reason")) != (REFUSED, reason):
        change.append(REFUSED, subject, {"reason": reason})


def newest(rows: Cursor, use_case: str) -> dict[str, Delivered]:
    """The newest note of each key."""
    found = rows.all(
        "SELECT DISTINCT ON (subject) subject, kind, body::json AS body FROM audit_log "
        "WHERE kind = ANY(%s) AND starts_with(subject, %s) ORDER BY subject, seq DESC",
        [READ, REFUSED],
        f"{use_case}/",
    )
    return {row["subject"].partition("/")[2]: _delivered(use_case, row) for row in found}


def _delivered(use_case: str, row: dict[str, Any]) -> Delivered:
    key, body = row["subject"].partition("/")[2], row["body"]
    if row["kind"] == REFUSED:
        return Delivered(refused=body["reason"])
    return Delivered(BatchId(use_case, key, body["revision"]), body["fingerprint"])


def _last(rows: Cursor, subject: str) -> tuple[str, dict[str, Any]] | None:
    found = rows.one(
        "SELECT kind, body FROM audit_log WHERE subject = %s AND kind = ANY(%s) ORDER BY seq DESC LIMIT 1",
        subject,
        [READ, REFUSED],
    )
    return (found["kind"], json.loads(found["body"])) if found else None
