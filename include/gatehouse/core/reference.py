"""What the watch compares with: the profile of the data the champion was trained on, and its quality on its own holdout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gatehouse.core.profile import Profile

SCORE, LABEL = "gh_score", "gh_label"


@dataclass(frozen=True)
class Reference:
    """`inputs` profiles the training features and labels (`gh_label`); `scores` the model's scores on its holdout
    (`gh_score`), because scores on rows it was fitted to look better than they are. `quality` maps metrics to their
    values on the holdout, `importance` features to their permutation importance there."""

    inputs: Profile
    scores: Profile
    quality: Mapping[str, float]
    importance: Mapping[str, float]
    holdout_rows: int

    @property
    def profile(self) -> Profile:
        """All columns together."""
        return Profile({**self.inputs.columns, **self.scores.columns})

    def to_document(self) -> dict[str, Any]:
        return {
            "version": 1,
            "inputs": self.inputs.to_document(),
            "scores": self.scores.to_document(),
            "quality": dict(self.quality),
            "importance": dict(self.importance),
            "holdout_rows": self.holdout_rows,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Reference:
        inputs, scores = (Profile.from_document(document[part]) for part in ("inputs", "scores"))
        return cls(inputs, scores, document["quality"], document["importance"], document["holdout_rows"])
