"""The values that travel between stages and the ledger: frozen, plain, without behaviour that touches the world."""

from __future__ import annotations

from gatehouse.core.types.decisions import (
    AuditEntry,
    Champion,
    Decision,
    ModelVersion,
    Override,
    Probation,
    Promotion,
    RuleResult,
)
from gatehouse.core.types.enums import BatchState, PromotionKind, RequestState, RuleOutcome, Verdict
from gatehouse.core.types.manual import Backfill, Revalidation
from gatehouse.core.types.work import (
    Batch,
    BatchId,
    Candidate,
    Delivered,
    FencingLease,
    FileRef,
    MonitoringReport,
    Outcomes,
    Prediction,
    Reason,
    Request,
    TableFiles,
    TrainingSet,
)

__all__ = [
    "AuditEntry",
    "Backfill",
    "Batch",
    "BatchId",
    "BatchState",
    "Candidate",
    "Champion",
    "Decision",
    "Delivered",
    "FencingLease",
    "FileRef",
    "ModelVersion",
    "MonitoringReport",
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
    "RuleOutcome",
    "RuleResult",
    "TableFiles",
    "TrainingSet",
    "Verdict",
]
