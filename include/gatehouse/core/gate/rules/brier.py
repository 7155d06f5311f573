"""The Brier score taken apart: do the predictions mean what they say, and do they tell rows apart?"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import model_validator

from gatehouse.core.gate.evidence import Task
from gatehouse.core.gate.rules.base import Positive
from gatehouse.core.gate.rules.metric_bounds import BoundedRule

if TYPE_CHECKING:
    from gatehouse.core.gate.rules.metrics_context import MetricsContext
    from gatehouse.core.types import RuleResult


class BrierDecomposition(BoundedRule):
    """Reliability is at most `max_reliability`, resolution at least `min_resolution` (Murphy 1973)."""

    rule: Literal["brier_decomposition"]
    max_reliability: Positive | None = None
    min_resolution: Positive | None = None

    tasks: ClassVar[tuple[Task, ...]] = ("classification",)

    @model_validator(mode="after")
    def _has_a_limit(self) -> BrierDecomposition:
        if self.max_reliability is None and self.min_resolution is None:
            raise ValueError("brier_decomposition needs max_reliability, min_resolution, or both")
        return self

    def judge(self, measures: MetricsContext) -> tuple[RuleResult, ...]:
        bounds = (("reliability", self.max_reliability, True), ("resolution", self.min_resolution, False))
        return tuple(
            self.bounded(measures, metric, limit, upper=upper) for metric, limit, upper in bounds if limit is not None
        )
