"""The values that travel between stages and the ledger: frozen, plain, without behaviour that touches the world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from gatehouse.core.calendar import Interval


class BatchState(StrEnum):
    """`landed` waits for validation; the other three are where a batch rests."""

    LANDED = "landed"
    ACCEPTED = "accepted"
    QUARANTINED = "quarantined"
    DISCARDED = "discarded"


class RequestState(StrEnum):
    """A retrain request is `open`, then `claimed` by a retrain run, then rests in one of the next three; one that no run
    has claimed in time is `expired`."""

    OPEN = "open"
    CLAIMED = "claimed"
    DECIDED = "decided"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Verdict(StrEnum):
    """What a decision says."""

    PROMOTE = "PROMOTE"
    HOLD = "HOLD"
    REVIEW = "REVIEW"
    BLOCK = "BLOCK"


class Outcome(StrEnum):
    """The outcome of a rule."""

    PASS = "PASS"  # noqa: S105
    WARN = "WARN"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"


class PromotionKind(StrEnum):
    """What stands behind a change of champion: a PROMOTE decision, an approved review, a person's own act, the end of an
    override's time, or a probation that the new champion lost."""

    DECISION = "decision"
    APPROVAL = "approval"
    OVERRIDE = "override"
    ROLLBACK = "rollback"
    EXPIRY = "expiry"
    PROBATION = "probation"


@dataclass(frozen=True)
class Lease:
    """One attempt at a piece of work. A newer attempt at the same work makes this one stale (invariant I7)."""

    work: str
    token: int


@dataclass(frozen=True)
class FileRef:
    """A file of the lake, named by its content. `rows` is None for files that are not tables."""

    path: str
    sha256: str
    size: int
    rows: int | None = None


@dataclass(frozen=True, order=True)
class BatchId:
    """One revision of one batch; sorts by key, then revision."""

    use_case: str
    key: str
    revision: int

    def __str__(self) -> str:
        return f"{self.use_case}/{self.key}.r{self.revision}"


@dataclass(frozen=True)
class TablePart:
    """One table of a batch: what the source delivered, and once validated what was accepted and quarantined of it."""

    source: FileRef
    accepted: FileRef | None = None
    quarantined: FileRef | None = None


@dataclass(frozen=True)
class Batch:
    """A batch as the ledger knows it. `reason` says why it is quarantined or discarded; `profile` is the file of its
    accepted rows' `BatchProfile` (None for batches accepted before profiles were kept)."""

    id: BatchId
    interval: Interval
    state: BatchState
    content: str
    tables: Mapping[str, TablePart]
    reason: str = ""
    report: FileRef | None = None
    profile: FileRef | None = None


@dataclass(frozen=True)
class Outcomes:
    """Delivered outcomes of a batch. `arrived` is when they were there, in the time of the data."""

    batch: BatchId
    arrived: datetime
    file: FileRef
    revision: int = 1
    report: FileRef | None = None


@dataclass(frozen=True)
class ModelVersion:
    """A registered model: the bytes are `file`, its sha256 is the ledger's, not MLflow's."""

    use_case: str
    version: int
    candidate: str
    file: FileRef
    reference: FileRef
    training_set: str
    request: str
    run_id: str
    trained_until: datetime


@dataclass(frozen=True)
class Champion:
    """The model in production; the epoch rises by exactly one with each change."""

    epoch: int
    model: ModelVersion


@dataclass(frozen=True)
class Prediction:
    """A scored batch: one file of row keys and scores, made by exactly one (version, sha256, epoch) (invariant I5)."""

    batch: BatchId
    version: int
    sha256: str
    epoch: int
    file: FileRef


@dataclass(frozen=True)
class Reason:
    """One reason to retrain, with its numbers. `kind` is drift, decay, calibration, schedule, volume, first or person."""

    kind: str
    sentence: str
    numbers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """A retrain request. `as_of` is the moment, in the time of the data, that training may look back from."""

    id: str
    use_case: str
    state: RequestState
    as_of: datetime
    opened_by: str
    reasons: tuple[Reason, ...]
    closing: str = ""


@dataclass(frozen=True)
class TrainingSet:
    """The row-exact record of what a retrain run trained and held out (invariant I9)."""

    sha256: str
    request: str
    training: FileRef
    holdout: FileRef
    training_batches: tuple[BatchId, ...]
    holdout_batches: tuple[BatchId, ...]
    report: FileRef | None = None


@dataclass(frozen=True)
class Candidate:
    """One estimator of the use case in one retrain run. `file` is None when fitting raised: `reason` says what."""

    request: str
    name: str
    metrics: Mapping[str, float]
    file: FileRef | None
    run_id: str
    reason: str = ""


@dataclass(frozen=True)
class WatchReport:
    """What the watch stage found for one batch, and the reasons to retrain that it yields."""

    batch: BatchId
    as_of: datetime
    body: Mapping[str, Any]
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True)
class RuleResult:
    """One rule judged: the measured value, the limit, the rows it rests on, and a sentence for people.

    `missing_rows` estimates, for an INCONCLUSIVE comparison, how many further matured rows would settle it; `bound` says
    on which side of the limit the value has to be: `at most`, `at least` or `more than` ("" where it is not known).
    """

    rule: str
    outcome: Outcome
    sentence: str
    value: float | None = None
    limit: float | None = None
    low: float | None = None
    high: float | None = None
    rows: int = 0
    missing_rows: int | None = None
    on_fail: str = "block"
    standard_error: float | None = None
    bound: str = ""


@dataclass(frozen=True)
class Decision:
    """A verdict on one challenger under one policy: a pure function of (evidence, policy), immutable."""

    id: str
    use_case: str
    version: int
    verdict: Verdict
    sentence: str
    results: tuple[RuleResult, ...]
    evidence: str
    policy: str
    champion: int | None
    epoch: int


@dataclass(frozen=True)
class Promotion:
    """One change of champion, naming the decision or the person behind it (invariant I2). `at` is the ledger's clock."""

    use_case: str
    epoch: int
    version: int
    kind: PromotionKind
    decision: str | None
    actor: str
    reason: str
    at: datetime | None = None
    override: str | None = None


@dataclass(frozen=True)
class Override:
    """A named person's word against a HOLD, REVIEW or BLOCK. It serves until `expires` (wall-clock); where the policy
    wants a second person, only after `confirmed_by` has said so too. `requester` is who asked for the training."""

    id: str
    use_case: str
    version: int
    epoch: int
    decision: str
    actor: str
    reason: str
    expires: datetime
    second_person: bool
    requester: str = ""
    confirmed_by: str = ""
    confirmation: str = ""


@dataclass(frozen=True)
class Probation:
    """A new champion compared with the former one on matured batches up to `key`. `verdict` is open, worse or passed."""

    use_case: str
    epoch: int
    key: str
    former: int
    verdict: str
    sentence: str
    result: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class JournalEntry:
    """One line of the journal; `hash` covers everything here and the previous entry's hash."""

    seq: int
    kind: str
    subject: str
    actor: str
    at: datetime
    body: str
    previous: str
    hash: str
