"""What has followed from an open incident: whether a person must act now, or something is already under way.

An incident stays open in the monitoring reports until outcomes show that it is over. What was done about it since (a
retraining, a new champion) stands in other records.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gatehouse.core.performance.change_kinds import ChangeKind

if TYPE_CHECKING:
    from gatehouse.adapters.ledger.connection import Cursor

# Kinds that a new champion may repair; a data fault and an error of the code need a person whatever serves.
REPAIRED_BY_TRAINING = (
    ChangeKind.CONCEPT,
    ChangeKind.LEVEL,
    ChangeKind.LABEL,
    ChangeKind.COVARIATE,
    ChangeKind.SEASONAL,
)
UNDER_WAY = ("open", "claimed")

_SEEN = """
    SELECT s.use_case, s.key, max(w.audit_seq) AS seq FROM unnest(%s::text[], %s::text[]) AS s(use_case, key)
    JOIN monitoring_reports w ON (w.use_case, w.key) = (s.use_case, s.key) GROUP BY 1, 2"""


@dataclass(frozen=True)
class Since:
    """What a use case's records say: the champion's version and the audit log entry that made it one, and the state of the
    newest request with the verdict on its challenger ("" for none)."""

    version: int | None
    promoted: int | None
    request: str = ""


def followed(incident: Mapping[str, Any], seen: int | None, since: Since) -> str:
    """What is being done about an open incident, in a sentence; empty when a person must act. `seen` is the audit log entry
    of the report that found it last."""
    if incident.get("kind") not in REPAIRED_BY_TRAINING:
        return ""
    if seen is not None and since.promoted is not None and since.promoted > seen:
        return f"Version {since.version} became the champion since. The next outcomes show whether it helps."
    return "A retraining is under way." if since.request in UNDER_WAY else ""


def last_seen(rows: Cursor, incidents: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The audit log entries of the monitoring reports of (use case, batch)."""
    wanted = sorted(set(incidents))
    found = rows.all(_SEEN, [name for name, _ in wanted], [key for _, key in wanted]) if wanted else []
    return {(row["use_case"], row["key"]): int(row["seq"]) for row in found}


def open_incidents(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The incidents of a row that are not resolved."""
    return [each for each in row["incidents"] or [] if each.get("state") != "resolved"]


def paging(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Those of them that page somebody."""
    return [each for each in open_incidents(row) if each.get("page", True)]


def updated(each: Mapping[str, Any]) -> str:
    """The batch that an incident was found in last."""
    return str(each.get("updated") or "")
