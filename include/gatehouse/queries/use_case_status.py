"""Where a use case stands: champion, batch, verdict, alarms, measured quality, and whether a person must act."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from gatehouse.queries.alarm_facts import OpenIncident
from gatehouse.queries.incident_state import Since, followed, last_seen, open_incidents, paging, updated

if TYPE_CHECKING:
    from datetime import datetime

    from gatehouse.adapters.ledger.connection import Cursor, Database

MEASURED = 10  # the points of a sparkline

_STANDING = """
    SELECT n.name AS use_case, c.version, c.generation, m.candidate, crowned.at AS since, p.audit_seq AS promoted,
           b.key, b.revision, b.state, b.ends, b.reason AS batch_reason,
           coalesce(q.quarantined, 0) AS quarantined, coalesce(r.waiting, 0) AS reviews, r.review,
           last.verdict, last.id AS decision, decided.at AS decided, request.state AS request,
           coalesce(json_array_length(found.alarms), 0) AS alarms, found.incidents,
           late.sentence AS late
    FROM unnest(%(names)s::text[]) AS n(name)
    LEFT JOIN current_champions c ON c.use_case = n.name
    LEFT JOIN model_versions m ON (m.use_case, m.version) = (c.use_case, c.version)
    LEFT JOIN champion_changes p ON (p.use_case, p.generation) = (c.use_case, c.generation)
    LEFT JOIN audit_log crowned ON crowned.seq = p.audit_seq
    LEFT JOIN LATERAL (SELECT * FROM current_batches x WHERE x.use_case = n.name
                       ORDER BY key DESC, revision DESC LIMIT 1) b ON true
    LEFT JOIN LATERAL (SELECT body FROM monitoring_reports x WHERE x.use_case = n.name
                       ORDER BY key DESC, revision DESC LIMIT 1) w ON true
    LEFT JOIN LATERAL (SELECT sentence FROM current_issues x WHERE x.use_case = n.name AND x.over IS NULL
                       AND x.kind = 'late_batch' ORDER BY x.at DESC LIMIT 1) late ON true
    LEFT JOIN LATERAL json_to_record(w.body::json) AS found(alarms json, incidents json) ON true
    LEFT JOIN (SELECT DISTINCT ON (use_case) use_case, id, verdict, audit_seq
               FROM decisions WHERE use_case = ANY(%(names)s::text[])
               ORDER BY use_case, version DESC, audit_seq DESC) last ON last.use_case = n.name
    LEFT JOIN audit_log decided ON decided.seq = last.audit_seq
    LEFT JOIN (SELECT DISTINCT ON (use_case) use_case, state FROM retrain_requests
               WHERE use_case = ANY(%(names)s::text[]) ORDER BY use_case, audit_seq DESC) request
        ON request.use_case = n.name
    LEFT JOIN (SELECT use_case, count(*) AS quarantined FROM batch_events a
               WHERE event = 'quarantined' AND use_case = ANY(%(names)s::text[]) AND NOT EXISTS (
                   SELECT FROM batch_events later WHERE (later.use_case, later.key, later.revision)
                   = (a.use_case, a.key, a.revision) AND later.event IN ('released', 'discarded')) AND NOT EXISTS (
                   SELECT FROM batches newer WHERE (newer.use_case, newer.key) = (a.use_case, a.key)
                   AND newer.revision > a.revision)
               GROUP BY use_case) q ON q.use_case = n.name
    LEFT JOIN (SELECT d.use_case, count(*) AS waiting, (array_agg(d.id ORDER BY d.audit_seq))[1] AS review FROM decisions d
               LEFT JOIN current_champions now ON now.use_case = d.use_case
               WHERE d.use_case = ANY(%(names)s::text[]) AND d.verdict = 'REVIEW'
               AND (d.generation = coalesce(now.generation, 0) OR d.version = now.version)
               AND NOT EXISTS (SELECT FROM review_responses WHERE decision = d.id)
               GROUP BY d.use_case) r ON r.use_case = n.name"""

_MEASURED = """
    SELECT n.name AS use_case, m.* FROM unnest(%(names)s::text[]) AS n(name), LATERAL (
        SELECT w.key, w.body::json -> 'matured' AS matured FROM monitoring_reports w
        WHERE w.use_case = n.name ORDER BY w.key DESC, w.revision DESC LIMIT %(most)s) m
    WHERE m.matured IS NOT NULL ORDER BY n.name, m.key"""


class Attention(IntEnum):
    """How much a use case needs a person; the pages sort by it."""

    NOTHING = 0
    LOOK = 1
    ACT = 2


@dataclass(frozen=True)
class UseCaseStatus:
    """Where one use case stands. `version` is None without a champion; `since` is when it became one (wall-clock).
    `points` are the newest measured values of the champion's metric, oldest first: (batch, value, alarm).
    `paged` are the open incidents that paged somebody; `watched` counts the open ones that paged nobody.
    `review` is the oldest decision that waits for an answer. `late` says which batch has not come; empty for none."""

    use_case: str
    version: int | None
    since: datetime | None
    batch: str
    revision: int
    state: str
    ends: datetime | None
    quarantined: int
    reviews: int
    verdict: str
    decision: str
    request: str
    alarms: int
    paged: tuple[OpenIncident, ...]
    watched: int
    review: str = ""
    decided: datetime | None = None
    metric: str = ""
    points: tuple[tuple[str, float, bool], ...] = ()
    candidate: str = ""
    late: str = ""

    @property
    def measured(self) -> tuple[str, float, bool] | None:
        """The newest measured value: (batch, value, alarm)."""
        return self.points[-1] if self.points else None

    @property
    def incidents(self) -> tuple[OpenIncident, ...]:
        """The open incidents that wait for a person."""
        return tuple(each for each in self.paged if not each.followed)

    @property
    def handled(self) -> tuple[OpenIncident, ...]:
        """Those that something follows from already."""
        return tuple(each for each in self.paged if each.followed)

    @property
    def need(self) -> Attention:
        if self.reviews or self.quarantined or self.request == "failed" or self.incidents:
            return Attention.ACT
        alarm = self.alarms or self.watched or self.handled or self.late
        look = alarm or self.verdict in ("HOLD", "BLOCK") or self.version is None
        return Attention.LOOK if look else Attention.NOTHING


def status_of(database: Database, use_case: str) -> UseCaseStatus:
    """Where one use case stands, with its measured values."""
    with database.snapshot() as rows:
        return with_points(rows, statuses(rows, [use_case]))[0]


def statuses(rows: Cursor, names: Sequence[str]) -> list[UseCaseStatus]:
    """Where use cases stand, without their measured values."""
    found = rows.named(_STANDING, names=list(names))
    seen = last_seen(rows, [(row["use_case"], updated(each)) for row in found for each in paging(row)])
    return [_standing(row, seen) for row in found]


def with_points(rows: Cursor, found: Sequence[UseCaseStatus]) -> list[UseCaseStatus]:
    """The same with their measured values."""
    measured = _measured(rows, [each.use_case for each in found])
    return [_with_points(each, measured.get(each.use_case, [])) for each in found]


def _standing(row: dict[str, Any], seen: dict[tuple[str, str], int]) -> UseCaseStatus:
    pages, since = paging(row), Since(row["version"], row["promoted"], row["request"] or "")
    name = row["use_case"]
    paged = [OpenIncident(name, each, followed(each, seen.get((name, updated(each))), since)) for each in pages]
    return UseCaseStatus(
        use_case=row["use_case"],
        version=row["version"],
        since=row["since"],
        batch=row["key"] or "",
        revision=row["revision"] or 0,
        state=row["state"] or "",
        ends=row["ends"],
        quarantined=row["quarantined"],
        reviews=row["reviews"],
        verdict=row["verdict"] or "",
        decision=row["decision"] or "",
        request=row["request"] or "",
        alarms=row["alarms"],
        paged=tuple(paged),
        watched=len(open_incidents(row)) - len(pages),
        review=row["review"] or "",
        decided=row["decided"],
        candidate=row["candidate"] or "",
        late=row["late"] or "",
    )


def _measured(rows: Cursor, names: list[str]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows.named(_MEASURED, names=names, most=MEASURED):
        found.setdefault(row["use_case"], []).append(row["matured"])
    return found


def _with_points(standing: UseCaseStatus, measured: list[dict[str, Any]]) -> UseCaseStatus:
    points = tuple(
        (str(each["batch"]), float(each["value"]["value"]), any(j["state"] == "alarm" for j in each["judged"]))
        for each in measured
        if isinstance(each.get("value"), dict) and isinstance(each["value"].get("value"), int | float)
    )
    metric = str(measured[-1].get("metric", "")) if measured else ""
    return replace(standing, metric=metric, points=points)
