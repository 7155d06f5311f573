"""Which kind of change a batch shows, as findings: what changed, why that is said, and whether it pages anybody.

| kind | said when |
|---|---|
| data fault | no world makes such a change (`faults`, before a batch is accepted) |
| covariate drift | input columns, or how they go together, or the scores lie beyond their calibrated limits |
| seasonal | so they do, and the same season of an earlier year looked the same |
| label shift | the labels' shares changed while the scores of each class are distributed as on the holdout |
| concept drift | the loss exceeds what the scores expect by more than on the holdout: the same inputs mean something else |
| poorly calibrated | it exceeds it by as much as on the holdout: the scores promised too much from the start |
| below level | the champion is worse than no skill, or than the level asked for, and not than its own holdout |
| model error | the model code or a model raised on the batch's rows: they have no scores, or could not be judged |
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import isfinite
from typing import TYPE_CHECKING, Any

from gatehouse.core.drift.reference import LABEL, SCORE
from gatehouse.core.rows.scores import is_score

if TYPE_CHECKING:
    from gatehouse.core.drift import ColumnDrift
    from gatehouse.core.drift.domain_classifier import JointDrift
    from gatehouse.core.performance.decay import DecayAssessment


FLOOR = ("no_skill", "level")  # judgements of the champion that its own holdout has no part in


class ChangeKind(StrEnum):
    """The kinds of change."""

    FAULT = "data fault"
    COVARIATE = "covariate drift"
    SEASONAL = "seasonal"
    LABEL = "label shift"
    CONCEPT = "concept drift"
    POOR = "poorly calibrated"
    LEVEL = "below level"
    ERROR = "model error"


@dataclass(frozen=True)
class ChangeFinding:
    """One change with one cause: the columns (the one that moved farthest first), a sentence, what follows from it, and
    whether somebody must look."""

    kind: ChangeKind
    columns: tuple[str, ...]
    sentence: str
    page: bool
    consequences: tuple[str, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """The finding as plain values."""
        return {
            "kind": self.kind.value,
            "columns": list(self.columns),
            "sentence": self.sentence,
            "page": self.page,
            "consequences": list(self.consequences),
        }


@dataclass(frozen=True)
class PerformanceChange:
    """What the newest matured batch says: the judgements; the metric as realised, as the scores expected it, and as the
    holdout's losses of each class give it for the batch's shares of classes (NaN where there is no such estimate); and
    whether the scores of each class are distributed as on the holdout (None: unknown). `excess_then` is how far the loss
    exceeded the scores' expectation on the holdout, `excess_low` the lower end of the 95 % interval of how much more it does
    now, `gap_then` the holdout's gap (0 and NaN where unknown)."""

    judged: tuple[DecayAssessment, ...] = ()
    realised: float = float("nan")
    expected: float = float("nan")
    by_classes: float = float("nan")
    same_within_classes: bool | None = None
    label: ColumnDrift | None = None
    margin: float = 0.0
    excess_then: float = 0.0
    excess_low: float = float("nan")
    gap_then: float = float("nan")

    @property
    def excess(self) -> float:
        """How far the loss exceeds what the scores expected."""
        return self.realised - self.expected

    @property
    def world_changed(self) -> bool:
        """Whether the loss exceeds the expectation by more than on the holdout, or the scores are off in another way than
        there. So it counts where nothing is known of what the scores expect."""
        gaps = [each for each in self.alarms if each.kind == "calibration"]
        if any(not each.low <= self.gap_then <= each.high for each in gaps) or not isfinite(self.excess):
            return True
        return self.excess_low > 0 if isfinite(self.excess_low) else self.excess - self.excess_then > self.margin

    @property
    def says(self) -> str:
        """The numbers that tell a changed world from poorly calibrated scores; empty where there are none."""
        if not isfinite(self.excess):
            return ""
        return (
            f"realised {self.realised:.3f}, the scores expected {self.expected:.3f}; beyond the expectation by "
            f"{self.excess:+.3f}, on the champion's holdout by {self.excess_then:+.3f}"
        )

    @property
    def alarms(self) -> tuple[DecayAssessment, ...]:
        """The judgements that are alarms."""
        return tuple(each for each in self.judged if each.alarm)


@dataclass(frozen=True)
class InputChanges:
    """What the batch itself says: judged columns, which of them are as in the same season before, the correlations of
    the changed ones (pairs of columns that move together), and how all columns go together."""

    drifts: Sequence[ColumnDrift]
    seasonal: Collection[str] = ()
    linked: Collection[frozenset[str]] = ()
    together: JointDrift | None = None
    together_pages: bool = False
    more: Mapping[str, Any] = field(default_factory=dict)


def classify_changes(inputs: InputChanges, outcome: PerformanceChange | None) -> list[ChangeFinding]:
    """All findings of one watch, causes with their consequences below them."""
    found = _covariate(inputs)
    found += _seasonal(inputs)
    if outcome is not None:
        found = _quality(found, outcome)
    return found


