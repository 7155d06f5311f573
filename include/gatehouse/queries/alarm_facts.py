"""What stands around an open incident: where it was measured, and the trainings and champions since it opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gatehouse.core.performance.incidents import MEASURED

if TYPE_CHECKING:
    from gatehouse.adapters.ledger.connection import Database

_MEASURED = """
    SELECT i.n, found.champion AS version, found.matured ->> 'batch' AS batch, found.matured -> 'judged' AS judged,
           found.sudden, opened.audit_seq AS first, opened.revision AS opened, w.revision AS updated,
           (SELECT max(revision) FROM batches m WHERE (m.use_case, m.key) = (i.use_case, found.matured ->> 'batch')) AS revision
    FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[]) AS i(n, use_case, opened, updated)
    LEFT JOIN LATERAL (SELECT body, revision FROM monitoring_reports x WHERE (x.use_case, x.key) = (i.use_case, i.updated)
                       ORDER BY revision DESC LIMIT 1) w ON true
    LEFT JOIN LATERAL json_to_record(w.body::json) AS found(champion integer, matured json, sudden json) ON true
    LEFT JOIN LATERAL (SELECT audit_seq, revision FROM monitoring_reports x WHERE (x.use_case, x.key) = (i.use_case, i.opened)
                       ORDER BY revision LIMIT 1) opened ON true"""
_TRAININGS = """
    SELECT i.n, r.* FROM unnest(%s::int[], %s::text[], %s::bigint[]) AS i(n, use_case, first), LATERAL (
        SELECT q.state, q.as_of, q.audit_seq, d.id AS decision, d.verdict, d.version
        FROM retrain_requests q
        LEFT JOIN request_events ending ON ending.request = q.id AND ending.event IN ('decided', 'failed', 'cancelled', 'expired')
        LEFT JOIN model_versions m ON m.request = q.id
        LEFT JOIN LATERAL (SELECT * FROM decisions x WHERE (x.use_case, x.version) = (m.use_case, m.version)
                           ORDER BY audit_seq DESC LIMIT 1) d ON true
        WHERE q.use_case = i.use_case AND (ending.audit_seq IS NULL OR ending.audit_seq >= i.first)
        ORDER BY q.audit_seq DESC LIMIT 3) r ORDER BY i.n, r.audit_seq"""
_CHAMPIONS = """
    SELECT DISTINCT ON (i.n) i.n, p.version, p.kind, p.decision
    FROM unnest(%s::int[], %s::text[], %s::bigint[]) AS i(n, use_case, first)
    JOIN champion_changes p ON p.use_case = i.use_case AND p.audit_seq > i.first ORDER BY i.n, p.generation DESC"""


@dataclass(frozen=True)
class OpenIncident:
    """An incident that is not resolved, as a report holds it, and what follows from it already (empty: nothing)."""

    use_case: str
    document: Mapping[str, Any]
    followed: str = ""

    @property
    def kind(self) -> str:
        return str(self.document.get("kind") or "an incident")

    @property
    def page(self) -> bool:
        return bool(self.document.get("page", True))


@dataclass(frozen=True)
class AlarmFacts:
    """One open incident with its surroundings. Batches are named like `2013-03.r1`, empty where the ledger has no report.
    `trainings` are the newest three since it opened, oldest first; `champion` is the newest change since, None without."""

    incident: OpenIncident
    opened: str
    measured: str
    version: int | None
    judged: tuple[Mapping[str, Any], ...]
    trainings: tuple[Mapping[str, Any], ...]
    champion: Mapping[str, Any] | None


def alarm_facts(database: Database, incidents: Sequence[OpenIncident]) -> list[AlarmFacts]:
    """The facts of each incident, in the order given."""
    if not incidents:
        return []
    numbers, names = list(range(len(incidents))), [each.use_case for each in incidents]
    keys = [[str(each.document.get(name) or "") for each in incidents] for name in ("opened", "updated")]
    with database.snapshot() as rows:
        measured = {row["n"]: row for row in rows.all(_MEASURED, numbers, names, *keys)}
        first = [measured[n]["first"] for n in numbers]
        trainings = rows.all(_TRAININGS, numbers, names, first)
        champions = {row["n"]: row for row in rows.all(_CHAMPIONS, numbers, names, first)}
    return [
        _facts(each, measured[n], tuple(row for row in trainings if row["n"] == n), champions.get(n))
        for n, each in enumerate(incidents)
    ]


def _facts(
    incident: OpenIncident,
    row: Mapping[str, Any],
    trainings: tuple[Mapping[str, Any], ...],
    champion: Mapping[str, Any] | None,
) -> AlarmFacts:
    outcomes = incident.kind in MEASURED and row["revision"]
    updated = _batch(incident.document.get("updated"), row["updated"])
    return AlarmFacts(
        incident,
        opened=_batch(incident.document.get("opened"), row["opened"]),
        measured=_batch(row["batch"], row["revision"]) if outcomes else updated,
        version=row["version"],
        judged=(*(row["judged"] or ()), *(row["sudden"] or ())),
        trainings=trainings,
        champion=champion,
    )


def _batch(key: Any, revision: int | None) -> str:
    return f"{key}.r{revision}" if key and revision else ""
