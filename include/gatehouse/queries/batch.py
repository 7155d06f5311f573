"""One batch: its revisions, acts, tables, score, watch verdict, and the decisions it took part in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gatehouse.core.rows.outcome_rows import OutcomeMatch, describe
from gatehouse.core.types import BatchId, FileRef
from gatehouse.errors import RecordNotFoundError

if TYPE_CHECKING:
    from gatehouse.adapters.ledger.connection import Database

LINES = 60
OUTCOMES = "outcomes"

_BATCH = "SELECT *, file(report) AS report_file FROM current_batches WHERE (use_case, key, revision) = (%s, %s, %s)"
_TABLES = """
    SELECT t.name, file(t.source) AS source, file(p.accepted) AS accepted, file(p.quarantined) AS quarantined
    FROM batch_tables t LEFT JOIN batch_table_results p USING (use_case, key, revision, name)
    WHERE (t.use_case, t.key, t.revision) = (%s, %s, %s) ORDER BY t.name"""
_ACTS = """
    SELECT a.event, a.actor, a.reason, j.at FROM batch_events a JOIN audit_log j ON j.seq = a.audit_seq
    WHERE (a.use_case, a.key, a.revision) = (%s, %s, %s) ORDER BY a.audit_seq"""
_WATCH = """
    SELECT w.body::json AS body, w.reasons::json AS reasons, p.version, f.rows
    FROM (SELECT %s AS use_case, %s AS key, %s AS revision) b
    LEFT JOIN monitoring_reports w USING (use_case, key, revision) LEFT JOIN predictions p USING (use_case, key, revision)
    LEFT JOIN files f ON f.path = p.file"""
_OUTCOMES = """
    SELECT o.arrived, o.revision, o.match::json AS match, file(o.file) AS file, file(o.quarantined) AS quarantined
    FROM outcomes o WHERE (o.use_case, o.key, o.batch_revision) = (%s, %s, %s) ORDER BY o.revision DESC LIMIT 1"""
_DECISIONS = """
    SELECT d.id, d.version, d.verdict, d.sentence, t.part FROM training_set_batches t
    JOIN model_versions m ON m.request = t.request JOIN decisions d ON (d.use_case, d.version) = (m.use_case, m.version)
    WHERE (t.use_case, t.key, t.revision) = (%s, %s, %s) ORDER BY d.audit_seq DESC LIMIT 20"""


@dataclass(frozen=True)
class BatchView:
    """What the page of a batch shows besides the rows, which lie in the lake. A table's files are FileRef or None."""

    id: BatchId
    row: dict[str, Any]
    tables: list[dict[str, Any]]
    acts: list[dict[str, Any]]
    revisions: list[int]
    watch: dict[str, Any]
    outcomes: dict[str, Any] | None
    decisions: list[dict[str, Any]]
    audit_log: list[dict[str, Any]]

    @property
    def report(self) -> FileRef | None:
        return FileRef(**self.row["report_file"]) if self.row["report_file"] else None

    @property
    def why(self) -> str:
        """Why it is where it is, where no reason is on record for that; empty where one is."""
        if self.row["reason"]:
            return ""
        if self.row["state"] != "accepted":
            return "It waits for validation against its contract."
        kept = sum(each["quarantined"].rows or 0 for each in self.tables if each["quarantined"])
        if not kept:
            return "Every row satisfies its contract."
        rows = sum(each["accepted"].rows or 0 for each in self.tables if each["accepted"])
        return (
            f"{kept:,} of {kept + rows:,} rows broke the contract and went into quarantine. The others were accepted."
        )

    @property
    def quarantined_outcomes(self) -> list[dict[str, Any]]:
        """The outcomes as one more table, where some of them are in quarantine."""
        file = self.outcomes["quarantined"] if self.outcomes else None
        return [{"name": OUTCOMES, "source": None, "accepted": None, "quarantined": file}] if file else []

    def file(self, table: str) -> FileRef | None:
        """The rows that a table has in quarantine: its bad rows, or all that was delivered when the batch waits whole; None
        when no row of it can be read."""
        for each in [*self.tables, *self.quarantined_outcomes]:
            if each["name"] == table:
                source = each["source"] if self.row["state"] != "accepted" else None
                return each["quarantined"] or (source if source and source.rows is not None else None)
        return None


def batch_view(database: Database, batch: BatchId) -> BatchView:
    """One revision of a batch; RecordNotFoundError when the ledger holds none."""
    about = (batch.use_case, batch.key, batch.revision)
    with database.snapshot() as rows:
        row = rows.one(_BATCH, *about)
        if row is None:
            raise RecordNotFoundError(f"the ledger holds no batch {str(batch)[:100]!r}")
        tables = [{name: _file(value) for name, value in table.items()} for table in rows.all(_TABLES, *about)]
        revisions = rows.all(
            "SELECT revision FROM batches WHERE (use_case, key) = (%s, %s) ORDER BY 1 DESC LIMIT 20", *about[:2]
        )
        audit_log = "SELECT seq, kind, subject, actor, at FROM audit_log WHERE subject = %s ORDER BY seq LIMIT %s"
        return BatchView(
            id=batch,
            row=row,
            tables=tables,
            acts=rows.all(_ACTS, *about),
            revisions=[each["revision"] for each in revisions],
            watch=rows.one(_WATCH, *about) or {},
            outcomes=_outcomes(rows.one(_OUTCOMES, *about)),
            decisions=rows.all(_DECISIONS, *about),
            audit_log=rows.all(audit_log, str(batch), LINES),
        )


def _outcomes(row: dict[str, Any] | None) -> dict[str, Any] | None:
    """The newest outcomes of a batch, with a sentence about those that do not fit its rows."""
    if row is None:
        return None
    match = OutcomeMatch.from_document(row["match"]) if row["match"] else None
    files = {name: FileRef(**row[name]) if row[name] else None for name in ("file", "quarantined")}
    return {**row, **files, "match": match, "sentence": describe(match) if match else ""}


def _file(value: Any) -> Any:
    return FileRef(**value) if isinstance(value, dict) else value
