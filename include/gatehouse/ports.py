"""The ports: what the stages ask of the world. Adapters implement them; the tests' fakes subclass them.

Every method that changes the ledger takes the lease of the attempt and refuses a stale one (StaleAttempt),
writes its journal entry in the same transaction, and is idempotent: the same call again changes nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gatehouse.core.calendar import Interval
from gatehouse.core.records import (
    Batch,
    BatchId,
    Candidate,
    Champion,
    Decision,
    FileRef,
    JournalEntry,
    Lease,
    ModelVersion,
    Outcomes,
    Override,
    Prediction,
    Probation,
    Promotion,
    PromotionKind,
    Request,
    TrainingSet,
    WatchReport,
)

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from gatehouse.core.evidence import Task
    from gatehouse.core.specs.contract import TableSpec


class Attempts(ABC):
    """Fencing: each new attempt at a piece of work makes the ones before it stale (invariant I7)."""

    @abstractmethod
    def enter(self, work: str) -> Lease:
        """Start an attempt at `work` (for example `flight_delays/2013-03.r1/score`)."""

    @abstractmethod
    def idle(self, work: str) -> float | None:
        """How many seconds ago the newest attempt at `work` started; None when there was none."""


class Batches(ABC):
    """Batches, their outcomes, predictions and watch verdicts."""

    @abstractmethod
    def land(self, lease: Lease, use_case: str, key: str, interval: Interval, tables: Mapping[str, FileRef]) -> Batch:
        """Make a landed batch visible. The same content again returns the batch that has it (noted in the journal
        once as `batch.repeated`); changed content under the same key is the next revision, the old one is kept."""

    @abstractmethod
    def get(self, batch: BatchId) -> Batch: ...

    @abstractmethod
    def accept(
        self,
        lease: Lease,
        batch: BatchId,
        parts: Mapping[str, tuple[FileRef, FileRef]],
        report: FileRef,
        profile: FileRef | None = None,
    ) -> None:
        """Record the accepted and the quarantined rows of each table and the accepted rows' profile: landed -> accepted."""

    @abstractmethod
    def quarantine(self, lease: Lease, batch: BatchId, reason: str, report: FileRef) -> None:
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
        """quarantined -> accepted, by a named person with a reason (NotAllowed without either)."""

    @abstractmethod
    def discard(self, batch: BatchId, actor: str, reason: str) -> None:
        """quarantined -> discarded, by a named person with a reason."""

    @abstractmethod
    def arrive(self, lease: Lease, outcomes: Outcomes) -> bool:
        """Record delivered outcomes; False when these very outcomes were there already. Changed ones get a new revision."""

    @abstractmethod
    def outcomes(self, use_case: str, as_of: datetime) -> dict[str, Outcomes]:
        """For each batch key the newest outcomes that had arrived by `as_of`."""

    @abstractmethod
    def scored(self, lease: Lease, prediction: Prediction) -> None: ...

    @abstractmethod
    def predictions(self, use_case: str) -> list[Prediction]: ...

    @abstractmethod
    def watched(self, lease: Lease, report: WatchReport, policy: Mapping[str, Any]) -> Request | None:
        """Record the watch verdict of a batch; with reasons, open a retrain request or join the open one, in the same
        transaction. A batch is watched once: a second call returns what the first one recorded. Exactly one request may
        be open or claimed per use case."""

    @abstractmethod
    def watches(self, use_case: str) -> list[WatchReport]: ...

    @abstractmethod
    def list(self, use_case: str) -> list[Batch]:
        """Every batch and revision, in the order of key and revision."""


class Requests(ABC):
    """Retrain requests, training sets and candidates."""

    @abstractmethod
    def ask(self, use_case: str, as_of: datetime, actor: str, reason: str) -> Request:
        """A person's request to retrain; joins the one that is open."""

    @abstractmethod
    def get(self, request: str) -> Request: ...

    @abstractmethod
    def pending(self, use_case: str) -> Request | None:
        """The request that is open or claimed, if any."""

    @abstractmethod
    def claim(self, lease: Lease, request: str) -> Request:
        """open -> claimed. A second attempt of the same run may claim it again."""

    @abstractmethod
    def close(self, lease: Lease, request: str, state: str, closing: str) -> None:
        """claimed -> decided | failed | cancelled, or open -> expired, with the sentence that says how it ended."""

    @abstractmethod
    def record_training_set(self, lease: Lease, training_set: TrainingSet) -> None: ...

    @abstractmethod
    def training_set(self, request: str) -> TrainingSet: ...

    @abstractmethod
    def record_candidate(self, lease: Lease, candidate: Candidate) -> None: ...

    @abstractmethod
    def candidates(self, request: str) -> list[Candidate]: ...

    @abstractmethod
    def list(self, use_case: str) -> list[Request]: ...


