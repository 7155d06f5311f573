"""Anchor the audit log: sign its head with a key that the database does not hold, and keep that outside of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import structlog

from gatehouse.core.audit.anchors import Anchor, make, read
from gatehouse.ports import AuditLog
from gatehouse.ports.anchors import AnchorStore, Signer

ANCHOR_SECONDS = 3600.0
CHUNK = 10_000
event_log = structlog.get_logger("gatehouse")


@dataclass(frozen=True)
class Anchoring:
    """What an installation anchors with."""

    signer: Signer
    store: AnchorStore

    def anchor(self, log: AuditLog, now: datetime | None = None) -> Anchor | None:
        """Sign the head of the log and keep it in the lake and in the task's log; None when the newest anchor says the
        same already, or when the log is shorter than it (`gatehouse audit verify` names that)."""
        last = self.newest()
        hashes = list(_hashes(log, last.entries if last else 0))
        if not hashes:
            return None
        at = (now or datetime.now(UTC)).isoformat(timespec="seconds")
        bare = make(hashes, last.entries if last else 0, at, self.signer.public_key)
        signed = replace(bare, signature=self.signer.sign(bare.signed_bytes()))
        self.store.keep(signed)
        event_log.info("anchored", anchor=signed.document(whole=False))
        return signed

    def is_due(self, now: datetime | None = None) -> bool:
        """Whether the newest anchor is an hour old, or there is none."""
        last = self.newest()
        return (
            last is None
            or ((now or datetime.now(UTC)) - datetime.fromisoformat(last.at)).total_seconds() >= ANCHOR_SECONDS
        )

    def newest(self) -> Anchor | None:
        """The anchor of the longest log."""
        found = [anchor for document in self.store.documents() if (anchor := read(document)) is not None]
        return max(found, key=lambda anchor: anchor.entries, default=None)


def _hashes(log: AuditLog, after: int) -> Iterator[str]:
    while chunk := log.entries(after, CHUNK):
        yield from (entry.hash for entry in chunk)
        after = chunk[-1].seq
