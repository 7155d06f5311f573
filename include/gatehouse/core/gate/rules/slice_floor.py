"""A floor for each part of the rows: a model that is good on average may fail one carrier or one airport."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import model_validator

from gatehouse.core.gate.rules.base import JudgeBy, metric_title, point_estimate
from gatehouse.core.gate.rules.slices import SliceRule, Slices, failing_slices
from gatehouse.core.types import RuleOutcome, RuleResult
from gatehouse.formatting import count, join_names, number

if TYPE_CHECKING:
    from gatehouse.core.gate.rules.metrics_context import MetricsContext
    from gatehouse.core.statistics.block_bootstrap import Estimate


class SliceFloor(SliceRule):
    """A metric of the challenger keeps within a bound on every slice: `compare: interval` with the family's error, or
    `estimate`, the measured values, which noise alone puts beyond the bound the more often the more slices there are."""

    rule: Literal["slice_floor"]
    min: float | None = None
    max: float | None = None
    compare: JudgeBy = "interval"

    @model_validator(mode="after")
    def _has_one_bound(self) -> SliceFloor:
        if (self.min is None) == (self.max is None):
            raise ValueError("slice_floor needs exactly one of min and max")
        return self

    def judge(self, measures: MetricsContext) -> tuple[RuleResult, ...]:
        slices = self.found(measures)
        if isinstance(slices, RuleResult):
            return (slices,)
        if self.compare == "interval":
            sign = 1.0 if self.min is None else -1.0
            floor = self.by_interval(measures, slices, self.limit, compare=False, sign=sign)
        else:
            floor = self._by_estimate(measures, slices)
        return (floor, *self.left_out(slices))

    def _by_estimate(self, measures: MetricsContext, slices: Slices) -> RuleResult:
        """One result for all slices that could be measured: the worst one speaks for them."""
        column, upper = measures.evidence.holdout.slices[self.column], self.max is not None
        values = {name: measures.value(self.metric, column == name) for name in slices.judged}
        unmeasured = [name for name, value in values.items() if np.isnan(value)]
        measured = {name: value for name, value in values.items() if not np.isnan(value)}
        if not measured:
            return self.unknown(f"no slice of {self.column} can be measured with at least {count(self.min_rows)} rows")
        worst = (max if upper else min)(measured, key=lambda name: measured[name])
        estimate = point_estimate(measured[worst], slices.sizes[worst])
        bad = [name for name, value in measured.items() if (value > self.limit if upper else value < self.limit)]
        if unmeasured and not bad:
            return self.unknown(
                f"{metric_title(self.metric)} cannot be measured on {self.column} {join_names(unmeasured)}"
            )
        outcome, bound = RuleOutcome.FAIL if bad else RuleOutcome.PASS, "at most" if upper else "at least"
        sentence = (
            f"{metric_title(self.metric)} is worst for {self.column} {worst}: {number(estimate.value, self.limit)} on "
            f"{count(estimate.rows)} rows; demanded: {self._demanded(estimate.value)}; "
            f"{failing_slices(tuple(bad), len(measured), outcome)}"
        )
        return self.result(outcome, sentence, about=self.column, estimate=estimate, limit=self.limit, bound=bound)

    def interval_sentence(
        self,
        worst: str,
        judged: Estimate,
        slices: int,
        bad: tuple[str, ...],
        outcome: RuleOutcome,
        measures: MetricsContext,
    ) -> str:
        ends = f" ({number(judged.low, self.limit)} to {number(judged.high, self.limit)})"
        return (
            f"{metric_title(self.metric)} is worst for {self.column} {worst}: {number(judged.value, self.limit)}"
            f"{ends if judged.low <= judged.high else ''} on {count(judged.rows)} rows; demanded: "
            f"{self._demanded(judged.value)}; {failing_slices(bad, slices, outcome)}"
        )

    def _demanded(self, value: float) -> str:
        return f"{'at least' if self.max is None else 'at most'} {number(self.limit, value)}"

    @property
    def limit(self) -> float:
        return next(limit for limit in (self.min, self.max) if limit is not None)
