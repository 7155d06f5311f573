"""Ports of the ledger: models and their champion, decisions, overrides, probations."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gatehouse.core.types import (
    Champion,
    Decision,
    FencingLease,
    FileRef,
    ModelVersion,
    Override,
    Prediction,
    Probation,
    Promotion,
    PromotionKind,
)

if TYPE_CHECKING:
    pass


class Models(ABC):
    """Registered versions and the champion."""

    @abstractmethod
    def register(self, lease: FencingLease, model: ModelVersion) -> ModelVersion:
        """Record a version (its number is given by the ledger: `version` 0 asks for the next); one a request."""

    @abstractmethod
    def get(self, use_case: str, version: int) -> ModelVersion: ...

    @abstractmethod
    def champion(self, use_case: str, at: datetime | None = None) -> Champion | None:
        """The champion now, or at a moment of wall-clock time."""

    @abstractmethod
    def promotions(self, use_case: str) -> list[Promotion]: ...

    @abstractmethod
    def promote(
        self,
        use_case: str,
        version: int,
        generation: int,
        kind: PromotionKind,
        decision: str | None,
        actor: str,
        reason: str,
        override: str | None = None,
    ) -> Champion:
        """Compare-and-set: the champion of `generation` is replaced by `version` and the generation rises by one
        (StaleChampionError
        when it moved). `decision` must be a PROMOTE, or a REVIEW approved by a person, on that very version; an
        override names its record, the return from it is refused before it has expired, a probation must have been lost,
        a rollback needs a named actor and a reason. The same promotion again changes nothing."""

    @abstractmethod
    def list(self, use_case: str) -> list[ModelVersion]: ...


class Decisions(ABC):
    """Decisions and the answers of people."""

    @abstractmethod
    def record(self, lease: FencingLease, decision: Decision, evidence: FileRef, policy: str) -> None:
        """Archive a decision with its evidence file and the policy's canonical text."""

    @abstractmethod
    def get(self, decision: str) -> Decision: ...

    @abstractmethod
    def archive(self, decision: str) -> tuple[FileRef, str]:
        """The evidence file and the policy's canonical text of a decision."""

    @abstractmethod
    def reported(self, decision: str, report: FileRef) -> FileRef:
        """Archive the report of a decision beside its evidence. The first one stays: returns the one on record."""

    @abstractmethod
    def report(self, decision: str) -> FileRef | None: ...

    @abstractmethod
    def unreported(self, use_case: str) -> list[str]:
        """The decisions whose report is not archived, oldest first: those that nothing outside the ledger was told of."""

    @abstractmethod
    def of_request(self, request: str) -> Decision | None:
        """The newest decision on a request's challenger: it may have been judged again."""

    @abstractmethod
    def made_at(self, decision: str) -> datetime:
        """When a decision was recorded, by the ledger's clock; for an answered REVIEW, when it was answered."""

    @abstractmethod
    def answer(self, decision: str, approved: bool, actor: str, reason: str) -> None:
        """A person's answer to a REVIEW: once, by name, with a reason. No answer in time is recorded as rejected by
        the actor `nobody`. A second, different answer is NotAllowedError."""

    @abstractmethod
    def answers(self, decision: str) -> list[tuple[bool, str, str]]:
        """(approved, actor, reason) of a decision's answer: none or one."""

    @abstractmethod
    def policy_in_force(self, use_case: str) -> dict[str, Any] | None:
        """The policy that the ledger holds people to: the newest decision's, or a later change; None without one."""

    @abstractmethod
    def list(self, use_case: str) -> list[Decision]: ...


class Overrides(ABC):
    """Overrides: proposed by one person, confirmed by a second where the policy wants one, in force until they expire."""

    @abstractmethod
    def propose(self, override: Override) -> Override:
        """Record an override; the same again changes nothing. NotAllowedError without a name and a reason."""

    @abstractmethod
    def confirm(self, override: str, actor: str, reason: str) -> Override:
        """A second person's word; NotAllowedError for who proposed it and for who asked for the training."""

    @abstractmethod
    def get(self, override: str) -> Override: ...

    @abstractmethod
    def list(self, use_case: str) -> list[Override]: ...


class Probations(ABC):
    """What the former champion would have said, and how the new one compares with it on matured outcomes."""

    @abstractmethod
    def shadowed(self, lease: FencingLease, prediction: Prediction) -> None:
        """Record the former champion's scores of a batch; `generation` is that of the champion on probation."""

    @abstractmethod
    def shadows(self, use_case: str, generation: int) -> list[Prediction]:
        """The shadow scores made under the champion of `generation`, in the order of time."""

    @abstractmethod
    def judged(self, lease: FencingLease, probation: Probation) -> None: ...

    @abstractmethod
    def list(self, use_case: str) -> list[Probation]: ...
