"""Who did what, on what, why, and what came of it: the audit log as a person searches it."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from gatehouse.queries.day_range import days

if TYPE_CHECKING:
    from gatehouse.adapters.ledger.connection import Database

# What people do; everything else in the audit log is the work of tasks.
ACTS = ("decision.answered", "override.proposed", "override.confirmed", "champion.changed", "champion.level_accepted",
        "batch.released", "batch.discarded", "batch.revalidated", "request.opened", "request.cancelled",
        "backfill.started")  # fmt: skip
SYSTEM = ("gate", "maintenance", "nobody", "validate")  # names under which tasks act
PEOPLE, EVERYTHING = "", "all"

_FIND = """
    SELECT * FROM (
        SELECT a.seq, a.kind, a.subject, a.actor, a.at, a.body,
               coalesce(d.use_case, r.use_case, o.use_case, split_part(a.subject, '/', 1)) AS use_case,
               coalesce(d.id, o.decision, a.body::json ->> 'decision') AS decision
        FROM audit_log a
        LEFT JOIN decisions d ON d.id = a.subject
        LEFT JOIN retrain_requests r ON r.id = split_part(a.subject, '/', 1)
        LEFT JOIN overrides o ON o.id = a.subject
        WHERE a.seq < %(before)s AND a.at >= %(since)s AND a.at < %(until)s
          AND (%(by)s = '' OR a.actor = %(by)s) AND (%(kinds)s::text[] IS NULL OR a.kind = ANY(%(kinds)s::text[]))
          AND (NOT %(people)s OR (a.actor <> ALL(%(system)s::text[]) AND strpos(a.actor, '/') = 0))
        ORDER BY a.seq DESC) found
    WHERE %(use_cases)s::text[] IS NULL OR use_case = ANY(%(use_cases)s::text[])
    LIMIT %(size)s"""


@dataclass(frozen=True)
class AuditFilter:
    """What is asked for. `kind` is one kind, `all`, or empty for the acts of people. `until` is the last day."""

    by: str = ""
    kind: str = PEOPLE
    since: date | None = None
    until: date | None = None
    before: int | None = None


@dataclass(frozen=True)
class AuditLine:
    """One entry: who, did, on, reason, result. `decision` is the decision that it is about, where it is about one."""

    seq: int
    at: datetime
    actor: str
    kind: str
    did: str
    subject: str
    use_case: str
    decision: str
    reason: str
    result: str


def audit_lines(
    database: Database, asked: AuditFilter, use_cases: Collection[str] | None = None, size: int = 50
) -> list[AuditLine]:
    """The newest entries of these use cases (all without) that the filter lets through, the newest first."""
    kinds = {PEOPLE: list(ACTS), EVERYTHING: None}.get(asked.kind, [asked.kind])
    first, end = days(asked.since, asked.until)
    with database.snapshot() as rows:
        found = rows.named(
            _FIND,
            before=asked.before or 2**63 - 1,
            since=first,
            until=end,
            by=asked.by,
            kinds=kinds,
            people=asked.kind == PEOPLE,
            system=list(SYSTEM),
            use_cases=None if use_cases is None else list(use_cases),
            size=size,
        )
    return [_line(row) for row in found]


def _line(row: dict[str, Any]) -> AuditLine:
    body = json.loads(row["body"])
    return AuditLine(
        seq=row["seq"],
        at=row["at"],
        actor=row["actor"],
        kind=row["kind"],
        did=DID.get(row["kind"], row["kind"].replace(".", " ").replace("_", " ")),
        subject=row["subject"],
        use_case=row["use_case"],
        decision=row["decision"] or "",
        reason=_text(body.get("reason") or body.get("sentence")),
        result=_result(row["kind"], body),
    )


DID = {
    "decision.answered": "answered a review",
    "override.proposed": "overrode the gate",
    "override.confirmed": "confirmed an override",
    "champion.changed": "changed the champion",
    "batch.released": "released a batch",
    "batch.discarded": "discarded a batch",
    "batch.revalidated": "validated a batch again",
    "request.opened": "asked for a retraining",
    "request.cancelled": "cancelled a retraining",
    "decision.made": "decided",
}


def _result(kind: str, body: dict[str, Any]) -> str:
    if kind == "decision.answered":
        return "approved" if body.get("approved") else "rejected"
    if kind == "decision.made":
        return _text(body.get("verdict"))
    if kind == "champion.changed":
        return f"version {body.get('version')} serves ({_text(body.get('kind'))})"
    if kind == "override.proposed":
        second = "; a second person has to confirm" if body.get("second_person") else ""
        return f"until {_text(body.get('expires'))[:16].replace('T', ' ')}{second}"
    return {"batch.released": "accepted", "batch.discarded": "discarded"}.get(kind, "")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
