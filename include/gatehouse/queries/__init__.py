"""Read-only questions for the pages: each asks the ledger for one page's rows and no more, in one snapshot."""

from __future__ import annotations

from gatehouse.queries.alarm_facts import AlarmFacts, OpenIncident, alarm_facts
from gatehouse.queries.audit import AuditFilter, AuditLine, audit_lines
from gatehouse.queries.batch import BatchView, batch_view
from gatehouse.queries.decision import DecisionView, decision_view
from gatehouse.queries.drift import BatchDrift, DriftView, drift_view
from gatehouse.queries.fleet import fleet
from gatehouse.queries.lists import ListFilter, batches_of, decisions_of
from gatehouse.queries.notifications import NotificationsView, messages_view, notified_use_cases
from gatehouse.queries.use_case import UseCaseView, use_case_view
from gatehouse.queries.use_case_status import Attention, UseCaseStatus, status_of
from gatehouse.queries.versions import VersionFacts, versions_of

__all__ = [
    "AlarmFacts",
    "Attention",
    "AuditFilter",
    "AuditLine",
    "BatchDrift",
    "BatchView",
    "DecisionView",
    "DriftView",
    "ListFilter",
    "NotificationsView",
    "OpenIncident",
    "UseCaseStatus",
    "UseCaseView",
    "VersionFacts",
    "alarm_facts",
    "audit_lines",
    "batch_view",
    "batches_of",
    "decision_view",
    "decisions_of",
    "drift_view",
    "fleet",
    "messages_view",
    "notified_use_cases",
    "status_of",
    "use_case_view",
    "versions_of",
]
