"""The facts that may be told: what lasts, and what began or ended of late, of all use cases in one snapshot."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from gatehouse.core.notifications.alert import Event
from gatehouse.core.notifications.alert_types import AlertType

if TYPE_CHECKING:
    from gatehouse.adapters.ledger.connection import Cursor

_DECISIONS = """
    SELECT d.use_case, d.id, d.version, d.verdict, d.sentence, j.at, a.approved, a.actor, a.reason, answered.at AS answered,
           moved.at AS moved, (d.generation = coalesce(now.generation, 0) OR d.version = now.version) AS current
    FROM decisions d JOIN audit_log j ON j.seq = d.audit_seq
    LEFT JOIN review_responses a ON a.decision = d.id LEFT JOIN audit_log answered ON answered.seq = a.audit_seq
    LEFT JOIN current_champions now ON now.use_case = d.use_case
    LEFT JOIN champion_changes p ON (p.use_case, p.generation) = (d.use_case, d.generation + 1)
    LEFT JOIN audit_log moved ON moved.seq = p.audit_seq
    WHERE (d.verdict = 'BLOCK' AND j.at > %s) OR (d.verdict = 'REVIEW' AND (answered.at > %s OR (a.decision IS NULL
          AND (d.generation = coalesce(now.generation, 0) OR d.version = now.version OR moved.at > %s))))
    ORDER BY d.audit_seq"""

_QUARANTINED = """
    SELECT q.use_case, q.key, q.revision, q.reason, j.at, e.event, e.actor, e.reason AS ended, ending.at AS over,
           newer.revision AS newer, arrived.at AS newer_at
    FROM batch_events q JOIN audit_log j ON j.seq = q.audit_seq
    LEFT JOIN batch_events e ON (e.use_case, e.key, e.revision) = (q.use_case, q.key, q.revision)
         AND e.event IN ('released', 'discarded')
    LEFT JOIN audit_log ending ON ending.seq = e.audit_seq
    LEFT JOIN LATERAL (SELECT revision, audit_seq FROM batches b WHERE (b.use_case, b.key) = (q.use_case, q.key)
                       AND b.revision > q.revision ORDER BY revision LIMIT 1) newer ON true
    LEFT JOIN audit_log arrived ON arrived.seq = newer.audit_seq
    WHERE q.event = 'quarantined' AND coalesce(least(ending.at, arrived.at), 'infinity') > %s
    ORDER BY q.audit_seq"""

_ROLLBACKS = """
    SELECT p.use_case, p.generation, p.version, p.kind, p.reason, j.at
    FROM champion_changes p JOIN audit_log j ON j.seq = p.audit_seq
    WHERE p.kind IN ('expiry', 'probation') AND j.at > %s ORDER BY p.audit_seq"""

_FAILED = """
    SELECT r.use_case, r.id, a.sentence, j.at FROM request_events a JOIN retrain_requests r ON r.id = a.request
    JOIN audit_log j ON j.seq = a.audit_seq WHERE a.event = 'failed' AND j.at > %s ORDER BY a.audit_seq"""

# The condition on the kinds is that of the index `audit_log_bypasses`, word for word.
_BYPASSES = """
    SELECT seq, kind, subject, body::json AS body, at FROM audit_log
    WHERE kind IN ('alias.drifted', 'promotion.not_applied', 'review.not_requested', 'model.replaced') AND at > %s
    ORDER BY seq"""

# The first of a day: somebody who deletes a hundred runs one by one is one alert.
_TRACKING = """
    SELECT DISTINCT ON (subject, day) subject AS use_case, (at AT TIME ZONE 'UTC')::date AS day, body::json AS body, at
    FROM audit_log
    WHERE subject IN (SELECT use_case FROM batches) AND kind IN ('tracking.restored', 'tracking.behind') AND at > %s
    ORDER BY subject, day, seq"""

# A skip scan to the newest report of each use case: the bodies of all the others stay where they are.
_INCIDENTS = """
    WITH RECURSIVE names(name) AS (
        (SELECT use_case FROM monitoring_reports ORDER BY use_case LIMIT 1)
        UNION ALL
        SELECT (SELECT w.use_case FROM monitoring_reports w WHERE w.use_case > names.name ORDER BY w.use_case LIMIT 1)
        FROM names WHERE names.name IS NOT NULL)
    SELECT n.name AS use_case, i.body, opened.at, resolved.at AS over
    FROM names n, LATERAL (SELECT body FROM monitoring_reports w WHERE w.use_case = n.name
                            ORDER BY key DESC, revision DESC LIMIT 1) newest,
         LATERAL json_array_elements(CASE json_typeof(newest.body::json -> 'incidents')
                                     WHEN 'array' THEN newest.body::json -> 'incidents' ELSE '[]'::json END) i(body)
    LEFT JOIN LATERAL (SELECT j.at FROM monitoring_reports w JOIN audit_log j ON j.seq = w.audit_seq
                       WHERE w.use_case = n.name AND w.key = i.body ->> 'opened' ORDER BY w.revision LIMIT 1)
                       opened ON true
    LEFT JOIN LATERAL (SELECT j.at FROM monitoring_reports w JOIN audit_log j ON j.seq = w.audit_seq
                       WHERE w.use_case = n.name AND w.key = i.body ->> 'resolved' ORDER BY w.revision LIMIT 1)
                       resolved ON true
    WHERE n.name IS NOT NULL ORDER BY n.name, opened.at"""


def events_since(rows: Cursor, since: datetime) -> list[Event]:
    """Every fact, each kind in the order in which it was recorded."""
    found = [_decision(row) for row in rows.all(_DECISIONS, since, since, since)]
    found += [_quarantined(row) for row in rows.all(_QUARANTINED, since)]
    found += [_rollback(row) for row in rows.all(_ROLLBACKS, since)]
    found += [_failed(row) for row in rows.all(_FAILED, since)]
    found += [_bypass(row) for row in rows.all(_BYPASSES, since)]
    found += [_tracking(row) for row in rows.all(_TRACKING, since)]
    found += [_incident(row) for row in rows.all(_INCIDENTS) if row["at"] is not None]
    found += [_issue(row) for row in rows.all("SELECT * FROM current_issues WHERE over IS NULL OR over > %s", since)]
    return found


def _decision(row: dict[str, Any]) -> Event:
    page, about = f"decisions/{row['id']}", (row["use_case"], row["id"], row["at"])
    sentence = f"version {row['version']}: {row['sentence']}"
    if row["verdict"] == "BLOCK":
        return Event(AlertType.BLOCKED, *about, sentence, page)
    if row["answered"] is not None:
        said = "approved" if row["approved"] else "rejected"
        return Event(
            AlertType.REVIEW, *about, sentence, page, row["answered"], f"{said} by {row['actor']}: {row['reason']}"
        )
    over = None if row["current"] else row["moved"]
    return Event(
        AlertType.REVIEW, *about, sentence, page, over, "another champion serves now: nothing is left to answer"
    )


def _quarantined(row: dict[str, Any]) -> Event:
    name = f"{row['key']}.r{row['revision']}"
    over = min(filter(None, (row["over"], row["newer_at"])), default=None)
    ended = f"{row['event']} by {row['actor']}: {row['ended']}"
    if over is not None and over == row["newer_at"]:
        ended = f"another delivery has come: {row['key']}.r{row['newer']}"
    page = f"batches/{row['use_case']}/{name}"
    return Event(
        AlertType.DATA_FAULT, row["use_case"], name, row["at"], f"batch {name}: {row['reason']}", page, over, ended
    )


def _rollback(row: dict[str, Any]) -> Event:
    why = "an override expired" if row["kind"] == "expiry" else "the new champion lost its probation"
    sentence = f"version {row['version']} serves again because {why}: {row['reason']}"
    return Event(AlertType.ROLLBACK, row["use_case"], f"generation {row['generation']}", row["at"], sentence)


def _failed(row: dict[str, Any]) -> Event:
    sentence = f"request {row['id'][:8]}: {row['sentence']}"
    return Event(AlertType.TRAINING_FAILED, row["use_case"], row["id"], row["at"], sentence)


def _bypass(row: dict[str, Any]) -> Event:
    """A note of maintenance's: its subject is a use case, a version of one (`flights/v3`), or a decision, which its sentence
    begins with the use case of."""
    body, kind = row["body"], row["kind"]
    sentence = str(body.get("sentence") or "")
    whose = row["subject"].partition("/")[0] if kind in ("alias.drifted", "model.replaced") else ""
    whose = whose or sentence.partition(":")[0]
    if kind == "alias.drifted":
        sentence = (
            f"MLflow's alias champion pointed at version {body.get('found')}, the ledger's champion is "
            f"{body.get('expected')}: an unexplained promotion; the alias was pointed back"
        )
    page = f"decisions/{row['subject']}" if kind in ("promotion.not_applied", "review.not_requested") else ""
    return Event(AlertType.BYPASS, whose, f"entry {row['seq']}", row["at"], sentence, page)


def _tracking(row: dict[str, Any]) -> Event:
    return Event(
        AlertType.TRACKING, row["use_case"], f"MLflow {row['day']}", row["at"], str(row["body"].get("sentence", ""))
    )


def _incident(row: dict[str, Any]) -> Event:
    """What counts as a change of an incident: its columns, how much follows from it, and whether it pages. Its sentences
    have the newest batch's numbers in them, which differ each time."""
    body = row["body"]
    fingerprint = [sorted(body.get("columns") or ()), body.get("page"), len(body.get("consequences") or ())]
    follows = "; ".join(body.get("consequences") or ())
    sentence = f"{body.get('sentence', '')}{f' ({follows})' if follows else ''}"
    ended = f"batch {body.get('resolved')} shows it no more"
    detail = {"kind": body.get("kind"), "page": body.get("page", True), "fingerprint": fingerprint}
    return Event(
        AlertType.INCIDENT, row["use_case"], str(body.get("id")), row["at"], sentence, "", row["over"], ended, detail
    )


def _issue(row: dict[str, Any]) -> Event:
    detail = {"fingerprint": row["fingerprint"]}
    about = (row["use_case"], row["id"], row["at"], row["sentence"], "", row["over"], row["ended"])
    return Event(AlertType(row["kind"]), *about, detail)
