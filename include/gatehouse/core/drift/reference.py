"""What the watch compares with: the profile of the data the champion was trained on, and its quality on its own holdout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gatehouse.core.audit.canonical_json import number_in
from gatehouse.core.drift.calibration import DriftCalibration
from gatehouse.core.drift.impact import LossByCell
from gatehouse.core.drift.weekday_reference import WeekdayReference
from gatehouse.core.profiling import Profile

SCORE, LABEL = "gh_score", "gh_label"
VERSION = 2


@dataclass(frozen=True)
class Reference:
    """`inputs` profiles the training features and labels (`gh_label`); `scores` the model's scores on its holdout
    (`gh_score`), because scores on rows it was fitted to look better than they are. `quality` maps metrics to their
    values on the holdout, `importance` features to their permutation importance there.

    `calibration` says how far the training batches themselves lie from the whole, column by column; `weekdays` has what
    takes its place for columns of daily batches with a weekly pattern; `losses` the holdout's mean loss by cell of each
    column; `intervals` the 95 % intervals of some of `quality`, days resampled, or by how earlier days differ where the
    holdout has too few; `promised` what the model came to on the newest training batch when it was fitted on those before
    (`loss`, and `excess` over a model without skill); `by_label` profiles the scores of each class (`0`, `1`, or its name) on
    the holdout; `classes` are the names of more than two, in the order of the model's probabilities;
    `expected` maps a metric to the value that the scores themselves expected there. `sample` holds some training rows,
    column by column, nulls as None; `apart` the AUCs of telling units of them from the rest (`drift.joint_drift`). `made_by`
    is what fitting it again takes besides its training set: the `seed`, and the hash of `model.py` (`code`).
    """

    inputs: Profile
    scores: Profile
    quality: Mapping[str, float]
    importance: Mapping[str, float]
    holdout_rows: int
    calibration: Mapping[str, DriftCalibration] = field(default_factory=dict)
    losses: Mapping[str, LossByCell] = field(default_factory=dict)
    by_label: Mapping[str, Profile] = field(default_factory=dict)
    expected: Mapping[str, float] = field(default_factory=dict)
    sample: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    apart: tuple[float, ...] = ()
    made_by: Mapping[str, Any] = field(default_factory=dict)
    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    weekdays: WeekdayReference = field(default_factory=WeekdayReference)
    promised: Mapping[str, float] = field(default_factory=dict)
    classes: tuple[str, ...] = ()

    @property
    def profile(self) -> Profile:
        """All columns together."""
        return Profile({**self.inputs.columns, **self.scores.columns})

    def to_document(self) -> dict[str, Any]:
        return {
            "version": VERSION,
            "inputs": self.inputs.to_document(),
            "scores": self.scores.to_document(),
            "quality": dict(self.quality),
            "importance": dict(self.importance),
            "holdout_rows": self.holdout_rows,
            "calibration": {name: each.to_document() for name, each in self.calibration.items()},
            "losses": {name: [list(each.shares), list(each.means)] for name, each in self.losses.items()},
            "by_label": {name: each.to_document() for name, each in self.by_label.items()},
            "expected": dict(self.expected),
            "sample": {name: list(values) for name, values in self.sample.items()},
            "apart": list(self.apart),
            "made_by": dict(self.made_by),
            "intervals": {name: list(each) for name, each in self.intervals.items()},
            "weekdays": self.weekdays.to_document(),
            "promised": dict(self.promised),
            **({"classes": list(self.classes)} if self.classes else {}),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Reference:
        """The inverse of `to_document`; references of version 1 have no calibration and no sample."""
        inputs, scores = (Profile.from_document(document[part]) for part in ("inputs", "scores"))
        losses = document.get("losses", {})
        return cls(
            inputs,
            scores,
            _numbers(document["quality"]),
            _numbers(document["importance"]),
            document["holdout_rows"],
            {name: DriftCalibration.from_document(each) for name, each in document.get("calibration", {}).items()},
            {name: LossByCell(tuple(map(number_in, s)), tuple(map(number_in, m))) for name, (s, m) in losses.items()},
            {name: Profile.from_document(each) for name, each in document.get("by_label", {}).items()},
            _numbers(document.get("expected", {})),
            {name: tuple(values) for name, values in document.get("sample", {}).items()},
            tuple(map(number_in, document.get("apart", ()))),
            dict(document.get("made_by", {})),
            {name: (number_in(low), number_in(high)) for name, (low, high) in document.get("intervals", {}).items()},
            WeekdayReference.from_document(document.get("weekdays", {})),
            _numbers(document.get("promised", {})),
            tuple(document.get("classes", ())),
        )


def _numbers(document: Mapping[str, Any]) -> dict[str, float]:
    return {name: number_in(value) for name, value in document.items()}
