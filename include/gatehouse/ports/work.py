"""Ports of the ledger: attempts, batches and retrain requests."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gatehouse.core.contract.batch_calendar import Interval
from gatehouse.core.types import (
    Batch,
    BatchId,
    Candidate,
    Delivered,
    FencingLease,
    FileRef,
    MonitoringReport,
    Outcomes,
    Prediction,
    Request,
    TrainingSet,
)

if TYPE_CHECKING:
    pass


class Attempts(ABC):
    """Fencing: each new attempt at a piece of work makes the ones before it stale (invariant I7)."""

    @abstractmethod
    def enter(self, work: str) -> FencingLease:
        """Start an attempt at `work` (for example `flight_delays/2013-03.r1/score`)."""

    @abstractmethod
    def idle(self, work: str) -> float | None:
        """How many seconds ago the newest attempt at `work` started; None when there was none."""

    @abstractmethod
    def alone(self, work: str) -> AbstractContextManager[bool]:
        """A block that says whether nobody else is in one for this work. A process that dies leaves it."""

    @abstractmethod
    def idle_below(self, work: str) -> float | None:
        """The same for the newest attempt at any step of `work`: at `WORK/...`."""


class Batches(ABC):
    """Batches, their outcomes, predictions and watch verdicts."""

    @abstractmethod
    def land(
        self,
        lease: FencingLease,
        use_case: str,
        key: str,
        interval: Interval,
        tables: Mapping[str, FileRef],
        unreadable: str = "",
        fingerprint: str | None = None,
    ) -> Batch:
        """Make a landed batch visible. The same content again returns the batch that has it (noted in the audit log
        once as `batch.repeated`, when that batch was validated before); changed content under the same key is the next
        revision, the old one is kept. `unreadable` says why no row of the files can be read; `fingerprint` is what the
        source said of the delivery, logged as `delivery.read` when it is another than before."""

    @abstractmethod
    def refuse(self, lease: FencingLease, use_case: str, key: str, reason: str) -> None:
        """Note, once for each reason, that a batch could not be fetched (`delivery.refused`)."""

    @abstractmethod
    def deliveries(self, use_case: str) -> dict[str, Delivered]:
        """For each batch key that was read, or could not be, how that went the last time."""

    @abstractmethod
    def get(self, batch: BatchId) -> Batch: ...

    @abstractmethod
    def accept(
        self,
        lease: FencingLease,
        batch: BatchId,
        parts: Mapping[str, tuple[FileRef, FileRef]],
        report: FileRef,
        profile: FileRef | None = None,
    ) -> None:
        """Record the accepted and the quarantined rows of each table and the accepted rows' profile: landed -> accepted."""

    @abstractmethod
    def quarantine(self, lease: FencingLease, batch: BatchId, reason: str, report: FileRef) -> None:
        """landed -> quarantined, the whole batch, with the reason."""

    @abstractmethod
    def release(
        self,
        batch: BatchId,
        actor: str,
        reason: str,
        parts: Mapping[str, tuple[FileRef, FileRef]],
        profile: FileRef | None = None,
    ) -> None:
        """quarantined -> accepted, by a named person with a reason (NotAllowedError without either)."""

    @abstractmethod
    def discard(self, batch: BatchId, actor: str, reason: str) -> None:
        """quarantined -> discarded, by a named person with a reason."""

    @abstractmethod
    def arrive(self, lease: FencingLease, outcomes: Outcomes) -> bool:
        """Record delivered outcomes; False when these very outcomes were there already. Changed ones get a new revision."""

    @abstractmethod
    def outcomes(self, use_case: str, as_of: datetime) -> dict[str, Outcomes]:
        """For each batch key the newest outcomes that had arrived by `as_of`."""

    @abstractmethod
    def scored(self, lease: FencingLease, prediction: Prediction) -> None: ...

    @abstractmethod
    def predictions(self, use_case: str) -> list[Prediction]: ...

    @abstractmethod
    def watched(self, lease: FencingLease, report: MonitoringReport, policy: Mapping[str, Any]) -> Request | None:
        """Record the watch verdict of a batch; with reasons, open a retrain request or join the open one, in the same
        transaction. A batch is watched once: a second call returns what the first one recorded. Exactly one request may
        be open or claimed per use case."""

    @abstractmethod
    def watches(self, use_case: str) -> list[MonitoringReport]: ...

    @abstractmethod
    def list(self, use_case: str) -> list[Batch]:
        """Every batch and revision, in the order of key and revision."""


class Requests(ABC):
    """Retrain requests, training sets and candidates."""

    @abstractmethod
    def ask(
        self, use_case: str, as_of: datetime, actor: str, reason: str, wish: Mapping[str, Any] | None = None
    ) -> Request:
        """A person's request to retrain; joins the one that is open. With a `wish`
        (`core/retraining/manual_options.py`), NotAllowedError when
        the request to join is claimed already: what it trains is chosen."""

    @abstractmethod
    def get(self, request: str) -> Request: ...

    @abstractmethod
    def pending(self, use_case: str) -> Request | None:
        """The request that is open or claimed, if any."""

    @abstractmethod
    def claim(self, lease: FencingLease, request: str) -> Request:
        """open -> claimed. A second attempt of the same run may claim it again."""

    @abstractmethod
    def close(self, lease: FencingLease, request: str, state: str, closing: str) -> None:
        """claimed -> decided | failed | cancelled, or open -> expired, with the sentence that says how it ended."""

    @abstractmethod
    def record_training_set(self, lease: FencingLease, training_set: TrainingSet) -> None: ...

    @abstractmethod
    def training_set(self, request: str) -> TrainingSet: ...

    @abstractmethod
    def record_candidate(self, lease: FencingLease, candidate: Candidate) -> None: ...

    @abstractmethod
    def candidates(self, request: str) -> list[Candidate]: ...

    @abstractmethod
    def list(self, use_case: str) -> list[Request]: ...
