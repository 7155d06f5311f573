"""What all rules share: their place in `gate.yaml`, and how a measured value becomes an outcome."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from gatehouse.core.config.base import Spec
from gatehouse.core.gate.evidence import Task
from gatehouse.core.statistics.block_bootstrap import Estimate
from gatehouse.core.statistics.custom_metrics import is_own
from gatehouse.core.statistics.metrics import METRICS, metric_named
from gatehouse.core.types import RuleOutcome, RuleResult

if TYPE_CHECKING:
    from gatehouse.core.gate.measurements import Measurement
    from gatehouse.core.gate.rules.metrics_context import MetricsContext

OnFail = Literal["block", "review", "warn"]
Mode = Literal["enforce", "dry_run", "off"]
JudgeBy = Literal["estimate", "interval"]
NotNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]


def _known_metric(name: str) -> str:
    if name not in METRICS and not is_own(name):
        raise ValueError(
            f"{name!r} is no metric; allowed: {', '.join(METRICS)}, or the use case's own: use_case.metric"
        )
    return name


MetricName = Annotated[str, AfterValidator(_known_metric)]


class Rule(Spec):
    """One requirement. `description` is the risk owner's sentence; `on_fail` is what a FAIL means for the verdict.

    `mode: dry_run` judges and records without effect on the verdict, `off` does not judge. `of_class` asks it of one of more
    than two classes, against all others together.
    """

    model_config = ConfigDict(allow_inf_nan=False)

    rule: str
    description: Annotated[str, Field(min_length=1)]
    on_fail: OnFail = "block"
    mode: Mode = "enforce"
    of_class: Annotated[str, Field(min_length=1)] | None = Field(default=None, exclude_if=lambda name: name is None)

    by_class: ClassVar[bool] = False  # whether it looks at predictions, so that it can be asked of one class
    tasks: ClassVar[tuple[Task, ...]] = ("classification", "multiclass", "regression")

    def metrics(self) -> tuple[str, ...]:
        """The metrics that the rule asks for: they must be defined for the use case's task."""
        return ()

    def needs(self) -> tuple[Measurement, ...]:
        """What has to be measured with the models at hand when the evidence is gathered."""
        return ()

    def files(self) -> tuple[str, ...]:
        """The files of the use-case folder that the rule names."""
        return ()

    @property
    def slice_column(self) -> str | None:
        """The column of the use case's SLICES whose groups the rule judges; None where it judges all rows together."""
        return None

    @property
    def compares(self) -> bool:
        """Whether the rule needs a champion; without one it does not apply and `no_champion` decides."""
        return False

    @property
    def spends(self) -> bool:
        """Whether the rule lets a challenger pass by an interval that spends the error over looks at a champion."""
        return False

    def judged(self, measures: MetricsContext) -> tuple[RuleResult, ...]:
        """The outcomes of `judge`, of the class that the rule names where it names one."""
        if self.of_class is None:
            return self.judge(measures)
        known = measures.evidence.holdout.classes
        if self.of_class not in known:
            sentence = f"the evidence has no class {self.of_class!r}; it has {', '.join(known) or 'two classes'}"
            return (self.result(RuleOutcome.INCONCLUSIVE, sentence, about=self.of_class),)
        return tuple(self._about_class(each) for each in self.judge(measures.against_rest(self.of_class)))

    def _about_class(self, result: RuleResult) -> RuleResult:
        """A result that names its class: `metric_bound(roc_auc min pear)`."""
        subject = result.rule.removeprefix(self.rule).strip("()")
        name = f"{self.rule}({f'{subject} {self.of_class}'.strip()})"
        return replace(result, rule=name, sentence=f"{self.of_class} against the rest: {result.sentence}")

    @abstractmethod
    def judge(self, measures: MetricsContext) -> tuple[RuleResult, ...]:
        """The outcomes of the rule, at least one; what cannot be measured is INCONCLUSIVE, never PASS."""

    def result(
        self,
        outcome: RuleOutcome,
        sentence: str,
        *,
        about: str = "",
        estimate: Estimate | None = None,
        limit: float | None = None,
        missing_rows: int | None = None,
        bound: str = "",
    ) -> RuleResult:
        """A result of this rule; `about` tells several rules of one kind apart (a metric, a column).

        `low` and `high` of the record are the interval that was judged; a value judged as measured has none.
        """
        return RuleResult(
            rule=f"{self.rule}({about})" if about else self.rule,
            outcome=outcome,
            sentence=sentence,
            value=_finite(estimate.value) if estimate else None,
            limit=None if limit is None else float(limit),
            low=_finite(estimate.low) if estimate and estimate.blocks else None,
            high=_finite(estimate.high) if estimate and estimate.blocks else None,
            rows=estimate.rows if estimate else 0,
            missing_rows=missing_rows,
            on_fail=self.on_fail if self.mode == "enforce" else "dry_run",
            standard_error=_finite(estimate.standard_error) if estimate and estimate.blocks else None,
            bound=bound,
        )


class RangeRule(Rule):
    """A rule with a lower limit, an upper one, or both, in units of what it measures."""

    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min must not exceed max; found {self.min} and {self.max}")
        return self

    def sides(self) -> list[tuple[float, bool]]:
        """The limits that there are, each with whether it is the upper one."""
        return [(limit, upper) for limit, upper in ((self.min, False), (self.max, True)) if limit is not None]


def at_most(estimate: Estimate, limit: float) -> RuleOutcome:
    """PASS when the whole interval is at or below the limit, FAIL when all of it is above, INCONCLUSIVE otherwise.

    Every comparison with NaN is false, so what could not be measured ends as INCONCLUSIVE.
    """
    if estimate.low <= estimate.high <= limit:
        return RuleOutcome.PASS
    return RuleOutcome.FAIL if estimate.low > limit else RuleOutcome.INCONCLUSIVE


def at_least(estimate: Estimate, limit: float) -> RuleOutcome:
    """The mirror image of `at_most`."""
    return at_most(-estimate, -limit)


def more_than(estimate: Estimate, limit: float) -> RuleOutcome:
    """PASS when the whole interval is above the limit, FAIL when all of it is at or below: an equal is never better."""
    if limit < estimate.low <= estimate.high:
        return RuleOutcome.PASS
    return RuleOutcome.FAIL if estimate.high <= limit else RuleOutcome.INCONCLUSIVE


def point_estimate(value: float, rows: int) -> Estimate:
    """A value that is judged as it was measured: an interval without width."""
    return Estimate(value, value, value, 0.0, rows, 0)


def metric_title(metric: str) -> str:
    """The metric's name for people."""
    return metric_named(metric).title


def _finite(value: float) -> float | None:
    return value + 0.0 if math.isfinite(value) else None  # + 0.0: no negative zero on record
