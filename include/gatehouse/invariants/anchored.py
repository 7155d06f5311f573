"""I15: the audit log leads to every anchor that lies outside the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatehouse.core.audit.anchors import compare
from gatehouse.core.audit.hash_chain import entry_hash
from gatehouse.invariants.audit_log_integrity import entries_of

if TYPE_CHECKING:
    from gatehouse.invariants.result import InvariantContext


def anchored_log(look: InvariantContext) -> None:
    """I15. Each anchored entry is the one that was recorded, and none is missing. What no anchor covers yet is a note."""
    evidence = look.anchors
    if evidence is None:
        look.examine("SELECT seq FROM audit_log ORDER BY seq DESC LIMIT 1")
        look.notes.append("anchors were not asked: no GATEHOUSE_ANCHOR_KEY_FILE or GATEHOUSE_ANCHOR_PUBLIC_KEY is set")
        return
    log = {entry.seq: entry_hash(entry) for entry in entries_of(look)}
    length = max(log, default=0)
    found = compare(evidence.anchors, log, length)
    look.breaches += [*evidence.refused, *found.breaches]
    if length > found.covered:
        look.notes.append(f"no anchor covers the entries from {found.covered + 1} to {length} yet")