class Models(ABC):
    """Registered versions and the champion."""

    @abstractmethod
    def register(self, lease: Lease, model: ModelVersion) -> ModelVersion:
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
        epoch: int,
        kind: PromotionKind,
        decision: str | None,
        actor: str,
        reason: str,
        override: str | None = None,
    ) -> Champion:
        """Compare-and-set: the champion of `epoch` is replaced by `version` and the epoch rises by one (StaleChampion
        when it moved). `decision` must be a PROMOTE, or a REVIEW approved by a person, on that very version; an
        override names its record, the return from it is refused before it has expired, a probation must have been lost,
        a rollback needs a named actor and a reason. The same promotion again changes nothing."""

    @abstractmethod
    def list(self, use_case: str) -> list[ModelVersion]: ...


class Decisions(ABC):
    """Decisions and the answers of people."""

    @abstractmethod
    def record(self, lease: Lease, decision: Decision, evidence: FileRef, policy: str) -> None:
        """Archive a decision with its evidence file and the policy's canonical text."""

    @abstractmethod
    def get(self, decision: str) -> Decision: ...

    @abstractmethod
    def archive(self, decision: str) -> tuple[FileRef, str]:
        """The evidence file and the policy's canonical text of a decision."""

    @abstractmethod
    def of_request(self, request: str) -> Decision | None:
        """The newest decision on a request's challenger: it may have been judged again."""

    @abstractmethod
    def made_at(self, decision: str) -> datetime:
        """When a decision was recorded, by the ledger's clock; for an answered REVIEW, when it was answered."""

    @abstractmethod
    def answer(self, decision: str, approved: bool, actor: str, reason: str) -> None:
        """A person's answer to a REVIEW: once, by name, with a reason. No answer in time is recorded as rejected by
        the actor `nobody`. A second, different answer is NotAllowed."""

    @abstractmethod
    def answers(self, decision: str) -> list[tuple[bool, str, str]]:
        """(approved, actor, reason) of a decision's answer: none or one."""

    @abstractmethod
    def list(self, use_case: str) -> list[Decision]: ...


class Overrides(ABC):
    """Overrides: proposed by one person, confirmed by a second where the policy wants one, in force until they expire."""

    @abstractmethod
    def propose(self, override: Override) -> Override:
        """Record an override; the same again changes nothing. NotAllowed without a name and a reason."""

    @abstractmethod
    def confirm(self, override: str, actor: str, reason: str) -> Override:
        """A second person's word; NotAllowed for who proposed it and for who asked for the training."""

    @abstractmethod
    def get(self, override: str) -> Override: ...

    @abstractmethod
    def list(self, use_case: str) -> list[Override]: ...


class Probations(ABC):
    """What the former champion would have said, and how the new one compares with it on matured outcomes."""

    @abstractmethod
    def shadowed(self, lease: Lease, prediction: Prediction) -> None:
        """Record the former champion's scores of a batch; `epoch` is that of the champion on probation."""

    @abstractmethod
    def shadows(self, use_case: str, epoch: int) -> list[Prediction]:
        """The shadow scores made under the champion of `epoch`, in the order of time."""

    @abstractmethod
    def judged(self, lease: Lease, probation: Probation) -> None: ...

    @abstractmethod
    def list(self, use_case: str) -> list[Probation]: ...


class Journal(ABC):
    """The append-only, hash-chained record of every change."""

    @abstractmethod
    def entries(self, after: int = 0, limit: int = 10_000, about: str = "") -> Sequence[JournalEntry]:
        """At most `limit` entries after number `after`, in their order; with `about`, those whose subject has it in it."""

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
    journal: Journal


class Lake(ABC):
    """Immutable, content-addressed files. A file is visible only under its final name, whole (write, fsync, rename)."""

    @abstractmethod
    def put(self, data: bytes, kind: str, suffix: str) -> FileRef: ...

    @abstractmethod
    def put_frame(self, frame: pd.DataFrame, kind: str) -> FileRef:
        """Store a table as Parquet; equal frames give equal bytes."""

    @abstractmethod
    def restore(self, file: FileRef, data: bytes) -> None:
        """Put the recorded bytes back in the place of a file that was damaged or replaced (LakeError for other bytes)."""

    @abstractmethod
    def read(self, file: FileRef) -> bytes:
        """The bytes, checked against the sha256 (LakeError)."""

    @abstractmethod
    def frame(self, file: FileRef, columns: Sequence[str] | None = None) -> pd.DataFrame: ...


@dataclass(frozen=True)
class CheckResult:
    """One expectation on one table: how many rows it looked at and how many it found bad."""

    table: str
    expect: str
    args: Mapping[str, Any]
    severity: str
    because: str
    success: bool
    checked: int
    unexpected: int
    detail: str = ""
    row_level: bool = False


