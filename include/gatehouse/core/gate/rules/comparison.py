"""Rules that compare the challenger with the champion on the same held-out rows."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from gatehouse.core.gate.rules.base import (
    MetricName,
    NotNegative,
    OnFail,
    Rule,
    at_most,
    metric_title,
    more_than,
    point_estimate,
)
from gatehouse.core.statistics.metrics import metric_named
from gatehouse.core.types import RuleOutcome, RuleResult
from gatehouse.formatting import better_or_worse, count, number, rows_needed_phrase

if TYPE_CHECKING:
    from gatehouse.core.gate.rules.metrics_context import MetricsContext
    from gatehouse.core.statistics.block_bootstrap import Estimate


class ChampionComparison(Rule):
    """A paired comparison over blocks, with three outcomes: the interval clears the bound, excludes it, or straddles it.

    The end that lets a challenger pass has this look's share of the error (`core/gate/alpha_spending.py`), the other one the
    policy's. Subclasses say which side of the bound is the good one.
    """

    by_class: ClassVar[bool] = True

    metric: MetricName

    def metrics(self) -> tuple[str, ...]:
        return (self.metric,)

    @property
    def compares(self) -> bool:
        return True

    @property
    def spends(self) -> bool:
        return True

    def compared(
        self, measures: MetricsContext, outcome: RuleOutcome, estimate: Estimate, limit: float, demand: str, bound: str
    ) -> RuleResult:
        """The result of a judged comparison; too few rows or blocks make it INCONCLUSIVE whatever the interval says."""
        worse = measures.worsening(self.metric)
        confidence, at_look = measures.policy.confidence, _at_look(worse, limit, measures)
        sentence, missing = f"{describe_difference(self.metric, worse, confidence, limit, at_look)}; {demand}", None
        few = measures.too_few(worse)
        if few:
            outcome, missing = RuleOutcome.INCONCLUSIVE, few[1]
            sentence = f"{metric_title(self.metric)} cannot be compared yet: {few[0]}"
        elif outcome is RuleOutcome.INCONCLUSIVE:
            missing = self.to_settle(measures.at_look(worse, further=1))
            sentence += rows_needed_phrase(missing) or _never(estimate)
        return self.result(
            outcome, sentence, about=self.metric, estimate=estimate, limit=limit, missing_rows=missing, bound=bound
        )

    @abstractmethod
    def to_settle(self, worse: Estimate) -> int | None:
        """How many further matured rows would make it PASS at the present estimate; None when none would."""


class NotWorseThanChampion(ChampionComparison):
    """The challenger is not worse than the champion by more than `margin` (units of the metric)."""

    rule: Literal["not_worse_than_champion"]
    margin: NotNegative

    def judge(self, measures: MetricsContext) -> tuple[RuleResult, ...]:
        worse = measures.at_look(measures.worsening(self.metric))
        demand = f"allowed: at most {number(self.margin, worse.low, worse.high)} worse"
        return (self.compared(measures, at_most(worse, self.margin), worse, self.margin, demand, "at most"),)

    def to_settle(self, worse: Estimate) -> int | None:
        return worse.rows_to_reach(self.margin)


class BetterThanChampion(ChampionComparison):
    """The challenger is better than the champion by more than `margin` (units of the metric); an equal is not better."""

    rule: Literal["better_than_champion"]
    margin: NotNegative = 0.0

    def judge(self, measures: MetricsContext) -> tuple[RuleResult, ...]:
        gain = -measures.at_look(measures.worsening(self.metric))
        demand = f"demanded: more than {number(self.margin, gain.low, gain.high)} better"
        return (self.compared(measures, more_than(gain, self.margin), gain, self.margin, demand, "more than"),)

    def to_settle(self, worse: Estimate) -> int | None:
        return worse.rows_to_reach(-self.margin)


class SuspiciousGain(Rule):
    """The challenger is not better than the champion by more than `max_gain`, nor better than `best_plausible_value` at all:
    what is too good to be true usually leaks the outcome. An alarm, so it judges the measured values."""

    by_class: ClassVar[bool] = True

    rule: Literal["suspiciously_good"]
    on_fail: OnFail = "review"
    metric: MetricName
    max_gain: float | None = Field(default=None, gt=0)
    best_plausible_value: float | None = None

    @model_validator(mode="after")
    def _has_a_limit(self) -> SuspiciousGain:
        if self.max_gain is None and self.best_plausible_value is None:
            raise ValueError("suspiciously_good needs max_gain, best_plausible_value, or both")
        return self

    def metrics(self) -> tuple[str, ...]:
        return (self.metric,)

    @property
    def compares(self) -> bool:
        return self.best_plausible_value is None

    def judge(self, measures: MetricsContext) -> tuple[RuleResult, ...]:
        results = []
        if self.best_plausible_value is not None:
            results.append(self._by_level(measures, self.best_plausible_value))
        if self.max_gain is not None and measures.has_champion:
            results.append(self._by_gain(measures, self.max_gain))
        return tuple(results)

    def _by_gain(self, measures: MetricsContext, limit: float) -> RuleResult:
        gain = -measures.worsening(self.metric)
        measured = point_estimate(gain.value, gain.rows)
        sentence = (
            f"{metric_title(self.metric)} on {count(gain.rows)} rows is {better_or_worse(-gain.value, limit)} than the "
            f"champion's; "
            f"more than {number(limit, gain.value)} better is too good to be true"
        )
        return self._alarm(measures, at_most(measured, limit), sentence, measured, limit, "gain", "at most")

    def _by_level(self, measures: MetricsContext, limit: float) -> RuleResult:
        found, metric = measures.challenger(self.metric), metric_named(self.metric)
        measured = point_estimate(found.value, found.rows)
        outcome = at_most(point_estimate(metric.loss(limit), found.rows), metric.loss(found.value))
        sentence = (
            f"{metric_title(self.metric)} on {count(found.rows)} rows is {number(found.value, limit)}; "
            f"better than {number(limit, found.value)} is too good to be true"
        )
        bound = "at most" if metric.better == "higher" else "at least" if metric.better == "lower" else ""
        return self._alarm(measures, outcome, sentence, measured, limit, "level", bound)

    def _alarm(
        self,
        measures: MetricsContext,
        outcome: RuleOutcome,
        sentence: str,
        measured: Estimate,
        limit: float,
        which: str,
        bound: str,
    ) -> RuleResult:
        """The result; an alarm may ring on few rows, but its silence on few rows says nothing."""
        if outcome is RuleOutcome.PASS and measured.rows < measures.policy.min_rows:
            outcome = RuleOutcome.INCONCLUSIVE
        if outcome is RuleOutcome.INCONCLUSIVE:
            sentence = f"{metric_title(self.metric)} cannot be judged on {count(measured.rows)} rows"
        about = f"{self.metric} {which}"
        return self.result(outcome, sentence, about=about, estimate=measured, limit=limit, bound=bound)


def describe_difference(metric: str, worse: Estimate, confidence: float, limit: float, at_look: str = "") -> str:
    """`log loss on 28,243 rows is 0.021 worse than the champion's (95 % interval 0.004 to 0.038 worse; at look 3 up to
    0.047 worse)`."""
    if not worse.low <= worse.high:
        cause = "it is undefined for one of the two" if math.isnan(worse.value) else "too few or too unequal blocks"
        return f"{metric_title(metric)} on {count(worse.rows)} rows cannot be compared with the champion's: {cause}"
    if worse.low == worse.high == 0:
        return f"{metric_title(metric)} on {count(worse.rows)} rows is equal to the champion's in every resample"
    interval = f"{100 * confidence:g} % interval {_range(worse, limit)}{at_look}"
    rows = count(worse.rows)
    return f"{metric_title(metric)} on {rows} rows is {better_or_worse(worse.value, limit)} than the champion's ({interval})"


def _at_look(worse: Estimate, limit: float, measures: MetricsContext) -> str:
    """`; at look 3 up to 0.047 worse`: the end that the share of the error of this look leads to."""
    if measures.look is None:
        return ""
    high = measures.at_look(worse).high
    return f"; at look {measures.look.number} {'up to' if high > 0 else 'at least'} {better_or_worse(high, limit)}"


def _range(worse: Estimate, limit: float) -> str:
    """Both ends with the smaller magnitude first, or from better to worse when zero lies between them."""
    if worse.low < 0 < worse.high:
        return f"{better_or_worse(worse.low, limit)} to {better_or_worse(worse.high, limit)}"
    near, far = sorted((worse.low, worse.high), key=abs)
    return f"{number(abs(near), limit)} to {better_or_worse(far, limit)}"


def _never(estimate: Estimate) -> str:
    return "; more rows would not settle it at this value" if estimate.low <= estimate.high else ""
