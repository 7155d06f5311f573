"""The drift of a use case's newest batches, and where the profiles of one of them lie."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gatehouse.core.types import BatchId, FileRef

if TYPE_CHECKING:
    from gatehouse.adapters.ledger.connection import Database

_BATCHES = """
    SELECT w.key, w.revision, w.body::json -> 'drift' AS drift, w.body::json ->> 'champion' AS champion,
           w.body::json -> 'together' ->> 'sentence' AS together
    FROM monitoring_reports w WHERE w.use_case = %s ORDER BY w.key DESC, w.revision DESC LIMIT %s"""
# The same with one column only: a tenth of the text, so that a page may show all batches.
_COLUMN = """
    SELECT w.key, w.revision, w.body::json ->> 'champion' AS champion, NULL AS together,
           (SELECT json_agg(e) FROM json_array_elements(w.body::json -> 'drift') e WHERE e ->> 'column' = %s) AS drift
    FROM monitoring_reports w WHERE w.use_case = %s ORDER BY w.key DESC, w.revision DESC LIMIT %s"""
_ONE = """
    SELECT w.key, w.revision, w.body::json -> 'drift' AS drift, w.body::json ->> 'champion' AS champion,
           w.body::json -> 'together' ->> 'sentence' AS together
    FROM monitoring_reports w WHERE (w.use_case, w.key, w.revision) = (%s, %s, %s)"""
_FILES = """
    SELECT b.starts, file(m.reference) AS reference, file(p.file) AS scores,
           (SELECT file(a.profile) FROM batch_events a WHERE a.profile IS NOT NULL
            AND (a.use_case, a.key, a.revision) = (b.use_case, b.key, b.revision) ORDER BY a.audit_seq DESC LIMIT 1) AS profile
    FROM batches b
    LEFT JOIN model_versions m ON (m.use_case, m.version) = (b.use_case, %s)
    LEFT JOIN predictions p ON (p.use_case, p.key, p.revision) = (b.use_case, b.key, b.revision)
    WHERE (b.use_case, b.key, b.revision) = (%s, %s, %s)"""


@dataclass(frozen=True)
class BatchDrift:
    """What monitoring found in the columns of a batch; `champion` is the version whose reference it was compared with."""

    id: BatchId
    champion: int | None
    columns: tuple[dict[str, Any], ...]
    together: str

    @property
    def ref(self) -> str:
        return f"{self.id.key}.r{self.id.revision}"

    def column(self, name: str) -> dict[str, Any] | None:
        """The record of one column; None where the batch has none."""
        return next((each for each in self.columns if each["column"] == name), None)


@dataclass(frozen=True)
class DriftView:
    """`batches` are the newest monitored ones, newest first; `chosen` is one of them or an older one, None without any.
    The files are those of `chosen`: the reference, the batch's profile and its scores, None where it has none."""

    batches: tuple[BatchDrift, ...]
    chosen: BatchDrift | None
    starts: datetime | None = None
    reference: FileRef | None = None
    profile: FileRef | None = None
    scores: FileRef | None = None

    @property
    def names(self) -> list[str]:
        """Every column of these batches, in the order of the newest."""
        return list(dict.fromkeys(str(each["column"]) for batch in self.batches for each in batch.columns))


def drift_view(database: Database, use_case: str, batch: BatchId | None, shown: int, column: str = "") -> DriftView:
    """The newest `shown` monitored batches, and the chosen one: `batch`, or the newest whose columns were compared.
    With `column`, the newest batches have only that one."""
    with database.snapshot() as rows:
        found = rows.all(_COLUMN, column, use_case, shown) if column else rows.all(_BATCHES, use_case, shown)
        batches = tuple(_drift(use_case, row) for row in found)
        if batch is not None:
            one = rows.one(_ONE, use_case, batch.key, batch.revision)
            chosen = _drift(use_case, one) if one else None
        else:
            chosen = next((each for each in batches if each.columns), batches[0] if batches else None)
        if chosen is None:
            return DriftView(batches, None)
        files = rows.one(_FILES, chosen.champion, use_case, chosen.id.key, chosen.id.revision) or {}
    lake = {name: FileRef(**files[name]) if files.get(name) else None for name in ("reference", "profile", "scores")}
    return DriftView(batches, chosen, files.get("starts"), **lake)


def _drift(use_case: str, row: dict[str, Any]) -> BatchDrift:
    champion = row["champion"]
    columns = tuple(each for each in row["drift"] or () if isinstance(each, dict) and "column" in each)
    return BatchDrift(
        BatchId(use_case, row["key"], row["revision"]),
        int(champion) if champion and champion.isdecimal() else None,
        columns,
        row["together"] or "",
    )
