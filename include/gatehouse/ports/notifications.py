"""Ports of being told: the facts that may be told, the issues, the outbox, and who carries a message away."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gatehouse.core.config.notify import Recipient
    from gatehouse.core.notifications.alert import Event
    from gatehouse.core.notifications.issues import Issue, IssueChanges
    from gatehouse.core.notifications.notification import Notification
    from gatehouse.core.notifications.planner import NotificationPlan


class NotificationStore(ABC):
    """The ledger's desk for what is told: facts, issues, and the messages, which are its outbox."""

    @abstractmethod
    def facts(self, since: datetime) -> list[Event]:
        """Of all use cases, what lasts, and what began or ended after `since` (the ledger's clock)."""

    @abstractmethod
    def issues(self) -> list[Issue]:
        """The open issues."""

    @abstractmethod
    def issue(self, steps: IssueChanges) -> None:
        """Record issues that open, change and end. One that is open already, or over, is not recorded again."""

    @abstractmethod
    def known(self, alerts: Collection[str]) -> list[Notification]:
        """The messages about these alerts, and all that wait."""

    @abstractmethod
    def spent(self, since: datetime) -> Mapping[str, Sequence[datetime]]:
        """By recipient, when the messages that count against the budget were let go, after `since`."""

    @abstractmethod
    def record(self, plan: NotificationPlan) -> int:
        """Record new messages and moves, each once; returns how many were new or moved. A move from a state that another
        sender has changed in the meantime is left out."""

    @abstractmethod
    def due(self, now: datetime, limit: int) -> list[Notification]:
        """The messages to send at `now`: pending ones, failed ones whose pause is over, and those whose sender died; the
        most severe first, then the oldest."""

    @abstractmethod
    def claim(self, message: Notification, now: datetime) -> Notification | None:
        """Mark a message as being sent, before it is sent: `sending` with the next attempt. None when another sender has
        claimed it, or it was sent or dropped."""

    @abstractmethod
    def sent(self, message: Notification) -> None:
        """The server took the message of this attempt; StaleAttemptError when a newer attempt was claimed."""

    @abstractmethod
    def failed(self, message: Notification, why: str, due: datetime | None) -> None:
        """It did not; `why` is the error's name, `due` when it is tried again. StaleAttemptError as above."""

    @abstractmethod
    def messages(self, use_case: str = "", waiting: bool = False, limit: int = 200) -> list[Notification]:
        """The newest messages (of a use case), or only those held back, failed or dropped; newest first."""


class Notifier(ABC):
    """Hands a message to a mail or chat server."""

    @abstractmethod
    def deliver(self, recipient: Recipient, message: Notification) -> None:
        """Returns when the server has taken it, and raises when it has not; only the error's name goes on record."""
