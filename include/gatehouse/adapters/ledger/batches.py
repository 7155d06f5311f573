"""Batches: how they land, are validated, released or discarded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gatehouse.adapters.ledger import deliveries
from gatehouse.adapters.ledger.outcomes import OutcomesAndScores
from gatehouse.adapters.ledger.transaction import LedgerTransaction, attempt_transaction, file_ref, person_transaction
from gatehouse.core.audit.canonical_json import digest
from gatehouse.core.contract.batch_calendar import Interval
from gatehouse.core.types import Batch, BatchId, BatchState, Delivered, FencingLease, FileRef, TableFiles
from gatehouse.errors import NotAllowedError, RecordNotFoundError

if TYPE_CHECKING:
    from gatehouse.adapters.ledger.connection import Cursor, Database

Parts = Mapping[str, tuple[FileRef, FileRef]]

_BATCHES = """
    SELECT b.use_case, b.key, b.revision, b.starts, b.ends, b.content, b.state, b.reason, file(b.report) AS report,
           (SELECT file(a.profile) FROM batch_events a WHERE (a.use_case, a.key, a.revision) = (b.use_case, b.key, b.revision)
            AND a.profile IS NOT NULL ORDER BY a.audit_seq DESC LIMIT 1) AS profile,
           (SELECT j.body::json ->> 'unreadable' FROM audit_log j WHERE j.seq = b.audit_seq AND EXISTS (
                SELECT FROM batch_tables t JOIN files f ON f.path = t.source WHERE f.rows IS NULL
                AND (t.use_case, t.key, t.revision) = (b.use_case, b.key, b.revision))) AS unreadable,
           (SELECT json_object_agg(t.name, json_build_object('source', file(t.source), 'accepted', file(p.accepted),
                                                             'quarantined', file(p.quarantined)) ORDER BY t.name)
            FROM batch_tables t LEFT JOIN batch_table_results p USING (use_case, key, revision, name)
            WHERE (t.use_case, t.key, t.revision) = (b.use_case, b.key, b.revision)) AS tables
    FROM current_batches b"""


class PostgresBatches(OutcomesAndScores):
    """`ports.Batches` on the tables `batches`, `batch_*`, `outcomes`, `predictions` and `monitoring_reports`."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)

    def land(
        self,
        lease: FencingLease,
        use_case: str,
        key: str,
        interval: Interval,
        tables: Mapping[str, FileRef],
        unreadable: str = "",
        fingerprint: str | None = None,
    ) -> Batch:
        content = digest({name: file.sha256 for name, file in tables.items()})
        with attempt_transaction(self._database, lease) as change:
            known = change.rows.all(
                "SELECT revision, content FROM batches WHERE use_case = %s AND key = %s", use_case, key
            )
            same = [row["revision"] for row in known if row["content"] == content]
            batch = BatchId(use_case, key, same[0] if same else len(known) + 1)
            if not same:
                _land(change, batch, interval, content, tables, unreadable)
            deliveries.note_read(change, batch, fingerprint)
            found = _get(change.rows, batch)
            if found.state is not BatchState.LANDED:  # until then it may be the same landing, cut off and done again
                _note_repeated(change, batch, content)
            return found

    def refuse(self, lease: FencingLease, use_case: str, key: str, reason: str) -> None:
        with attempt_transaction(self._database, lease) as change:
            deliveries.note_refused(change, f"{use_case}/{key}", reason)

    def deliveries(self, use_case: str) -> dict[str, Delivered]:
        with self._database.transaction() as rows:
            return deliveries.newest(rows, use_case)

    def get(self, batch: BatchId) -> Batch:
        with self._database.transaction() as rows:
            return _get(rows, batch)

    def accept(
        self, lease: FencingLease, batch: BatchId, parts: Parts, report: FileRef, profile: FileRef | None = None
    ) -> None:
        with attempt_transaction(self._database, lease) as change:
            require(change, batch, "accepted", after=BatchState.LANDED)
            settle(change, batch, "accepted", "", report, parts, profile)

    def quarantine(self, lease: FencingLease, batch: BatchId, reason: str, report: FileRef) -> None:
        with attempt_transaction(self._database, lease) as change:
            require(change, batch, "quarantined", after=BatchState.LANDED)
            settle(change, batch, "quarantined", reason, report, {})

    def release(self, batch: BatchId, actor: str, reason: str, parts: Parts, profile: FileRef | None = None) -> None:
        with person_transaction(self._database, actor, reason) as change:
            require(change, batch, "released", after=BatchState.QUARANTINED)
            settle(change, batch, "released", reason, None, parts, profile)

    def discard(self, batch: BatchId, actor: str, reason: str) -> None:
        with person_transaction(self._database, actor, reason) as change:
            require(change, batch, "discarded", after=BatchState.QUARANTINED)
            settle(change, batch, "discarded", reason, None, {})

    def list(self, use_case: str) -> list[Batch]:
        with self._database.transaction() as rows:
            return [_batch(row) for row in rows.all(f"{_BATCHES} WHERE use_case = %s ORDER BY key, revision", use_case)]


