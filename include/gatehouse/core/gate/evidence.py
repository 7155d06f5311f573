"""Everything a gate decision is computed from, as one value with one hash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Task = Literal["classification", "multiclass", "regression"]


@dataclass(frozen=True)
class HoldoutData:
    """The held-out rows that both models are judged on; every array has one entry a row.

    `keys` name the rows, `labels` are 0/1, numbers, or places in `classes`; `time` is the row's moment (datetime64[us],
    UTC). `challenger` and `champion` are predictions: the probability of class 1, the number, or with more than two
    `classes` the probability of each (rows, classes). `slices` maps a column to each row's value as text. `champion` is
    None when there is no champion yet. `weights` say how much each row counts; None: all alike.
    """

    keys: NDArray[np.str_]
    labels: NDArray[np.float64]
    time: NDArray[np.datetime64]
    challenger: NDArray[np.float64]
    champion: NDArray[np.float64] | None
    slices: Mapping[str, NDArray[np.str_]] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    weights: NDArray[np.float64] | None = None

    @property
    def rows(self) -> int:
        return len(self.labels)

    def against_rest(self, name: str) -> HoldoutData:
        """The rows as two classes: the named one of several, and all others together."""
        place = self.classes.index(name)
        champion = None if self.champion is None else self.champion[:, place]
        labels = np.asarray(self.labels == place, dtype=np.float64)
        return replace(self, labels=labels, challenger=self.challenger[:, place], champion=champion, classes=())


@dataclass(frozen=True)
class ModelFacts:
    """What was measured about the challenger besides its predictions; plain values only.

    `maturity` is the share of the held-out batches' rows whose outcomes have arrived, `size_bytes` and
    `load_seconds`, `rows_per_second`, `memory_bytes` and `load_error` come from loading the file in a clean process;
    `failed_checks` names the contract's unresolved critical failures among the batches trained on.
    """

    maturity: float
    training_rows: int
    training_until: datetime
    holdout_from: datetime
    size_bytes: int
    load_seconds: float | None
    rows_per_second: float | None
    load_error: str
    validated_batches: int
    failed_checks: tuple[str, ...] = ()
    memory_bytes: int | None = None


@dataclass(frozen=True)
class Evidence:
    """The evidence for one challenger against the champion of `generation` (0 and None: there is no champion).

    `looks` is how many decisions were made against that champion before; 0 too in evidence of before they were counted.
    `measured` maps the key of a `Need` to the plain values that were measured for it, or to {"error": why not}.
    """

    use_case: str
    task: Task
    version: int
    model_sha256: str
    champion: int | None
    champion_sha256: str | None
    generation: int
    training_set: str
    holdout: HoldoutData
    facts: ModelFacts
    extra: Mapping[str, Any] = field(default_factory=dict)
    measured: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    looks: int = 0

    def against_rest(self, name: str) -> Evidence:
        """The evidence for the named class and all others together: that of two classes."""
        return replace(self, task="classification", holdout=self.holdout.against_rest(name))
