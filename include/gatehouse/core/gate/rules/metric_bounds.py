"""Rules about the challenger alone: a metric within bounds, predictions that mean what they say."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import model_validator

from gatehouse.core.gate.rules.base import (
    JudgeBy,
    MetricName,
    Positive,
    RangeRule,
    Rule,
    at_least,
    at_most,
    metric_title,
    point_estimate,
)
from gatehouse.core.types import RuleOutcome, RuleResult
from gatehouse.formatting import count, number, rows_needed_phrase

if TYPE_CHECKING:
    from gatehouse.core.gate.rules.metrics_context import MetricsContext
    from gatehouse.core.statistics.block_bootstrap import Estimate


class BoundedRule(Rule):
    """Holds a metric of the challenger to a limit: its measured value or, `compare: interval`, its whole interval."""

    by_class: ClassVar[bool] = True

    compare: JudgeBy = "estimate"

    def bounded(self, measures: MetricsContext, metric: str, limit: float, *, upper: bool) -> RuleResult:
        """The result for one limit, an upper or a lower one."""
        found = measures.challenger(metric)
        judged = found if self.compare == "interval" else point_estimate(found.value, found.rows)
        outcome = at_most(judged, limit) if upper else at_least(judged, limit)
        bound = f"demanded: {'at most' if upper else 'at least'} {number(limit, found.value)}"
        sentence = f"{metric_title(metric)} on {count(found.rows)} rows is {_measured(found, limit, measures)}; {bound}"
        missing = None
        few = self._few(measures, found)
        if few:
            outcome, missing, sentence = (
                RuleOutcome.INCONCLUSIVE,
                few[1],
                f"{metric_title(metric)} cannot be judged yet: {few[0]}",
            )
        elif math.isnan(found.value):
            sentence = f"{metric_title(metric)} cannot be measured on {count(found.rows)} rows"
        elif outcome is RuleOutcome.INCONCLUSIVE:
            missing = found.rows_to_reach(limit) if upper else (-found).rows_to_reach(-limit)
            sentence += rows_needed_phrase(missing)
        which = f"{metric} {'max' if upper else 'min'}"
        side = "at most" if upper else "at least"
        return self.result(
            outcome, sentence, about=which, estimate=judged, limit=limit, missing_rows=missing, bound=side
        )

    def _few(self, measures: MetricsContext, found: Estimate) -> tuple[str, int] | None:
        few = measures.too_few(found)
        return few if self.compare == "interval" or found.rows < measures.policy.min_rows else None


class MetricBound(BoundedRule, RangeRule):
    """A metric of the challenger is at least `min`, at most `max`, or both."""

    rule: Literal["metric_bound"]
    metric: MetricName

    @model_validator(mode="after")
    def _has_a_bound(self) -> MetricBound:
        if self.min is None and self.max is None:
            raise ValueError("metric_bound needs min, max, or both")
        return self

    def metrics(self) -> tuple[str, ...]:
        return (self.metric,)

    def judge(self, measures: MetricsContext) -> tuple[RuleResult, ...]:
        return tuple(self.bounded(measures, self.metric, limit, upper=upper) for limit, upper in self.sides())


class CalibrationRule(BoundedRule):
    """|mean prediction - mean outcome| is at most `max_gap`, and the expected calibration error at most `max_ece`."""

    rule: Literal["calibration"]
    max_gap: Positive
    max_ece: Positive | None = None

    def metrics(self) -> tuple[str, ...]:
        return ("calibration_gap", "ece") if self.max_ece is not None else ("calibration_gap",)

    def judge(self, measures: MetricsContext) -> tuple[RuleResult, ...]:
        results = [self._gap(measures)]
        if self.max_ece is not None:
            results.append(self.bounded(measures, "ece", self.max_ece, upper=True))
        return tuple(results)

    def _gap(self, measures: MetricsContext) -> RuleResult:
        """The gap has two bad sides: it is held to the bound that it is nearer to."""
        positive = measures.challenger("calibration_gap").value > 0
        return self.bounded(measures, "calibration_gap", self.max_gap if positive else -self.max_gap, upper=positive)


def _measured(found: Estimate, limit: float, measures: MetricsContext) -> str:
    value = number(found.value, limit)
    if not found.low <= found.high:
        return value
    ends = f"{number(found.low, limit)} to {number(found.high, limit)}"
    return f"{value} ({100 * measures.policy.confidence:g} % interval {ends})"
