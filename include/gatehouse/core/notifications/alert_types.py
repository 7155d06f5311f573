"""What people are told of: how severe each kind is, whose it is, what to do, and where that is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How severe an alert is. Only what is critical is told at any hour and whatever the budget."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Its place in the order: info, warning, critical."""
        return list(Severity).index(self)


class Role(StrEnum):
    """Whose an alert is: the roles of the use case's files, and who is on call."""

    DATA_ENGINEER = "data engineer"
    DATA_SCIENTIST = "data scientist"
    RISK_OWNER = "risk owner"
    ON_CALL = "on-call"


class AlertType(StrEnum):
    """The kinds of alert."""

    REVIEW = "review"
    BLOCKED = "blocked"
    INCIDENT = "incident"
    DATA_FAULT = "data_fault"
    LATE_BATCH = "late_batch"
    OUTCOMES = "outcomes"
    TRAINING_FAILED = "training_failed"
    ROLLBACK = "rollback"
    EXPIRED_OVERRIDE = "expired_override"
    BYPASS = "bypass"
    TRACKING = "tracking"
    UNHEALTHY = "unhealthy"
    TEST = "test"


@dataclass(frozen=True)
class AlertTypeInfo:
    """What is true of every alert of a kind. `runbook` is the heading of its entry in RUNBOOK.md; `lasts` says whether
    it goes on until something ends it, which is then told."""

    title: str
    severity: Severity
    roles: frozenset[Role]
    do: str
    runbook: str
    lasts: bool


_ENGINEER, _SCIENTIST, _OWNER, _CALL = Role
ABOUT: Mapping[AlertType, AlertTypeInfo] = {
    AlertType.REVIEW: AlertTypeInfo(
        "a review waits for an answer", Severity.WARNING, frozenset({_OWNER}),
        "Read the decision, then approve or reject it with a reason. Without an answer in time it is rejected.",
        "Verdict: REVIEW", lasts=True,
    ),
    AlertType.BLOCKED: AlertTypeInfo(
        "the gate blocked a challenger", Severity.WARNING, frozenset({_OWNER, _SCIENTIST}),
        "Nothing is urgent: the champion stays. Read which rule failed and by how much.",
        "Verdict: BLOCK", lasts=False,
    ),
    AlertType.INCIDENT: AlertTypeInfo(
        "an incident", Severity.WARNING, frozenset({_SCIENTIST, _CALL}),
        "Read what changed and what it costs before anything else. A retrain request may be open already.",
        "Alarm: drift", lasts=True,
    ),
    AlertType.DATA_FAULT: AlertTypeInfo(
        "a batch is quarantined", Severity.WARNING, frozenset({_ENGINEER, _CALL}),
        "Ask the source for a corrected delivery, or release or discard the batch with a reason.",
        "A batch is quarantined", lasts=True,
    ),
    AlertType.LATE_BATCH: AlertTypeInfo(
        "a batch is late", Severity.WARNING, frozenset({_ENGINEER, _CALL}),
        "Ask the source what became of it. It lands by itself with the next ingest run after it is there.",
        "A batch is late", lasts=True,
    ),
    AlertType.OUTCOMES: AlertTypeInfo(
        "outcomes do not fit their rows", Severity.WARNING, frozenset({_ENGINEER, _SCIENTIST}),
        "Compare the keys of rows and outcomes at the source. `normalise_keys` in contract.yaml ignores blanks and case.",
        "Outcomes are overdue or refused", lasts=True,
    ),
    AlertType.TRAINING_FAILED: AlertTypeInfo(
        "a training failed", Severity.WARNING, frozenset({_SCIENTIST}),
        "Read the last line of the red task. When the cause is corrected, ask for the training again.",
        "A request failed", lasts=False,
    ),
    AlertType.ROLLBACK: AlertTypeInfo(
        "the champion was rolled back automatically", Severity.WARNING, frozenset({_OWNER, _SCIENTIST, _CALL}),
        "A former champion serves again. Read why before the next challenger comes.",
        "Rolled back by itself", lasts=False,
    ),
    AlertType.EXPIRED_OVERRIDE: AlertTypeInfo(
        "an override is over and still serves", Severity.WARNING, frozenset({_OWNER, _CALL}),
        "Decide what serves: roll back to an earlier champion, or retrain. The gate decides about a new challenger.",
        "An override cannot be ended", lasts=True,
    ),
    AlertType.BYPASS: AlertTypeInfo(
        "something was changed outside the gate", Severity.CRITICAL, frozenset({_OWNER, _CALL}),
        "It is repaired, or scoring stops on it. Find out who did it. `gatehouse audit verify` says what else is broken.",
        "Changes outside the gate", lasts=False,
    ),
    AlertType.TRACKING: AlertTypeInfo(
        "MLflow lost something or is behind the ledger", Severity.WARNING, frozenset({_SCIENTIST, _CALL}),
        "Nothing stops because of it. Find out who deleted it. `gatehouse audit log --about USECASE` says what is back.",
        "The stack is unhealthy", lasts=False,
    ),
    AlertType.UNHEALTHY: AlertTypeInfo(
        "Gatehouse itself is unhealthy", Severity.CRITICAL, frozenset({_CALL}),
        "Look at the newest run of gatehouse__maintenance, then `gatehouse dev status` and `gatehouse audit verify`.",
        "The stack is unhealthy", lasts=True,
    ),
    AlertType.TEST: AlertTypeInfo(
        "a test", Severity.INFO, frozenset(), "Nothing: somebody tried whether this address works.", "", lasts=False
    ),
}  # fmt: skip
