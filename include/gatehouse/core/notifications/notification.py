"""A message to one recipient about one alert, and the states it goes through."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gatehouse.core.notifications.alert_types import AlertType, Severity

MOST_ATTEMPTS = 8
FIRST_PAUSE = timedelta(minutes=10)  # doubled with each failure: the eighth attempt is made 21 hours after the first
UNKNOWN_AFTER = timedelta(minutes=15)  # a sender that has said nothing for so long has died


class DeliveryState(StrEnum):
    """`pending` is sent next, `held` waits for `due`, `failed` is tried again at `due` (or never, without one), `sending`
    is with the mail or chat server, `sent` was taken by it, `dropped` will not be sent any more."""

    PENDING = "pending"
    HELD = "held"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"


class AlertPhase(StrEnum):
    """What a message says of its alert."""

    OPENED = "opened"
    CHANGED = "changed"
    RESOLVED = "resolved"


@dataclass(frozen=True)
class Notification:
    """What a recipient is told. `id` is a hash of recipient, alert and content, so the same is never made twice;
    `attempt` counts the times that it was handed to a server. `made` is the ledger's clock, None before it is recorded."""

    id: str
    recipient: str
    use_case: str
    alert: str
    kind: AlertType
    severity: Severity
    phase: AlertPhase
    fingerprint: str
    subject: str
    what: str
    since: datetime
    do: str
    link: str
    runbook: str
    state: DeliveryState = DeliveryState.PENDING
    why: str = ""
    due: datetime | None = None
    attempt: int = 0
    made: datetime | None = None
    acted: datetime | None = None

    @property
    def told(self) -> bool:
        """Whether the recipient has it, or is about to."""
        return self.state in (DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.SENT)

    @property
    def waits(self) -> bool:
        """Whether it has not been told and still may be."""
        return self.state is DeliveryState.HELD or (self.state is DeliveryState.FAILED and self.due is not None)


def retry_at(attempt: int, now: datetime) -> datetime | None:
    """When a message whose attempt number `attempt` (from 1) has failed is tried again; None when it was the last."""
    return None if attempt >= MOST_ATTEMPTS else now + FIRST_PAUSE * 2 ** (attempt - 1)
