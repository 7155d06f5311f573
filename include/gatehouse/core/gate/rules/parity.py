"""Parity: groups of rows are treated alike, by the decision that a threshold makes of each prediction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from gatehouse.core.gate.evidence import Task
from gatehouse.core.gate.rules.base import Fraction, JudgeBy, Rule, at_most, point_estimate
from gatehouse.core.types import RuleOutcome, RuleResult
from gatehouse.formatting import count, join_names, number, rows_needed_phrase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatehouse.core.gate.rules.metrics_context import MetricsContext
    from gatehouse.core.statistics.blocked_rows import Array

RATES = ("selection rate", "true positive rate", "false positive rate")


class Parity(Rule):
    """The largest gap between any two groups of a column is at most so much, for each rate that has a limit.

    Selection rate: the share of rows predicted at or above `threshold` (demographic parity); true and false positive
    rate: that share among the rows of class 1 and of class 0 (equalised odds; Hardt, Price and Srebro 2016).
    """

    by_class: ClassVar[bool] = True

    rule: Literal["parity"]
    column: str
    threshold: Fraction
    max_selection_gap: Fraction | None = None
    max_true_positive_gap: Fraction | None = None
    max_false_positive_gap: Fraction | None = None
    min_rows: Annotated[int, Field(ge=1)] = 200
    groups: tuple[str, ...] = ()
    compare: JudgeBy = "estimate"

    tasks: ClassVar[tuple[Task, ...]] = ("classification",)

    @model_validator(mode="after")
    def _has_a_limit(self) -> Parity:
        if all(limit is None for limit in self._limits):
            raise ValueError("parity needs max_selection_gap, max_true_positive_gap or max_false_positive_gap")
        if len(self.groups) == 1:
            raise ValueError(f"parity is between groups; found one only: {self.groups[0]!r}")
        return self

    @property
    def slice_column(self) -> str:
        return self.column

    @property
    def _limits(self) -> tuple[float | None, ...]:
        return self.max_selection_gap, self.max_true_positive_gap, self.max_false_positive_gap

    def judge(self, measures: MetricsContext) -> tuple[RuleResult, ...]:
        column = measures.evidence.holdout.slices.get(self.column)
        if column is None:
            found = join_names(sorted(measures.evidence.holdout.slices)) or "none"
            return (self._unknown(f"the evidence has no slices by {self.column!r}; it has {found}", ""),)
        there = [str(name) for name in np.unique(column)]
        groups = [name for name in (self.groups or there) if name in there]
        missing = [name for name in self.groups if name not in there]
        results = [
            self._gap(measures, RATES[which], limit, groups, self._counted(measures, column, groups, which))
            for which, limit in enumerate(self._limits)
            if limit is not None
        ]
        if missing:
            results.append(self._unknown(f"no held-out row has {self.column} {join_names(missing)}", " missing"))
        return tuple(results)

    def _counted(self, measures: MetricsContext, column: np.ndarray, groups: Sequence[str], which: int) -> Array:
        """For each group the rows that the rate is taken over, then those of them selected; (2 * groups, rows)."""
        holdout = measures.evidence.holdout
        over = (np.ones(holdout.rows, dtype=bool), holdout.labels == 1, holdout.labels == 0)[which]
        usable = np.isfinite(holdout.challenger) & np.isin(holdout.labels, (0.0, 1.0))
        over = np.where(usable, over, np.nan)  # one row without a prediction: no rate is known
        selected = over * (holdout.challenger >= self.threshold)
        counted = [np.where(column == name, part, 0.0) for part in (over, selected) for name in groups]
        return np.array(counted).reshape(2 * len(groups), holdout.rows)  # also where there is no group

    def _gap(
        self, measures: MetricsContext, rate: str, limit: float, groups: Sequence[str], counted: Array
    ) -> RuleResult:
        """One result a rate: the two groups that lie farthest apart speak for it."""
        sizes = counted[: len(groups)].sum(axis=1)
        large = np.flatnonzero(sizes >= self.min_rows)  # never true for NaN
        small = [name for name, size in zip(groups, sizes, strict=True) if not size >= self.min_rows]
        which = f"{self.column} {rate}"
        if np.isnan(sizes).any():
            return self._unknown(f"the {rate} cannot be measured: not every row has a prediction", f" {rate}")
        if len(large) < 2 or (small and self.groups):
            told = f"{join_names(small)} has" if small else "there are"
            sentence = f"{rate} by {self.column}: {told} fewer than {count(self.min_rows)} rows or groups to compare"
            return self._unknown(sentence, f" {rate}")
        sums = measures.summed(counted[[*large, *(large + len(groups))]])
        with np.errstate(invalid="ignore", divide="ignore"):
            rates = sums[:, len(large) :] / sums[:, : len(large)]
        found = measures.estimate(rates.max(axis=1) - rates.min(axis=1))
        judged = found if self.compare == "interval" else point_estimate(found.value, found.rows)
        outcome, missing = at_most(judged, limit), None
        names = [groups[int(position)] for position in large]
        sentence = self._sentence(rate, limit, names, rates[0], found.value, small)
        few = measures.too_few(found) if self.compare == "interval" else None
        if few:
            outcome, missing, sentence = RuleOutcome.INCONCLUSIVE, few[1], f"{rate} cannot be compared yet: {few[0]}"
        elif outcome is RuleOutcome.INCONCLUSIVE:
            missing = found.rows_to_reach(limit)
            sentence += rows_needed_phrase(missing)
        return self.result(
            outcome, sentence, about=which, estimate=judged, limit=limit, missing_rows=missing, bound="at most"
        )

    def _sentence(
        self, rate: str, limit: float, names: Sequence[str], rates: Array, gap: float, small: list[str]
    ) -> str:
        high, low = int(rates.argmax()), int(rates.argmin())
        left_out = f"; fewer than {count(self.min_rows)} rows and not judged: {join_names(small)}" if small else ""
        return (
            f"at {number(self.threshold)} the {rate} is {number(rates[high])} for {self.column} {names[high]} and "
            f"{number(rates[low])} for {names[low]}: a gap of {number(gap, limit)} between {len(names)} groups; "
            f"demanded: at most {number(limit, gap)}{left_out}"
        )

    def _unknown(self, sentence: str, which: str) -> RuleResult:
        return self.result(RuleOutcome.INCONCLUSIVE, sentence, about=f"{self.column}{which}")
