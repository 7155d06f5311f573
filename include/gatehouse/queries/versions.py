"""Versions of a use case's model side by side: where each came from, how good it was, and what it did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gatehouse.core.types import FileRef

if TYPE_CHECKING:
    from gatehouse.adapters.ledger.connection import Database

_VERSIONS = """
    SELECT m.version, m.candidate, m.trained_until, m.sha256, m.run_id, file(m.reference) AS reference,
           c.metrics::json AS metrics, d.id AS decision, d.verdict, file(t.training) AS training,
           (SELECT count(*) FROM predictions p WHERE (p.use_case, p.version) = (m.use_case, m.version)) AS served
    FROM model_versions m
    JOIN candidates c ON (c.request, c.name) = (m.request, m.candidate)
    LEFT JOIN training_sets t ON t.request = m.request
    LEFT JOIN LATERAL (SELECT id, verdict FROM decisions x WHERE (x.use_case, x.version) = (m.use_case, m.version)
                       ORDER BY audit_seq DESC LIMIT 1) d ON true
    WHERE m.use_case = %s AND m.version = ANY(%s)"""
_KNOWN = "SELECT version FROM model_versions WHERE use_case = %s ORDER BY version DESC LIMIT 200"


@dataclass(frozen=True)
class VersionFacts:
    """One version. `metrics` are those inside its training window; `served` counts the batches that it scored; the decision
    is the newest on it (empty for none)."""

    version: int
    candidate: str
    trained_until: datetime
    sha256: str
    run_id: str
    metrics: dict[str, float]
    training_rows: int
    decision: str
    verdict: str
    served: int
    reference: FileRef


def versions_of(database: Database, use_case: str, wanted: Sequence[int]) -> tuple[list[int], dict[int, VersionFacts]]:
    """The newest versions that there are, and the facts of the wanted ones."""
    with database.snapshot() as rows:
        known = [row["version"] for row in rows.all(_KNOWN, use_case)]
        found = rows.all(_VERSIONS, use_case, list(wanted))
    return known, {row["version"]: _facts(row) for row in found}


def _facts(row: dict[str, Any]) -> VersionFacts:
    return VersionFacts(
        version=row["version"],
        candidate=row["candidate"],
        trained_until=row["trained_until"],
        sha256=row["sha256"],
        run_id=row["run_id"],
        metrics=row["metrics"] or {},
        training_rows=(row["training"] or {}).get("rows") or 0,
        decision=row["decision"] or "",
        verdict=row["verdict"] or "",
        served=row["served"],
        reference=FileRef(**row["reference"]),
    )
