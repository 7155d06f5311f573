"""Ports of notifications: the events of the ledger, the open issues, the outbox, and who delivers a notification."""

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
    """What the ledger has for notifications: events, issues, and the notifications themselves, which are its outbox."""

    @abstractmethod
    def events(self, since: datetime) -> list[Event]:
        """The events of all use cases that last, or that began or ended after `since` (the ledger's clock)."""

    @abstractmethod
    def open_issues(self) -> list[Issue]:
        """The open issues."""

    @abstractmethod
    def record_issues(self, steps: IssueChanges) -> None:
        """Record issues that open, change and end. An issue that is already open, or already resolved, is not recorded again."""

    @abstractmethod
    def about(self, alerts: Collection[str]) -> list[Notification]:
        """The notifications about these alerts, and all that wait."""

    @abstractmethod
    def spent(self, since: datetime) -> Mapping[str, Sequence[datetime]]:
        """By recipient, when the notifications that count against the weekly limit were released, after `since`."""

    @abstractmethod
    def record(self, plan: NotificationPlan) -> int:
        """Record new notifications and changes of state, each once; returns how many there were. A change from a state that
        another sender has changed in the meantime is left out."""

    @abstractmethod
    def due(self, now: datetime, limit: int) -> list[Notification]:
        """The notifications to send at `now`: pending ones, failed ones whose pause is over, and those whose sender died; the
        most severe first, then the oldest."""

    @abstractmethod
    def claim(self, message: Notification, now: datetime) -> Notification | None:
        """Mark a notification as being sent, before it is sent: `sending` with the next attempt. None when another sender has
        claimed it, or it was sent or dropped."""

    @abstractmethod
    def sent(self, message: Notification) -> None:
        """The server accepted this attempt; StaleAttemptError when a newer attempt was claimed."""

    @abstractmethod
    def failed(self, message: Notification, why: str, due: datetime | None) -> None:
        """The server did not accept it; `why` is the error's name, `due` when it is tried again. StaleAttemptError as above."""

    @abstractmethod
    def newest(self, use_case: str = "", waiting: bool = False, limit: int = 200) -> list[Notification]:
        """The newest notifications (of a use case), or only those held back, failed or dropped; newest first."""


class Notifier(ABC):
    """Hands a notification to a mail or chat server."""

    @abstractmethod
    def deliver(self, recipient: Recipient, message: Notification) -> None:
        """Returns when the server has taken it, and raises when it has not; only the error's name goes on record."""