@dataclass(frozen=True)
class TableCheck:
    """All expectations of one table. `bad_rows` maps a row's position to the reasons of its critical failures;
    `batch_failures` are the critical failures of the table as a whole."""

    results: tuple[CheckResult, ...]
    bad_rows: Mapping[int, tuple[str, ...]]
    batch_failures: tuple[str, ...]


class Checker(ABC):
    """Validates one table against its part of the contract."""

    @abstractmethod
    def check(self, name: str, spec: TableSpec, frame: pd.DataFrame, parameters: Mapping[str, Any]) -> TableCheck: ...


class Source(ABC):
    """Where batches come from. Everything a source raises about its data is a SourceError."""

    @abstractmethod
    def available(self) -> list[str]:
        """The keys of the batches that are complete at the source, in the order of time."""

    @abstractmethod
    def fetch(self, key: str, interval: Interval) -> Mapping[str, pd.DataFrame]:
        """Each table of the batch, with the declared columns as declared types."""

    @abstractmethod
    def outcomes(self, key: str, interval: Interval) -> pd.DataFrame | None:
        """The outcomes of a batch, or None while there are none."""


@dataclass(frozen=True)
class Fit:
    """What a fitted candidate gives to tracking: parameters, metrics, plots (file name -> PNG or SVG bytes), tags."""

    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    plots: Mapping[str, bytes]
    tags: Mapping[str, str]


class Tracking(ABC):
    """MLflow, as a projection of the ledger: idempotent by tags, never read for a decision."""

    keeps_plots = True  # drawing them is not for free: one that drops them says so

    @abstractmethod
    def log_candidate(self, use_case: str, request: str, name: str, fit: Fit, dataset: TrainingSet) -> str:
        """Log one candidate as a run (found again by its tags when logged before); returns the run id."""

    @abstractmethod
    def register(self, model: ModelVersion, data: bytes, requirements: Sequence[str], description: str) -> None:
        """Make the version known in the registry with the very bytes of the ledger's file, tagged with its sha256."""

    @abstractmethod
    def flag(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Tag a run, for example with the reason why the candidate lost."""

    @abstractmethod
    def decided(self, decision: Decision, run_id: str, report_html: str) -> None:
        """Tag the model version with verdict and decision; log the report as the run's artefact."""

    @abstractmethod
    def mirror(self, use_case: str, champion: int | None, challenger: int | None) -> None:
        """Point the aliases `champion` and `challenger` at these ledger versions (None removes the alias)."""

    @abstractmethod
    def model_bytes(self, use_case: str, version: int) -> bytes | None:
        """MLflow's copy of a version's model file, unchecked; None when there is none."""

    @abstractmethod
    def champion_alias(self, use_case: str) -> int | None:
        """The ledger version that the alias `champion` points at now."""


@dataclass(frozen=True)
class Probe:
    """A model file measured in a clean process; `error` is empty when it loaded and predicted. `memory_bytes` is how
    much the peak of its memory rose above what it had with its libraries; None where the system does not tell."""

    size_bytes: int
    load_seconds: float | None
    rows_per_second: float | None
    error: str = ""
    memory_bytes: int | None = None


class ModelStore(ABC):
    """Estimators to bytes and back, by a fixed allow-list of types; never pickle, never MLflow's loader."""

    @abstractmethod
    def fit(self, name: str, estimator: Any, features: pd.DataFrame, labels: NDArray[np.float64]) -> Any:
        """Fit an estimator; ModelError names it when it raises, or when the labels hold one class only."""

    @abstractmethod
    def predict(self, estimator: Any, features: pd.DataFrame, task: Task) -> NDArray[np.float64]:
        """The probability of class 1, or the number, a row; ModelError for NaN, infinities or a wrong length."""

    @abstractmethod
    def dump(self, estimator: Any) -> bytes: ...

    @abstractmethod
    def load(self, data: bytes, sha256: str) -> Any:
        """UntrustedModel when the bytes are not those recorded, too large, or hold a type off the allow-list."""

    @abstractmethod
    def probe(self, data: bytes, sha256: str, features: pd.DataFrame, task: Task) -> Probe:
        """Load and predict in a clean process and measure it."""

    @abstractmethod
    def plots(
        self, task: Task, labels: NDArray[np.float64], predictions: NDArray[np.float64], importance: Mapping[str, float]
    ) -> dict[str, bytes]:
        """The candidate's plots by file name."""

    @abstractmethod
    def importance(
        self, estimator: Any, features: pd.DataFrame, labels: NDArray[np.float64], metric: str, task: Task, seed: int
    ) -> dict[str, float]:
        """Permutation importance by feature: by how much the metric worsens (Breiman 2001, scikit-learn's inspection)."""
