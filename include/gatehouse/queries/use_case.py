"""One use case over time: batches, alarms, requests, decisions and promotions, the newest so many of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gatehouse.queries.alarm_facts import OpenIncident
from gatehouse.queries.incident_state import Since, followed, updated

if TYPE_CHECKING:
    from gatehouse.adapters.ledger.connection import Database

RANGES = (6, 12, 24, 36)  # batches on the time axis
SHOWN = RANGES[-1]

_BATCHES = """
    SELECT b.key, b.revision, b.starts, b.ends, b.state, b.reason, w.body::json AS body, w.reasons::json AS reasons,
           w.audit_seq AS watched, s.version
    FROM (SELECT * FROM current_batches WHERE use_case = %s ORDER BY key DESC, revision DESC LIMIT %s) b
    LEFT JOIN monitoring_reports w ON (w.use_case, w.key, w.revision) = (b.use_case, b.key, b.revision)
    LEFT JOIN predictions s ON (s.use_case, s.key, s.revision) = (b.use_case, b.key, b.revision)
    ORDER BY b.key, b.revision"""
_REQUESTS = """
    SELECT r.id, r.state, r.as_of, r.opened_by, r.reasons::json AS reasons, j.at,
           coalesce(ending.sentence, '') AS closing, d.id AS decision, d.verdict, d.version, d.sentence
    FROM (SELECT * FROM retrain_requests WHERE use_case = %s AND as_of >= %s ORDER BY audit_seq DESC LIMIT %s) r
    JOIN audit_log j ON j.seq = r.audit_seq
    LEFT JOIN request_events ending ON ending.request = r.id AND ending.event IN ('decided', 'failed', 'cancelled', 'expired')
    LEFT JOIN model_versions m ON m.request = r.id
    LEFT JOIN LATERAL (SELECT * FROM decisions x WHERE (x.use_case, x.version) = (m.use_case, m.version)
                       ORDER BY audit_seq DESC LIMIT 1) d ON true
    ORDER BY r.audit_seq DESC"""
_PROMOTIONS = """
    SELECT p.generation, p.version, p.kind, p.decision, p.actor, p.reason, p.audit_seq, j.at, r.as_of, m.candidate
    FROM (SELECT * FROM champion_changes WHERE use_case = %s ORDER BY generation DESC LIMIT %s) p
    JOIN audit_log j ON j.seq = p.audit_seq
    JOIN model_versions m ON (m.use_case, m.version) = (p.use_case, p.version)
    LEFT JOIN retrain_requests r ON r.id = m.request
    ORDER BY p.generation DESC"""
_AUDIT_LOG = """
    SELECT seq, kind, subject, actor, at FROM audit_log WHERE subject = ANY(%s) ORDER BY seq DESC LIMIT %s"""


@dataclass(frozen=True)
class UseCaseView:
    """What the page of a use case shows. `batches` oldest first; `requests` and `promotions` newest first; `champion`
    is the newest promotion, None before the first."""

    use_case: str
    batches: list[dict[str, Any]]
    requests: list[dict[str, Any]]
    promotions: list[dict[str, Any]]
    audit_log: list[dict[str, Any]]

    @property
    def champion(self) -> dict[str, Any] | None:
        return self.promotions[0] if self.promotions else None

    @property
    def incidents(self) -> list[OpenIncident]:
        """The open incidents of the newest report, those that paged somebody first, with what follows from each."""
        since = Since(None, None, self.requests[0]["state"] if self.requests else "")
        if self.champion is not None:
            since = Since(self.champion["version"], self.champion["audit_seq"], since.request)
        seen = {batch["key"]: batch["watched"] for batch in self.batches if batch["watched"] is not None}
        found = [
            OpenIncident(self.use_case, each, followed(each, seen.get(updated(each)), since))
            for each in self._reported
            if each.get("state") != "resolved"
        ]
        return sorted(found, key=lambda each: not each.page)

    @property
    def resolved(self) -> list[dict[str, Any]]:
        """The incidents of the newest report that are over."""
        return [each for each in self._reported if each.get("state") == "resolved"]

    @property
    def _reported(self) -> list[dict[str, Any]]:
        return list(self.newest["body"].get("incidents") or ()) if self.newest else []

    @property
    def newest(self) -> dict[str, Any] | None:
        """The newest batch that was watched."""
        return next((batch for batch in reversed(self.batches) if batch["body"]), None)


def use_case_view(database: Database, use_case: str, shown: int = SHOWN) -> UseCaseView:
    """The newest `shown` batches and what happened in their time."""
    with database.snapshot() as rows:
        batches = rows.all(_BATCHES, use_case, shown)
        since = batches[0]["starts"] if batches else None
        requests = rows.all(_REQUESTS, use_case, since or "-infinity", shown)
        promotions = rows.all(_PROMOTIONS, use_case, shown)
        audit_log = rows.all(_AUDIT_LOG, [use_case], 10)
    return UseCaseView(use_case, batches, requests, promotions, audit_log)
