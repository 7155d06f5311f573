"""Reference and batch of each column, read from the lake and kept: neither ever changes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from gatehouse.core.drift.reference import SCORE, Reference
from gatehouse.core.profiling import Profile, profile_of
from gatehouse.core.profiling.batch_profile import BatchProfile
from gatehouse.core.profiling.histogram import Histogram, histogram
from gatehouse.core.rows.scores import is_score
from gatehouse.errors import GatehouseError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gatehouse.core.profiling import ColumnProfile
    from gatehouse.core.types import FileRef
    from gatehouse.ports import Lake
    from gatehouse.queries import DriftView

KEPT, LARGEST = 16, 64 * 2**20  # parsed files; bytes of a file that a page opens
UNREADABLE = (GatehouseError, KeyError, TypeError, ValueError)


@dataclass(frozen=True)
class ColumnProfiles:
    """What a batch's columns are compared with, and what they hold. `importance` is that of the features on the holdout;
    `lost` says what could not be read."""

    reference: Mapping[str, ColumnProfile] = field(default_factory=dict)
    batch: Mapping[str, ColumnProfile] = field(default_factory=dict)
    importance: Mapping[str, float] = field(default_factory=dict)
    lost: str = ""

    def histogram(self, column: str) -> Histogram | None:
        """Both sides of one column on shared bins."""
        return histogram(self.reference.get(column), self.batch.get(column))


def column_profiles(lake: Lake, view: DriftView) -> ColumnProfiles:
    """The profiles of the chosen batch of a view. What is lost or too large is named, and the rest is shown."""
    problems: list[str] = []
    reference = batch = None
    importance: Mapping[str, float] = {}
    try:
        if view.reference is not None and view.starts is not None:
            known = reference_of(lake, view.reference)
            reference = {**known.profile.columns, **known.weekdays.on(view.starts)}
            importance = known.importance
    except UNREADABLE as error:
        problems.append(f"The reference cannot be read: {str(error)[:200]}")
    try:
        batch = _batch(lake, view.profile) if view.profile is not None else {}
        known_scores = {name: each for name, each in (reference or {}).items() if is_score(name, SCORE)}
        if view.scores is not None and view.scores.size <= LARGEST and known_scores:
            batch = {**batch, **_scores(lake, view.scores, known_scores)}
    except UNREADABLE as error:
        problems.append(f"The batch's profile cannot be read: {str(error)[:200]}")
    return ColumnProfiles(reference or {}, batch or {}, importance, " ".join(problems))


@lru_cache(maxsize=KEPT)
def reference_of(lake: Lake, file: FileRef) -> Reference:
    """A version's reference."""
    return Reference.from_document(_document(lake, file))


@lru_cache(maxsize=KEPT)
def _batch(lake: Lake, file: FileRef) -> Mapping[str, ColumnProfile]:
    features = BatchProfile.from_document(_document(lake, file)).features
    return features.columns if features is not None else {}


def _scores(lake: Lake, file: FileRef, like: Mapping[str, ColumnProfile]) -> Mapping[str, ColumnProfile]:
    """The recorded scores on the reference's grids: one column, or one for each of more than two classes."""
    frame = lake.frame(file)
    named = {name: f"score{name.removeprefix(SCORE)}" for name in like}
    scores = {name: frame[column].to_numpy("float64") for name, column in named.items() if column in frame}
    return profile_of(scores, like=Profile(dict(like))).columns


def _document(lake: Lake, file: FileRef) -> dict[str, Any]:
    if file.size > LARGEST:
        raise ValueError(f"{file.path} has {file.size / 2**20:,.0f} MiB; a page opens at most {LARGEST >> 20}")
    found: dict[str, Any] = json.loads(lake.read(file))
    return found
