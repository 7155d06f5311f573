"""Batches checked again under a changed contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gatehouse.adapters.ledger.batches import Parts, require, settle
from gatehouse.adapters.ledger.transaction import person_transaction
from gatehouse.core.types import BatchId, BatchState, FileRef, Revalidation
from gatehouse.ports import Revalidations

if TYPE_CHECKING:
    from gatehouse.adapters.ledger.connection import Database

_RECORDED = """
    SELECT use_case, key, revision, contract, state, verdict, found, counts::json AS counts, file(report) AS report,
           actor, reason FROM revalidations WHERE use_case = %s AND (%s::text IS NULL OR (key, revision) = (%s, %s))
    ORDER BY audit_seq"""


class PostgresRevalidations(Revalidations):
    """`ports.Revalidations` on the table `revalidations`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, checked: Revalidation, parts: Parts | None = None, profile: FileRef | None = None) -> Revalidation:
        batch = checked.batch
        key = {**vars(batch), "contract": checked.contract, "report": checked.report}
        counts = {name: list(pair) for name, pair in checked.counts.items()}
        row = {
            "state": checked.state, "verdict": checked.verdict, "found": checked.found, "counts": counts,
            "actor": checked.actor, "reason": checked.reason,
        }  # fmt: skip
        with person_transaction(self._database, checked.actor, checked.reason) as change:
            before = change.rows.one(
                "SELECT audit_seq FROM revalidations WHERE (use_case, key, revision, contract, report) = (%s, %s, %s, %s, %s)",
                *vars(batch).values(), checked.contract, checked.report.path,
            )  # fmt: skip
            if before is None:
                change.record("revalidations", "batch.revalidated", str(batch), {**key, **row})
                if parts is not None:
                    require(change, batch, "released", after=BatchState.QUARANTINED)
                    settle(change, batch, "released", checked.reason, checked.report, parts, profile)
        return next(
            each
            for each in self.list(batch.use_case, batch)
            if (each.contract, each.report) == (checked.contract, checked.report)
        )

    def list(self, use_case: str, batch: BatchId | None = None) -> list[Revalidation]:
        about = (batch.key, batch.key, batch.revision) if batch else (None, None, None)
        with self._database.transaction() as rows:
            return [_revalidation(row) for row in rows.all(_RECORDED, use_case, *about)]


def _revalidation(row: dict[str, Any]) -> Revalidation:
    counts: Mapping[str, Any] = row["counts"]
    return Revalidation(
        batch=BatchId(row["use_case"], row["key"], row["revision"]),
        counts={name: (accepted, quarantined) for name, (accepted, quarantined) in counts.items()},
        report=FileRef(**row["report"]),
        **{name: row[name] for name in ("contract", "state", "verdict", "found", "actor", "reason")},
    )
