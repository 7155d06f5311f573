"""The ledger's facts that measures and health are computed from: a few rows a use case, in one snapshot.

Ages are differences of the ledger's own clock, in seconds: a scraper's clock plays no part.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gatehouse.adapters.ledger.connection import Database

_BATCHES = """
    SELECT b.use_case,
           count(*) FILTER (WHERE b.state = 'landed') AS landed,
           count(*) FILTER (WHERE b.state = 'accepted') AS accepted,
           count(*) FILTER (WHERE b.state = 'quarantined') AS quarantined,
           count(*) FILTER (WHERE b.state = 'discarded') AS discarded,
           count(*) FILTER (WHERE b.waits) AS waiting,
           count(*) FILTER (WHERE b.state = 'quarantined' AND b.newest) AS held,
           extract(epoch FROM clock_timestamp() - max(made.at))::float AS newest_age,
           extract(epoch FROM clock_timestamp() - min(moved.at) FILTER (WHERE b.waits))::float AS waiting_age,
           extract(epoch FROM clock_timestamp() - min(moved.at)
               FILTER (WHERE b.state = 'quarantined' AND b.newest))::float AS held_age
    FROM (SELECT n.*, n.state = 'landed' OR (n.state = 'accepted' AND n.newest AND NOT EXISTS (
                     SELECT FROM monitoring_reports w
                     WHERE (w.use_case, w.key, w.revision) = (n.use_case, n.key, n.revision))) AS waits
          FROM (SELECT x.*, revision = max(revision) OVER (PARTITION BY use_case, key) AS newest FROM current_batches x) n) b
    JOIN audit_log made ON made.seq = b.audit_seq JOIN audit_log moved ON moved.seq = b.last_audit_seq
    GROUP BY b.use_case"""
_ROWS = """
    SELECT p.use_case, sum(a.rows)::float AS accepted, sum(q.rows)::float AS quarantined
    FROM batch_table_results p JOIN files a ON a.path = p.accepted JOIN files q ON q.path = p.quarantined GROUP BY p.use_case"""
_WATCHES = """
    SELECT w.use_case, coalesce(json_array_length(found.alarms), 0) AS alarms, found.incidents
    FROM (SELECT DISTINCT ON (use_case) use_case, body FROM monitoring_reports ORDER BY use_case, key DESC, revision DESC) w
    LEFT JOIN LATERAL json_to_record(w.body::json) AS found(alarms json, incidents json) ON true"""
_DECISIONS = "SELECT use_case, verdict, count(*) AS count FROM decisions GROUP BY 1, 2"
_REVIEWS = """
    SELECT d.use_case, count(*) AS waiting, extract(epoch FROM clock_timestamp() - min(j.at))::float AS age
    FROM decisions d JOIN audit_log j ON j.seq = d.audit_seq LEFT JOIN current_champions now ON now.use_case = d.use_case
    WHERE d.verdict = 'REVIEW' AND (d.generation = coalesce(now.generation, 0) OR d.version = now.version)
    AND NOT EXISTS (SELECT FROM review_responses WHERE decision = d.id) GROUP BY 1"""
_CHAMPIONS = """
    SELECT c.use_case, c.version, c.generation, extract(epoch FROM clock_timestamp() - j.at)::float AS age,
           extract(epoch FROM clock_timestamp() - m.trained_until)::float AS data_age
    FROM current_champions c JOIN champion_changes p USING (use_case, generation) JOIN audit_log j ON j.seq = p.audit_seq
    JOIN model_versions m ON (m.use_case, m.version) = (c.use_case, c.version)"""
_REQUESTS = """
    SELECT r.use_case, r.state, count(*) AS count, extract(epoch FROM clock_timestamp() - min(j.at))::float AS age
    FROM retrain_requests r JOIN audit_log j ON j.seq = r.audit_seq GROUP BY 1, 2"""
# A stage's seconds: from the moment the attempt at it entered to the audit log entry that it wrote. An attempt that entered
# again after it was done (a repeated task) tells nothing and is left out.
_STAGES = """
    SELECT DISTINCT ON (done.use_case, done.stage) done.use_case, done.stage,
           extract(epoch FROM j.at - a.started_at)::float AS seconds
    FROM (SELECT use_case, 'land' AS stage, audit_seq, use_case || '/' || key || '/land' AS task_key FROM batches
          UNION ALL SELECT use_case, 'validate', audit_seq, batch_name(use_case, key, revision) || '/validate' FROM batch_events
              WHERE event IN ('accepted', 'quarantined')
          UNION ALL SELECT use_case, 'score', audit_seq, batch_name(use_case, key, revision) || '/score' FROM predictions
          UNION ALL SELECT use_case, 'watch', audit_seq, batch_name(use_case, key, revision) || '/watch' FROM monitoring_reports
          UNION ALL SELECT r.use_case, 'gather', t.audit_seq, r.use_case || '/' || r.id || '/gather'
              FROM training_sets t JOIN retrain_requests r ON r.id = t.request
          UNION ALL SELECT r.use_case, 'fit', c.audit_seq, r.use_case || '/' || r.id || '/fit/' || c.name
              FROM candidates c JOIN retrain_requests r ON r.id = c.request
          UNION ALL SELECT use_case, 'choose', audit_seq, use_case || '/' || request || '/choose' FROM model_versions
          UNION ALL SELECT d.use_case, 'judge', d.audit_seq, d.use_case || '/' || m.request || '/judge'
              FROM decisions d JOIN model_versions m USING (use_case, version)) done
    JOIN task_attempts a USING (task_key) JOIN audit_log j ON j.seq = done.audit_seq
    WHERE j.at >= a.started_at ORDER BY done.use_case, done.stage, done.audit_seq DESC"""
_LEDGER = """
    WITH ages AS (
        SELECT task_key, extract(epoch FROM clock_timestamp() - started_at)::float AS age FROM task_attempts
        WHERE task_key = ANY(%s))
    SELECT (SELECT max(seq) FROM audit_log) AS entries,
           (SELECT extract(epoch FROM clock_timestamp() - at)::float FROM audit_log WHERE seq = 1) AS age,
           (SELECT age FROM ages WHERE task_key = %s) AS upkeep_age,
           (SELECT age FROM ages WHERE task_key = %s) AS ended_age"""
_NEWEST_FILE = """
    SELECT f.path, f.sha256, f.size, f.rows FROM batch_tables t JOIN files f ON f.path = t.source
    JOIN batches b USING (use_case, key, revision) ORDER BY b.audit_seq DESC LIMIT 1"""

MAINTENANCE = "gatehouse/upkeep/succeeded"  # the work that maintenance enters when it has found nothing wrong
ENDED = "gatehouse/maintenance/ended"  # the work that it enters when it came to its end, whatever it found


@dataclass(frozen=True)
class LedgerSnapshot:
    """Rows by table, each a dict with its `use_case`. `ledger` has the audit log's entries and age in seconds, and how long
    ago maintenance last succeeded (None: never); `newest_file` is the lake's file of the newest batch (None: no batch yet)."""

    batches: list[dict[str, Any]] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    watches: list[dict[str, Any]] = field(default_factory=list)
    decisions: list[dict[str, Any]] = field(default_factory=list)
    reviews: list[dict[str, Any]] = field(default_factory=list)
    champions: list[dict[str, Any]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    stages: list[dict[str, Any]] = field(default_factory=list)
    ledger: dict[str, Any] = field(default_factory=dict)
    newest_file: dict[str, Any] | None = None


def read_facts(database: Database) -> LedgerSnapshot:
    """The facts of all use cases at one moment."""
    with database.snapshot() as rows:
        return LedgerSnapshot(
            batches=rows.all(_BATCHES),
            rows=rows.all(_ROWS),
            watches=rows.all(_WATCHES),
            decisions=rows.all(_DECISIONS),
            reviews=rows.all(_REVIEWS),
            champions=rows.all(_CHAMPIONS),
            requests=rows.all(_REQUESTS),
            stages=rows.all(_STAGES),
            ledger=rows.one(_LEDGER, [MAINTENANCE, ENDED], MAINTENANCE, ENDED) or {},
            newest_file=rows.one(_NEWEST_FILE),
        )
