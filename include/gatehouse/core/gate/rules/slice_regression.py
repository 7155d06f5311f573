"""Not worse than the champion on any part of the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from gatehouse.core.gate.rules.base import NotNegative, metric_title
from gatehouse.core.gate.rules.slices import SliceRule, failing_slices
from gatehouse.core.types import RuleOutcome, RuleResult
from gatehouse.formatting import better_or_worse, count, number

if TYPE_CHECKING:
    from gatehouse.core.gate.rules.metrics_context import MetricsContext
    from gatehouse.core.statistics.block_bootstrap import Estimate


class SliceNotWorse(SliceRule):
    """On no slice is the challenger worse than the champion by more than `margin` (units of the metric)."""

    rule: Literal["slice_not_worse"]
    margin: NotNegative

    @property
    def compares(self) -> bool:
        return True

    @property
    def spends(self) -> bool:
        return True

    def judge(self, measures: MetricsContext) -> tuple[RuleResult, ...]:
        slices = self.found(measures)
        if isinstance(slices, RuleResult):
            return (slices,)
        judged = self.by_interval(measures, slices, self.margin, compare=True, sign=1.0)
        return (judged, *self.left_out(slices))

    def interval_sentence(
        self,
        worst: str,
        judged: Estimate,
        slices: int,
        bad: tuple[str, ...],
        outcome: RuleOutcome,
        measures: MetricsContext,
    ) -> str:
        subject = f"{metric_title(self.metric)} for {self.column} {worst} on {count(judged.rows)} rows"
        if not judged.low <= judged.high:
            return f"{subject} cannot be compared with the champion's; {failing_slices(bad, slices, outcome)}"
        ends = " to ".join(better_or_worse(end, self.margin) for end in (judged.low, judged.high))
        return (
            f"{subject} is {better_or_worse(judged.value, self.margin)} than the champion's ({ends}); allowed: at most "
            f"{number(self.margin, judged.low, judged.high)} worse; {failing_slices(bad, slices, outcome)}"
        )

    @property
    def limit(self) -> float:
        return self.margin
