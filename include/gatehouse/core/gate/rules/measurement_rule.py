"""Rules about what was measured with the models at hand when the evidence was gathered, and archived with it."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import TYPE_CHECKING

from gatehouse.core.gate.rules.base import Rule, at_most, point_estimate
from gatehouse.core.types import RuleOutcome, RuleResult

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from gatehouse.core.gate.measurements import Measurement
    from gatehouse.core.gate.rules.metrics_context import MetricsContext


class MeasurementRule(Rule):
    """A rule about something that is measured with the models at hand when the evidence is gathered."""

    @abstractmethod
    def need(self) -> Measurement:
        """What is to be measured."""

    @abstractmethod
    def weigh(self, found: Mapping[str, Any]) -> tuple[RuleResult, ...]:
        """The outcomes from what was measured."""

    @property
    def subject(self) -> str:
        """What tells this rule apart from another of its kind; empty when there is one only."""
        return ""

    def needs(self) -> tuple[Measurement, ...]:
        return (self.need(),)

    def judge(self, measures: MetricsContext) -> tuple[RuleResult, ...]:
        found = measures.found(self.need())
        if isinstance(found, str):
            return (
                self.result(RuleOutcome.INCONCLUSIVE, f"{self.rule} cannot be judged: {found}", about=self.subject),
            )
        return self.weigh(found)

    def weighed(
        self, value: float, limit: float, sentence: str, *, about: str | None = None, rows: int = 0
    ) -> RuleResult:
        """The result of a measured value that is to be at most `limit`; INCONCLUSIVE when it is no number."""
        measured = point_estimate(round_stable(value), rows)
        outcome = at_most(measured, limit)
        if outcome is RuleOutcome.INCONCLUSIVE:
            sentence = f"{self.rule} cannot be judged: what was measured is no number"
        about = self.subject if about is None else about
        return self.result(outcome, sentence, about=about, estimate=measured, limit=limit, bound="at most")


def value_in(found: Mapping[str, Any], name: str) -> float:
    """A number of what was archived; NaN when it is not there. (Canonical JSON writes NaN as text.)"""
    try:
        return float(found[name])
    except (KeyError, TypeError, ValueError):
        return math.nan


def rows_in(found: Mapping[str, Any]) -> int:
    """How many rows a measured value rests on; 0 when that is not known."""
    rows = value_in(found, "rows")
    return int(rows) if math.isfinite(rows) else 0


def round_stable(value: float) -> float:
    """The value with nine significant digits: what is judged does not hang on the last digits of a sum."""
    return float(f"{value:.9g}")
