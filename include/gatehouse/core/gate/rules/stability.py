"""Stability: a model that is good on the average of a month may have failed a whole week of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from gatehouse.core.config.base import SpanText
from gatehouse.core.contract.batch_calendar import Span
from gatehouse.core.gate.rules.base import (
    MetricName,
    Positive,
    RangeRule,
    at_least,
    at_most,
    metric_title,
    point_estimate,
)
from gatehouse.core.gate.rules.measurement_rule import round_stable
from gatehouse.core.statistics.block_bootstrap import block_codes
from gatehouse.core.types import RuleOutcome, RuleResult
from gatehouse.formatting import count, join_names, number

if TYPE_CHECKING:
    from gatehouse.core.gate.rules.metrics_context import MetricsContext


class StableOverTime(RangeRule):
    """A metric of the challenger, on each stretch of time `period` of the holdout that has at least `min_rows` rows,
    keeps within `min` and `max`, and its best and its worst stretch differ by at most `max_spread`."""

    by_class: ClassVar[bool] = True

    rule: Literal["stable_over_time"]
    metric: MetricName
    period: SpanText = "1 week"
    max_spread: Positive | None = None
    min_rows: Annotated[int, Field(ge=1)] = 500

    @model_validator(mode="after")
    def _has_a_limit(self) -> StableOverTime:
        if self.min is None and self.max is None and self.max_spread is None:
            raise ValueError("stable_over_time needs min, max, max_spread, or several of them")
        return self

    def metrics(self) -> tuple[str, ...]:
        return (self.metric,)

    def judge(self, measures: MetricsContext) -> tuple[RuleResult, ...]:
        values, sizes, small = self._by_period(measures)
        results = [self._worst(values, sizes, limit, upper=upper) for limit, upper in self.sides()]
        if self.max_spread is not None:
            results.append(self._spread(values, sizes, self.max_spread))
        if small and values:
            few = f"from {join_names(small)} have fewer than {count(self.min_rows)} rows and are not judged"
            results.append(self.result(RuleOutcome.WARN, f"the rows {few}", about=f"{self.metric} small"))
        return tuple(results)

    @property
    def _stretch(self) -> str:
        return self.period.removeprefix("1 ")

    def _by_period(self, measures: MetricsContext) -> tuple[dict[str, float], dict[str, int], list[str]]:
        """The metric and the rows of each stretch, named by its first row's day, and the names of those too small."""
        time = measures.evidence.holdout.time
        codes = block_codes(time, Span.parse(self.period), measures.policy.day_start_utc)
        values: dict[str, float] = {}
        sizes: dict[str, int] = {}
        small = []
        for code in range(int(codes.max(initial=-1)) + 1):
            where = codes == code
            name = np.datetime_as_string(time[where].min(), unit="D" if "hour" not in self.period else "h")
            if where.sum() < self.min_rows:
                small.append(str(name))
                continue
            values[str(name)], sizes[str(name)] = measures.value(self.metric, where), int(where.sum())
        return values, sizes, small

    def _worst(self, values: dict[str, float], sizes: dict[str, int], limit: float, *, upper: bool) -> RuleResult:
        """One result a bound: the worst stretch speaks for all."""
        which = f"{self.metric} {'max' if upper else 'min'}"
        known = {name: value for name, value in values.items() if not math.isnan(value)}
        if not known:
            return self._unknown(which, f"no {self.period} has {count(self.min_rows)} rows to measure it on", limit)
        worst = (max if upper else min)(known, key=lambda name: known[name])
        estimate = point_estimate(known[worst], sizes[worst])
        outcome = at_most(estimate, limit) if upper else at_least(estimate, limit)
        if len(known) < len(values) and outcome is RuleOutcome.PASS:
            return self._unknown(which, f"it is undefined from {join_names(values.keys() - known.keys())}", limit)
        bad = sum(value > limit if upper else value < limit for value in known.values())
        sentence = (
            f"{metric_title(self.metric)} is worst in the {self._stretch} from {worst}: {number(estimate.value, limit)} on "
            f"{count(estimate.rows)} rows; demanded: {'at most' if upper else 'at least'} "
            f"{number(limit, estimate.value)}; {bad} of {len(known)} miss it"
        )
        side = "at most" if upper else "at least"
        return self.result(outcome, sentence, about=which, estimate=estimate, limit=limit, bound=side)

    def _spread(self, values: dict[str, float], sizes: dict[str, int], limit: float) -> RuleResult:
        which = f"{self.metric} spread"
        if len(values) < 2 or any(math.isnan(value) for value in values.values()):
            found = f"{len(values)} found, each with {count(self.min_rows)} rows" if len(values) < 2 else "one has none"
            return self._unknown(which, f"a spread needs a value in each of two stretches; {found}", limit)
        low, high = (choose(values, key=lambda name: values[name]) for choose in (min, max))
        estimate = point_estimate(round_stable(values[high] - values[low]), sum(sizes.values()))
        sentence = (
            f"{metric_title(self.metric)} lies between {number(values[low])} ({self._stretch} from {low}) and "
            f"{number(values[high])} (from {high}); demanded: a spread of at most {number(limit, estimate.value)}"
        )
        return self.result(
            at_most(estimate, limit), sentence, about=which, estimate=estimate, limit=limit, bound="at most"
        )

    def _unknown(self, which: str, why: str, limit: float) -> RuleResult:
        sentence = f"{metric_title(self.metric)} by {self.period} cannot be judged: {why}"
        return self.result(RuleOutcome.INCONCLUSIVE, sentence, about=which, limit=limit)
