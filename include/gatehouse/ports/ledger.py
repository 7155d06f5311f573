"""The ledger as a whole: its desks over one database, and the audit log."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gatehouse.core.types import (
    AuditEntry,
)

if TYPE_CHECKING:
    pass
from gatehouse.ports.manual import Backfills, Revalidations
from gatehouse.ports.models import Decisions, Models, Overrides, Probations
from gatehouse.ports.notifications import NotificationStore
from gatehouse.ports.work import Attempts, Batches, Requests


class AuditLog(ABC):
    """The append-only, hash-chained record of every change."""

    @abstractmethod
    def entries(self, after: int = 0, limit: int = 10_000, about: str = "") -> Sequence[AuditEntry]:
        """At most `limit` entries after number `after`, in their order; with `about`, those whose subject has it in it."""

    @abstractmethod
    def newest(self, subject: str, kinds: Sequence[str]) -> AuditEntry | None:
        """The newest entry of any of these kinds about just this subject."""

    @abstractmethod
    def note(self, kind: str, subject: str, actor: str, body: Mapping[str, Any]) -> None:
        """An entry for something found rather than done, such as an unexplained promotion."""


@dataclass(frozen=True)
class Ledger:
    """The ledger's desks over one database."""

    attempts: Attempts
    batches: Batches
    requests: Requests
    models: Models
    decisions: Decisions
    overrides: Overrides
    probations: Probations
    audit_log: AuditLog
    notifications: NotificationStore
    revalidations: Revalidations
    backfills: Backfills
