"""The ports: what the stages ask of the world. Adapters implement them; the tests' fakes subclass them.

Every method that changes the ledger takes the lease of the attempt and refuses a stale one (StaleAttempt),
writes its journal entry in the same transaction, and is idempotent: the same call again changes nothing.
"""

from __future__ import annotations

from gatehouse.ports.data import Checker, CheckResult, Found, Lake, PassedOver, Source, TableCheck
from gatehouse.ports.ledger import Journal, Ledger
from gatehouse.ports.manual import Backfills, Revalidations
from gatehouse.ports.models import Decisions, Models, Overrides, Probations
from gatehouse.ports.notifications import Courier, Telling
from gatehouse.ports.training import BatchTold, CandidateRun, Fit, Held, Judged, ModelStore, Probe, Table, Tracking
from gatehouse.ports.work import Attempts, Batches, Requests

__all__ = [
    "Attempts",
    "Backfills",
    "BatchTold",
    "Batches",
    "CandidateRun",
    "CheckResult",
    "Checker",
    "Courier",
    "Decisions",
    "Fit",
    "Found",
    "Held",
    "Journal",
    "Judged",
    "Lake",
    "Ledger",
    "ModelStore",
    "Models",
    "Overrides",
    "PassedOver",
    "Probations",
    "Probe",
    "Requests",
    "Revalidations",
    "Source",
    "Table",
    "TableCheck",
    "Telling",
    "Tracking",
]
