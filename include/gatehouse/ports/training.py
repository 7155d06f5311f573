"""Ports to training: estimators as files, and MLflow."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gatehouse.core.types import (
    Decision,
    FileRef,
    ModelVersion,
    TrainingSet,
)

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from gatehouse.core.gate.evidence import Task
    from gatehouse.own_code import OwnCode


@dataclass(frozen=True)
class TrainingRun:
    """What a fitted candidate gives to tracking: parameters, metrics, plots (file name -> PNG or SVG bytes), tags, and
    the feature columns with their types (of pandas)."""

    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    plots: Mapping[str, bytes]
    tags: Mapping[str, str]
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Registration:
    """What a registered version is made of, so that anybody can use it without Gatehouse.

    `data` are the bytes of the ledger's file. `columns` are the features with their types (of pandas), `example` some rows
    of them, `tables` the raw tables with their time columns, the main one first, and `code` is that of `features()`: None
    when it is not that of the training any more. `classes` are the names of more than two.
    """

    data: bytes
    requirements: Sequence[str]
    description: str
    task: Task
    columns: Mapping[str, str] = field(default_factory=dict)
    example: pd.DataFrame | None = None
    tables: Mapping[str, Sequence[str]] = field(default_factory=dict)
    code: OwnCode | None = None
    classes: Sequence[str] = ()


@dataclass(frozen=True)
class Table:
    """Columns and rows of plain values, as tracking shows a table."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True)
class CandidateRun:
    """Which run is a candidate's: the one with these tags. `run_id` is the ledger's; empty when MLflow could not be told,
    and another one has the tags when MLflow lost it for good."""

    use_case: str
    request: str
    candidate: str
    run_id: str = ""


@dataclass(frozen=True)
class DecisionLog:
    """What a decision gives to the challenger's run and version: the report, tables by file name, metrics on the held-out
    rows, tags of both, and the version's description."""

    run: CandidateRun
    report: str
    tables: Mapping[str, Table]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    description: str


@dataclass(frozen=True)
class BatchLog:
    """What a batch gives to its run. `mark` changes when there is more to tell; `rows` is the file of its rows."""

    mark: str
    report: str
    tags: Mapping[str, str]
    metrics: Mapping[str, float]
    tables: Mapping[str, Table]
    rows: FileRef


@dataclass(frozen=True)
class Held:
    """What MLflow has of a use case. What is deleted, unfinished or without its files does not count.

    `candidates` maps (request, name) to the run's flag, `decisions` each registered version to the decision that run and
    version are tagged with, `batches` a name to its mark; `aliases` maps an alias to a version (-1: not the ledger's).
    """

    candidates: Mapping[tuple[str, str], str]
    decisions: Mapping[int, str]
    batches: Mapping[str, str]
    aliases: Mapping[str, int]


class Tracking(ABC):
    """MLflow, as a projection of the ledger: idempotent by tags, never read for a decision.

    Every operation restores what was deleted and makes again what is gone, as far as it needs it. Each raises
    ServiceUnavailableError when MLflow does not answer and TrackingError when it refuses.
    """

    keeps_models = True  # reading what a registered version is made of is not for free: one that drops it says so
    keeps_plots = True  # drawing them is not for free: one that drops them says so

    @abstractmethod
    def log_candidate(self, run: CandidateRun, fit: TrainingRun, dataset: TrainingSet) -> str:
        """Log one candidate as a run (found again by its tags when logged before); returns the run id."""

    @abstractmethod
    def register(self, model: ModelVersion, registered: Registration) -> None:
        """Make the version known in the registry with the very bytes of the ledger's file, tagged with its sha256."""

    @abstractmethod
    def flag(self, run: CandidateRun, tags: Mapping[str, str]) -> None:
        """Tag a run, for example with the reason why the candidate lost."""

    @abstractmethod
    def decided(self, decision: Decision, judged: DecisionLog) -> None:
        """Tag run and model version with verdict and decision, log report, tables and metrics to the run, and describe the
        version anew."""

    def keep_anchor(self, use_case: str, document: str) -> None:  # noqa: B027 - a server that keeps none is allowed
        """Keep the newest anchor of the audit log beside the use case's registered model."""

    def anchor(self, use_case: str) -> str:
        """The anchor that was kept last; empty where none was."""
        return ""

    @abstractmethod
    def mirror(
        self, use_case: str, champion: int | None, challenger: int | None, words: Mapping[int, str] | None = None
    ) -> None:
        """Point the aliases `champion` and `challenger` at these ledger versions (None removes the alias), and describe
        these versions (0: the registered model) in these words."""

    @abstractmethod
    def log_batch(self, use_case: str, name: str, told: BatchLog) -> None:
        """Log a batch (`2013-03.r1`) as a run of its own, or tell its run what is new."""

    @abstractmethod
    def held(self, use_case: str, served: Collection[int] = ()) -> Held:
        """What MLflow has now. A deleted experiment is restored first; the files of the versions in `served` are looked for."""

    @abstractmethod
    def model_bytes(self, use_case: str, version: int) -> bytes | None:
        """MLflow's copy of a version's model file, unchecked; None when there is none."""

    @abstractmethod
    def champion_alias(self, use_case: str) -> int | None:
        """The ledger version that the alias `champion` points at now."""


@dataclass(frozen=True)
class ModelProbe:
    """A model file measured in a clean process; `error` is empty when it loaded and predicted. `memory_bytes` is how
    much the peak of its memory rose above what it had with its libraries; None where the system does not tell."""

    size_bytes: int
    load_seconds: float | None
    rows_per_second: float | None
    error: str = ""
    memory_bytes: int | None = None


@dataclass(frozen=True)
class ModelTrust:
    """What a model file of one use case may be, beside what is always allowed: `types` are the names that the risk owner
    trusts (`gate.yaml: trusted_types`), `code` is the use case's own. It has at most `max_bytes`."""

    types: tuple[str, ...] = ()
    max_bytes: int = 512 * 2**20
    code: OwnCode | None = None


class ModelStore(ABC):
    """Estimators to bytes and back, by an allow-list of types; never pickle, never MLflow's loader."""

    @abstractmethod
    def check_storable(self, name: str, estimator: Any) -> None:
        """Raise UntrustedModelError when the unfitted estimator holds something that `dump` would refuse, such as a lambda."""

    @abstractmethod
    def fit(
        self,
        name: str,
        estimator: Any,
        features: pd.DataFrame,
        labels: NDArray[np.float64],
        weights: NDArray[np.float64] | None = None,
    ) -> Any:
        """Fit an estimator; ModelError names it when it raises, when the labels hold one class only, or when it takes no
        weights and there are some."""

    @abstractmethod
    def predict(self, estimator: Any, features: pd.DataFrame, task: Task) -> NDArray[np.float64]:
        """The probability of class 1, or the number, a row; ModelError for NaN, infinities or a wrong length."""

    @abstractmethod
    def dump(self, estimator: Any) -> bytes: ...

    @abstractmethod
    def parameters(self, estimator: Any) -> dict[str, Any]:
        """The parameters of an estimator, of a pipeline those of its last step: what runs are compared by."""

    @abstractmethod
    def load(self, data: bytes, sha256: str) -> Any:
        """UntrustedModelError when the bytes are not those recorded, too large, or hold a type off the allow-list."""

    @abstractmethod
    def unusual_types(self, data: bytes) -> list[str]:
        """The types of a model file beyond those of scikit-learn, NumPy and SciPy; those of own code as `model.Clip`."""

    @abstractmethod
    def probe(self, data: bytes, sha256: str, features: pd.DataFrame, task: Task) -> ModelProbe:
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
