"""The values that travel between stages and the ledger: frozen, plain, without behaviour that touches the world."""

from __future__ import annotations

from gatehouse.core.types.decisions import (
    Champion,
    Decision,
    JournalEntry,
    ModelVersion,
    Override,
    Probation,
    Promotion,
    RuleResult,
)
from gatehouse.core.types.enums import BatchState, Outcome, PromotionKind, RequestState, Verdict
from gatehouse.core.types.manual import Backfill, Revalidation
from gatehouse.core.types.work import (
    Batch,
    BatchId,
    Candidate,
    Delivered,
    FileRef,
    Lease,
    Outcomes,
    Prediction,
    Reason,
    Request,
    TablePart,
    TrainingSet,
    WatchReport,
)

__all__ = [
    "Backfill",
    "Batch",
    "BatchId",
    "BatchState",
    "Candidate",
    "Champion",
    "Decision",
    "Delivered",
    "FileRef",
    "JournalEntry",
    "Lease",
    "ModelVersion",
    "Outcome",
    "Outcomes",
    "Override",
    "Prediction",
    "Probation",
    "Promotion",
    "PromotionKind",
    "Reason",
    "Request",
    "RequestState",
    "Revalidation",
    "RuleResult",
    "TablePart",
    "TrainingSet",
    "Verdict",
    "WatchReport",
]
