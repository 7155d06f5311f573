"""Records of the work: batches with what is known of them, retrain requests and what they train."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gatehouse.core.contract.batch_calendar import Interval
from gatehouse.core.rows.outcome_rows import OutcomeMatch
from gatehouse.core.types.enums import BatchState, RequestState


@dataclass(frozen=True)
class FencingLease:
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
class TableFiles:
    """One table of a batch: what the source delivered, and once validated what was accepted and quarantined of it."""

    source: FileRef
    accepted: FileRef | None = None
    quarantined: FileRef | None = None


@dataclass(frozen=True)
class Delivered:
    """How reading a delivery went the last time: the batch whose content it had and the source's fingerprint of it, or why
    it could not be fetched (`refused`)."""

    batch: BatchId | None = None
    fingerprint: str | None = None
    refused: str = ""


@dataclass(frozen=True)
class Batch:
    """A batch as the ledger knows it. `reason` says why it is quarantined or discarded; `profile` is the file of its
    accepted rows' `BatchProfile` (None for batches accepted before profiles were kept). `unreadable` says why no row of
    its files can be read (empty when they can): the files are then the delivered bytes and not tables."""

    id: BatchId
    interval: Interval
    state: BatchState
    content: str
    tables: Mapping[str, TableFiles]
    reason: str = ""
    report: FileRef | None = None
    profile: FileRef | None = None
    unreadable: str = ""


@dataclass(frozen=True)
class Outcomes:
    """Delivered outcomes of a batch. `arrived` is when they were there, in the time of the data.

    `quarantined` holds the outcomes that break the contract, with the reason of each; `match` says how the others match
    the rows of the batch (None where its rows cannot be read)."""

    batch: BatchId
    arrived: datetime
    file: FileRef
    revision: int = 1
    report: FileRef | None = None
    quarantined: FileRef | None = None
    match: OutcomeMatch | None = None


@dataclass(frozen=True)
class Prediction:
    """A scored batch: one file of row keys and scores, made by exactly one (version, sha256, generation) (invariant I5)."""

    batch: BatchId
    version: int
    sha256: str
    generation: int
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
    """The row-exact record of what a retrain run trained and held out (invariant I9). `model_code` is the hash of the
    `model.py` that made its labels (invariant I13)."""

    sha256: str
    request: str
    training: FileRef
    holdout: FileRef
    training_batches: tuple[BatchId, ...]
    holdout_batches: tuple[BatchId, ...]
    report: FileRef | None = None
    model_code: str | None = None


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
class MonitoringReport:
    """What the watch stage found for one batch, and the reasons to retrain that it yields."""

    batch: BatchId
    as_of: datetime
    body: Mapping[str, Any]
    reasons: tuple[Reason, ...] = ()