def _covariate(inputs: InputChanges) -> list[ChangeFinding]:
    moved = [
        each
        for each in inputs.drifts
        if each.changed
        and each.column != LABEL
        and not is_score(each.column, SCORE)
        and each.column not in inputs.seasonal
    ]
    scores = [each for each in inputs.drifts if is_score(each.column, SCORE) and each.changed]
    score = max(scores, key=_ratio, default=None)
    found = [_group(group) for group in connected_groups(moved, inputs.linked)]
    found.sort(key=lambda each: not each.page)
    together = inputs.together if inputs.together is not None and inputs.together.changed else None
    if together is not None:
        known = {column for each in found for column in each.columns}
        pair = together.pair or ()
        if found and set(pair) & known:
            owner = next(i for i, each in enumerate(found) if set(pair) & set(each.columns))
            found[owner] = _with(found[owner], together.sentence)
        else:
            found.append(ChangeFinding(ChangeKind.COVARIATE, tuple(pair), together.sentence, inputs.together_pages))
    if score is not None and found:
        found[0] = _with(found[0], score.sentence, page=score.alarm)
    elif score is not None:
        found.append(ChangeFinding(ChangeKind.COVARIATE, (score.column,), score.sentence, score.alarm))
    return found


def connected_groups(moved: Sequence[ColumnDrift], linked: Collection[frozenset[str]]) -> list[list[ColumnDrift]]:
    """Columns that go together, as groups: what moves together has one cause."""
    groups: list[list[ColumnDrift]] = []
    left = list(moved)
    while left:
        group, edge = [left.pop(0)], 0
        while edge < len(group):
            near = [each for each in left if frozenset((group[edge].column, each.column)) in linked]
            group += near
            left = [each for each in left if each not in near]
            edge += 1
        groups.append(group)
    return groups


def _group(group: Sequence[ColumnDrift]) -> ChangeFinding:
    ordered = sorted(group, key=lambda each: (not each.alarm, -_ratio(each)))
    root, rest = ordered[0], ordered[1:]
    page = any(each.alarm for each in ordered)
    return ChangeFinding(
        ChangeKind.COVARIATE,
        tuple(each.column for each in ordered),
        root.sentence,
        page,
        tuple(e.sentence for e in rest),
    )


def _seasonal(inputs: InputChanges) -> list[ChangeFinding]:
    known = [each for each in inputs.drifts if each.changed and each.column in inputs.seasonal]
    if not known:
        return []
    names = ", ".join(each.column for each in known)
    sentence = f"{names}: beyond the champion's training rows, and as in the same season of an earlier year"
    return [ChangeFinding(ChangeKind.SEASONAL, tuple(each.column for each in known), sentence, page=False)]


def _quality(found: list[ChangeFinding], outcome: PerformanceChange) -> list[ChangeFinding]:
    floor = tuple(each for each in outcome.alarms if each.kind in FLOOR)
    if floor and (len(floor) == len(outcome.alarms) or not outcome.world_changed):
        rest = tuple(each for each in outcome.judged if each.kind not in FLOOR)
        return [*_quality(found, replace(outcome, judged=rest)), _below(floor)]
    alarms, same = outcome.alarms, outcome.same_within_classes
    covariate = next((i for i, each in enumerate(found) if each.kind is ChangeKind.COVARIATE), None)
    label = outcome.label if outcome.label is not None and outcome.label.changed else None
    if not alarms:
        if label is None:
            return found
        if covariate is not None:  # other inputs, other labels, and the scores say so themselves
            found[covariate] = _with(found[covariate], label.sentence)
            return found
        return [*found, ChangeFinding(ChangeKind.LABEL, (LABEL,), label.sentence, page=False)]
    told, says = tuple(each.sentence for each in alarms), outcome.says
    if label is not None and same and not outcome.realised - outcome.by_classes > outcome.margin:
        sentence = f"{label.sentence}; the scores of each class are distributed as on the holdout"
        if covariate is not None and found[covariate].page:  # one cause: other inputs bring other labels
            found[covariate] = _with(found[covariate], sentence, *told)
            return found
        return [*found, ChangeFinding(ChangeKind.LABEL, (LABEL,), sentence, True, told)]
    calibrated = all(each.kind != "calibration" for each in alarms)  # scores that are off the outcomes explain nothing
    explained = calibrated and isfinite(outcome.excess) and outcome.excess <= outcome.margin
    if explained and covariate is not None:
        found[covariate] = _with(found[covariate], f"harder rows: {says}", *told, page=True)
        return found
    consequences = (*told[1:], *([label.sentence] if label else []))
    if not outcome.world_changed:
        if explained:
            return [*found, ChangeFinding(ChangeKind.COVARIATE, (SCORE,), f"harder rows: {says}", True, told)]
        sentence = f"{told[0]}; the scores promise too much, as they did on the champion's holdout: {says}"
        return [*found, ChangeFinding(ChangeKind.POOR, (), sentence, False, consequences)]
    reason = f"; the same inputs mean something else now: {says}" if says else ""
    return [*found, ChangeFinding(ChangeKind.CONCEPT, (), told[0] + reason, True, consequences)]


def _below(alarms: Sequence[DecayAssessment]) -> ChangeFinding:
    """A champion that is as on its holdout, and still not good enough."""
    sentences = tuple(each.sentence for each in alarms)
    return ChangeFinding(ChangeKind.LEVEL, (), sentences[0], True, sentences[1:])


def _with(finding: ChangeFinding, *sentences: str, page: bool = False) -> ChangeFinding:
    return ChangeFinding(
        finding.kind, finding.columns, finding.sentence, finding.page or page, (*finding.consequences, *sentences)
    )


def _ratio(drift: ColumnDrift) -> float:
    return drift.value / drift.limit if drift.value is not None and drift.limit else 0.0