def _note_repeated(change: LedgerTransaction, batch: BatchId, content: str) -> None:
    noted = change.rows.one("SELECT seq FROM audit_log WHERE kind = 'batch.repeated' AND subject = %s", str(batch))
    if noted is None:
        change.append("batch.repeated", str(batch), {"content": content})


def _land(
    change: LedgerTransaction,
    batch: BatchId,
    interval: Interval,
    content: str,
    tables: Mapping[str, FileRef],
    unreadable: str,
) -> None:
    row = {**vars(batch), "starts": interval.start, "ends": interval.end, "content": content}
    why = {"unreadable": unreadable} if unreadable else {}
    files = {name: vars(file) for name, file in tables.items()}
    change.record("batches", "batch.landed", str(batch), row, tables=files, **why)
    for name, file in tables.items():
        change.insert("batch_tables", {**vars(batch), "name": name, "source": file})


def require(change: LedgerTransaction, batch: BatchId, act: str, after: BatchState) -> None:
    """Refuse an act that the batch's state does not allow; the very act that brought it there may be repeated."""
    state = _get(change.rows, batch).state
    done = change.rows.one(
        "SELECT event FROM batch_events WHERE (use_case, key, revision, event) = (%s, %s, %s, %s)",
        *vars(batch).values(),
        act,
    )
    if state is not after and done is None:
        raise NotAllowedError(f"batch {batch} is {state}; only a {after} batch can be {act}")


def settle(
    change: LedgerTransaction,
    batch: BatchId,
    act: str,
    reason: str,
    report: FileRef | None,
    parts: Parts,
    profile: FileRef | None = None,
) -> None:
    """Record an act. Its content is the parts' hashes: the same act again must bring the same rows."""
    files = {name: (vars(accepted), vars(quarantined)) for name, (accepted, quarantined) in parts.items()}
    content = digest({name: (accepted.sha256, quarantined.sha256) for name, (accepted, quarantined) in parts.items()})
    key = {**vars(batch), "event": act}
    row = {"actor": change.actor, "reason": reason, "content": content, "report": report}
    row |= {"profile": profile} if profile else {}
    same = ("content", "reason") if report else ("content", "reason", "actor")
    if change.once("batch_events", f"batch.{act}", str(batch), key, row, same, parts=files):
        for name, (accepted, quarantined) in parts.items():
            part = {**vars(batch), "name": name, "accepted": accepted, "quarantined": quarantined}
            change.insert("batch_table_results", part)


def _get(rows: Cursor, batch: BatchId) -> Batch:
    found = rows.one(f"{_BATCHES} WHERE (use_case, key, revision) = (%s, %s, %s)", *vars(batch).values())
    if found is None:
        raise RecordNotFoundError(f"the ledger holds no batch {batch}")
    return _batch(found)


def _batch(row: dict[str, Any]) -> Batch:
    return Batch(
        BatchId(row["use_case"], row["key"], row["revision"]),
        Interval(row["starts"], row["ends"]),
        BatchState(row["state"]),
        row["content"],
        {name: _part(files) for name, files in (row["tables"] or {}).items()},
        row["reason"],
        file_ref(row["report"]),
        file_ref(row["profile"]),
        row["unreadable"] or "",
    )


def _part(files: dict[str, Any]) -> TableFiles:
    return TableFiles(FileRef(**files["source"]), file_ref(files["accepted"]), file_ref(files["quarantined"]))
