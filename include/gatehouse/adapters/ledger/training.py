"""What a retrain run records: its training set and its candidates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gatehouse.adapters.ledger.transaction import attempt_transaction, file_ref
from gatehouse.core.audit.canonical_json import number_in
from gatehouse.core.types import BatchId, Candidate, FencingLease, FileRef, TrainingSet
from gatehouse.errors import RecordNotFoundError
from gatehouse.ports import Requests

if TYPE_CHECKING:
    from gatehouse.adapters.ledger.connection import Cursor, Database


class TrainingRecords(Requests):
    """The part of `ports.Requests` that a retrain run writes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record_training_set(self, lease: FencingLease, training_set: TrainingSet) -> None:
        row = {name: getattr(training_set, name) for name in ("sha256", "training", "holdout", "report", "model_code")}
        parts = {"training": training_set.training_batches, "holdout": training_set.holdout_batches}
        told = {part: [str(batch) for batch in batches] for part, batches in parts.items()}
        request, same = training_set.request, ("sha256", "training", "holdout")
        with attempt_transaction(self._database, lease) as change:
            key = {"request": request}
            if change.once("training_sets", "training_set.recorded", request, key, row, same, batches=told):
                for part, batches in parts.items():
                    for batch in batches:
                        change.insert("training_set_batches", {"request": request, "part": part, **vars(batch)})

    def training_set(self, request: str) -> TrainingSet:
        with self._database.transaction() as rows:
            row = rows.one(
                "SELECT sha256, file(training) AS training, file(holdout) AS holdout, file(report) AS report, model_code "
                "FROM training_sets WHERE request = %s",
                request,
            )
            if row is None:
                raise RecordNotFoundError(f"the ledger holds no training set of request {request}")
            training, holdout = (_batches(rows, request, part) for part in ("training", "holdout"))
        files = FileRef(**row["training"]), FileRef(**row["holdout"])
        return TrainingSet(
            row["sha256"], request, *files, training, holdout, file_ref(row["report"]), row["model_code"]
        )

    def record_candidate(self, lease: FencingLease, candidate: Candidate) -> None:
        key = {"request": candidate.request, "name": candidate.name}
        row = {
            "metrics": dict(candidate.metrics),
            "file": candidate.file,
            "run_id": candidate.run_id,
            "reason": candidate.reason,
        }
        with attempt_transaction(self._database, lease) as change:
            subject = f"{candidate.request}/{candidate.name}"
            change.once("candidates", "candidate.recorded", subject, key, row, same=("file",))

    def candidates(self, request: str) -> list[Candidate]:
        with self._database.transaction() as rows:
            found = rows.all(
                "SELECT name, metrics::json AS metrics, file(file) AS file, run_id, reason FROM candidates "
                "WHERE request = %s ORDER BY name",
                request,
            )
        return [
            Candidate(
                request, row["name"], _metrics(row["metrics"]), file_ref(row["file"]), row["run_id"], row["reason"]
            )
            for row in found
        ]


def _metrics(document: dict[str, Any]) -> dict[str, float]:
    """Each metric; NaN where it was undefined."""
    return {name: number_in(value) for name, value in document.items()}


def _batches(rows: Cursor, request: str, part: str) -> tuple[BatchId, ...]:
    found = rows.all(
        "SELECT use_case, key, revision FROM training_set_batches WHERE request = %s AND part = %s "
        "ORDER BY key, revision",
        request,
        part,
    )
    return tuple(BatchId(**row) for row in found)
