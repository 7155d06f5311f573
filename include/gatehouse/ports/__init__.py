"""The ports: what the stages ask of the world. Adapters implement them; the tests' fakes subclass them.

Every method that changes the ledger takes the lease of the attempt and refuses a stale one (StaleAttemptError),
writes its audit log entry in the same transaction, and is idempotent: the same call again changes nothing.
"""

from __future__ import annotations

from gatehouse.ports.code import CodeProcess
from gatehouse.ports.data import (
    Checker,
    CheckResult,
    ExpectationFinding,
    Lake,
    PartsDifferError,
    PassedOver,
    Source,
    TableCheck,
    Ways,
)
from gatehouse.ports.ledger import AuditLog, Ledger
from gatehouse.ports.manual import Backfills, Revalidations
from gatehouse.ports.models import Decisions, Models, Overrides, Probations
from gatehouse.ports.notifications import NotificationStore, Notifier
from gatehouse.ports.training import (
    BatchLog,
    CandidateRun,
    DecisionLog,
    Held,
    ModelProbe,
    ModelStore,
    ModelTrust,
    Registration,
    Table,
    Tracking,
    TrainingRun,
)
from gatehouse.ports.work import Attempts, Batches, Requests

__all__ = [
    "Attempts",
    "AuditLog",
    "Backfills",
    "BatchLog",
    "Batches",
    "CandidateRun",
    "CheckResult",
    "Checker",
    "CodeProcess",
    "DecisionLog",
    "Decisions",
    "ExpectationFinding",
    "Held",
    "Lake",
    "Ledger",
    "ModelProbe",
    "ModelStore",
    "ModelTrust",
    "Models",
    "NotificationStore",
    "Notifier",
    "Overrides",
    "PartsDifferError",
    "PassedOver",
    "Probations",
    "Registration",
    "Requests",
    "Revalidations",
    "Source",
    "Table",
    "TableCheck",
    "Tracking",
    "TrainingRun",
    "Ways",
]
