"""What comes after a batch: its outcomes, its predictions and its watch verdict."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from gatehouse.adapters.ledger.requests import open_or_join, reasons_of, request_of
from gatehouse.adapters.ledger.transaction import LedgerTransaction, attempt_transaction, file_ref
from gatehouse.core.rows.outcome_rows import OutcomeMatch
from gatehouse.core.types import BatchId, FencingLease, FileRef, MonitoringReport, Outcomes, Prediction, Request
from gatehouse.ports import Batches

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from gatehouse.adapters.ledger.connection import Cursor, Database


class OutcomesAndScores(Batches):
    """The part of `ports.Batches` that follows validation."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._watches: dict[BatchId, MonitoringReport] = {}

    def arrive(self, lease: FencingLease, outcomes: Outcomes) -> bool:
        with attempt_transaction(self._database, lease) as change:
            known = _outcomes(change.rows, outcomes.batch.use_case, "key = %s", outcomes.batch.key)
            if _delivered(known, outcomes):
                return False
            batch = outcomes.batch
            row = {
                "use_case": batch.use_case,
                "key": batch.key,
                "revision": len(known) + 1,
                "batch_revision": batch.revision,
                "arrived": outcomes.arrived,
                "file": outcomes.file,
                "report": outcomes.report,
                "quarantined": outcomes.quarantined,
                "match": outcomes.match.to_document() if outcomes.match is not None else None,
            }
            change.record("outcomes", "outcomes.arrived", str(batch), row)
            return True

    def outcomes(self, use_case: str, as_of: datetime) -> dict[str, Outcomes]:
        with self._database.transaction() as rows:
            found = _outcomes(rows, use_case, "arrived <= %s", as_of)
        return {outcomes.batch.key: outcomes for outcomes in found}

    def scored(self, lease: FencingLease, prediction: Prediction) -> None:
        row = {name: value for name, value in vars(prediction).items() if name != "batch"}
        with attempt_transaction(self._database, lease) as change:
            key, batch = vars(prediction.batch), str(prediction.batch)
            change.once("predictions", "batch.scored", batch, key, row, ("version", "sha256", "generation", "file"))

    def predictions(self, use_case: str) -> list[Prediction]:
        with self._database.transaction() as rows:
            found = rows.all(
                "SELECT use_case, key, revision, version, sha256, generation, file(file) AS file FROM predictions "
                "WHERE use_case = %s ORDER BY key, revision",
                use_case,
            )
        return [
            Prediction(_batch_id(row), row["version"], row["sha256"], row["generation"], FileRef(**row["file"]))
            for row in found
        ]

    def watched(self, lease: FencingLease, report: MonitoringReport, policy: Mapping[str, Any]) -> Request | None:
        batch, reasons = report.batch, [asdict(reason) for reason in report.reasons]
        row = {"as_of": report.as_of, "body": dict(report.body), "reasons": reasons, "policy": dict(policy)}
        with attempt_transaction(self._database, lease) as change:
            first = change.once("monitoring_reports", "batch.monitored", str(batch), vars(batch), row, same=())
            if first and reasons:
                open_or_join(change, batch.use_case, report.as_of, str(batch), reasons)
            return _request_by(change, batch)

    def watches(self, use_case: str) -> list[MonitoringReport]:
        """A verdict never changes, so what was read once is not read again: a history of n batches costs n bodies."""
        with self._database.transaction() as rows:
            there = rows.all(
                "SELECT key, revision FROM monitoring_reports WHERE use_case = %s ORDER BY key, revision", use_case
            )
            ids = [BatchId(use_case, row["key"], row["revision"]) for row in there]
            new = [batch for batch in ids if batch not in self._watches]
            if new:
                self._watches |= _watches(rows, new)
        return [self._watches[batch] for batch in ids]


def _watches(rows: Cursor, batches: Sequence[BatchId]) -> dict[BatchId, MonitoringReport]:
    found = rows.all(
        "SELECT use_case, key, revision, as_of, body::json, reasons::json FROM monitoring_reports "
        "WHERE use_case = %s AND key = ANY(%s)",
        batches[0].use_case,
        list({batch.key for batch in batches}),
    )
    reports = [MonitoringReport(_batch_id(row), row["as_of"], row["body"], reasons_of(row["reasons"])) for row in found]
    return {report.batch: report for report in reports}


def _delivered(known: Sequence[Outcomes], new: Outcomes) -> bool:
    """Whether these outcomes are the newest there are, or a delivery that was recorded before."""
    content = (new.batch, new.file, new.quarantined)
    same = [old for old in known if (old.batch, old.file, old.quarantined) == content]
    return any(old.arrived == new.arrived or old is known[-1] for old in same)


def _outcomes(rows: Cursor, use_case: str, condition: str, value: object) -> list[Outcomes]:
    """In the order of key and revision: the last one of a key is its newest."""
    found = rows.all(
        "SELECT key, revision, batch_revision, arrived, file(file) AS file, file(report) AS report, "
        "file(quarantined) AS quarantined, match::json AS match FROM outcomes "
        f"WHERE use_case = %s AND {condition} ORDER BY key, revision",
        use_case,
        value,
    )
    return [
        Outcomes(
            BatchId(use_case, row["key"], row["batch_revision"]),
            row["arrived"],
            FileRef(**row["file"]),
            row["revision"],
            file_ref(row["report"]),
            file_ref(row["quarantined"]),
            OutcomeMatch.from_document(row["match"]) if row["match"] else None,
        )
        for row in found
    ]


def _request_by(change: LedgerTransaction, batch: BatchId) -> Request | None:
    """The request that this batch's watch opened or joined."""
    found = change.rows.one(
        "SELECT id FROM retrain_requests WHERE use_case = %s AND opened_by = %s UNION "
        "SELECT request FROM request_events WHERE event = 'joined' AND actor = %s",
        batch.use_case,
        str(batch),
        str(batch),
    )
    return request_of(change.rows, found["id"]) if found else None


def _batch_id(row: Mapping[str, Any]) -> BatchId:
    return BatchId(row["use_case"], row["key"], row["revision"])
