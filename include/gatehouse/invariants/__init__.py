"""The design's invariants as questions to the ledger, the lake and MLflow: `gatehouse audit verify`.

I11 (no secret anywhere) and I12 (the same state after a crash) are not states of the ledger; tests guard them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatehouse.adapters.ledger.connection import Database
from gatehouse.invariants import anchored, audit_log_integrity, batches, champions, labels, performance, requests
from gatehouse.invariants.result import InvariantContext, InvariantResult

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gatehouse.core.audit.anchors import AnchorEvidence
    from gatehouse.ports import Lake, Tracking
    from gatehouse.use_case import UseCase

__all__ = ["INVARIANTS", "InvariantResult", "run"]

INVARIANTS: dict[str, tuple[str, Callable[[InvariantContext], None]]] = {
    "I1": ("At most one champion per use case; its generation rises by one with each change", champions.one_champion),
    "I2": ("No champion without a decision, an approved review or a person's reason", champions.justified_champion),
    "I3": ("Every source row is in exactly one of accepted or quarantined", batches.rows_conserved),
    "I4": ("Running anything again changes nothing: no content is on record twice", audit_log_integrity.no_duplicates),
    "I5": (
        "A scored batch carries one (version, sha256, generation), and the bytes are those recorded",
        batches.one_model_per_batch,
    ),
    "I6": (
        "The audit log is gap-free and hash-chained, and each change has exactly one entry",
        audit_log_integrity.audit_log_intact,
    ),
    "I7": ("No stale attempt has committed", audit_log_integrity.no_stale_attempt),
    "I8": ("No batch and no retrain request is lost", requests.no_lost_work),
    "I9": (
        "Training rows come from accepted batches; no model is judged on rows that it was trained on",
        requests.no_leakage,
    ),
    "I10": ("MLflow's alias champion mirrors the ledger", champions.mlflow_alias_matches),
    "I13": ("Each row of a training set or holdout has its own label", labels.own_labels),
    "I14": (
        "No champion is worse than no skill, or below the level asked for, for more than two batches without an incident",
        performance.no_silent_champion,
    ),
    "I15": ("The audit log leads to every signed anchor outside the database", anchored.anchored_log),
}


def run(
    ledger_url: str,
    lake: Lake,
    tracking: Tracking | None,
    use_cases: Mapping[str, UseCase] | None = None,
    anchors: AnchorEvidence | None = None,
) -> list[InvariantResult]:
    """Examine every invariant against one moment of the ledger; labels are derived again for these use cases."""
    database = Database(ledger_url)
    try:
        with database.snapshot() as rows:
            return [
                examine(name, InvariantContext(rows, lake, tracking, use_cases or {}, anchors)) for name in INVARIANTS
            ]
    finally:
        database.close()


def examine(name: str, look: InvariantContext) -> InvariantResult:
    sentence, examine = INVARIANTS[name]
    examine(look)
    return InvariantResult(name, not look.breaches, sentence, look.rows, tuple(look.breaches), tuple(look.notes))
