"""What a use case brings along to be judged by: a frozen golden set, and rules written in Python."""

from __future__ import annotations

import math
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, StringConstraints, model_validator

from gatehouse.core.gate.measurements import Measurement
from gatehouse.core.gate.rules.base import (
    MetricName,
    NotNegative,
    RangeRule,
    at_least,
    at_most,
    metric_title,
    point_estimate,
)
from gatehouse.core.gate.rules.measurement_rule import MeasurementRule, round_stable, rows_in, value_in
from gatehouse.core.statistics.metrics import metric_named
from gatehouse.core.types import RuleOutcome, RuleResult
from gatehouse.formatting import count, number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from gatehouse.core.gate.rules.metrics_context import MetricsContext


def _inside(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        raise ValueError(f"a file of the use-case folder is named by its path inside it; found {name!r}")
    return name


Inside = Annotated[str, AfterValidator(_inside)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class GoldenSet(RangeRule):
    """On a frozen set of labelled feature rows the challenger keeps within `min` and `max`, and so it does on the
    recent rows, which are the holdout; and on the golden set it is at most `margin` worse than the champion.

    `file` (.parquet or .csv) lies in the use-case folder, has the features' columns and `gh_label`, and is the one
    whose bytes have `sha256`.
    """

    rule: Literal["golden_set"]
    file: Annotated[Inside, StringConstraints(pattern=r"\.(parquet|csv)$")]
    sha256: Sha256
    metric: MetricName
    margin: NotNegative | None = None

    @model_validator(mode="after")
    def _has_a_limit(self) -> GoldenSet:
        if self.min is None and self.max is None and self.margin is None:
            raise ValueError("golden_set needs min, max, margin, or several of them")
        return self

    def metrics(self) -> tuple[str, ...]:
        return (self.metric,)

    @property
    def compares(self) -> bool:
        return self.min is None and self.max is None

    def files(self) -> tuple[str, ...]:
        return (self.file,)

    def need(self) -> Measurement:
        """What is to be measured: the metric of both models on that very file."""
        return Measurement.of("golden_set", file=self.file, sha256=self.sha256, metric=self.metric)

    def needs(self) -> tuple[Measurement, ...]:
        return (self.need(),)

    def judge(self, measures: MetricsContext) -> tuple[RuleResult, ...]:
        found = measures.found(self.need())
        if isinstance(found, str):
            return (self.result(RuleOutcome.INCONCLUSIVE, f"golden_set cannot be judged: {found}", about=self.metric),)
        golden = (value_in(found, "challenger"), rows_in(found))
        recent = measures.challenger(self.metric)
        results = []
        for limit, upper in self.sides():
            results.append(self._bound("golden", *golden, limit, upper=upper))
            results.append(self._bound("recent", recent.value, recent.rows, limit, upper=upper))
        if self.margin is not None and measures.has_champion:
            results.append(self._not_worse(golden[0], value_in(found, "champion"), golden[1], self.margin))
        return tuple(results)

    def _bound(self, which: str, value: float, rows: int, limit: float, *, upper: bool) -> RuleResult:
        measured = point_estimate(value, rows)
        outcome = at_most(measured, limit) if upper else at_least(measured, limit)
        bound = f"{'at most' if upper else 'at least'} {number(limit, value)}"
        sentence = f"{metric_title(self.metric)} on the {count(rows)} {which} rows is {number(value, limit)}; demanded: {bound}"
        if outcome is RuleOutcome.INCONCLUSIVE:
            sentence = f"{metric_title(self.metric)} cannot be measured on the {which} rows"
        about, side = f"{self.metric} {which} {'max' if upper else 'min'}", "at most" if upper else "at least"
        return self.result(outcome, sentence, about=about, estimate=measured, limit=limit, bound=side)

    def _not_worse(self, challenger: float, champion: float, rows: int, limit: float) -> RuleResult:
        loss = metric_named(self.metric).loss
        worse = round_stable(loss(challenger) - loss(champion))
        sentence = (
            f"{metric_title(self.metric)} on the {count(rows)} golden rows is {number(challenger, champion)}, the champion's "
            f"{number(champion, challenger)}; allowed: at most {number(limit, worse)} worse"
        )
        if math.isnan(worse):
            sentence = f"{metric_title(self.metric)} cannot be compared on the golden rows"
        measured = point_estimate(worse, rows)
        about = f"{self.metric} margin"
        outcome = at_most(measured, limit)
        return self.result(outcome, sentence, about=about, estimate=measured, limit=limit, bound="at most")


class PythonRule(MeasurementRule):
    """A rule of the use case's own: `function` is `file.py:name` in its folder.

    It is called with the held-out rows and what was measured when the evidence is gathered, and returns
    (value, limit, passed, sentence), which is archived with the hash of the file. What it raises is INCONCLUSIVE.
    """

    rule: Literal["python"]
    function: Annotated[Inside, StringConstraints(pattern=r"^[^:]+\.py:[A-Za-z_]\w*$")]

    @property
    def subject(self) -> str:
        return self.function.split(":")[1]

    def files(self) -> tuple[str, ...]:
        return (self.function.split(":")[0],)

    def need(self) -> Measurement:
        return Measurement.of("python", function=self.function)

    def weigh(self, found: Mapping[str, Any]) -> tuple[RuleResult, ...]:
        value, limit, passed = value_in(found, "value"), value_in(found, "limit"), found.get("passed")
        outcome = RuleOutcome.INCONCLUSIVE
        if isinstance(passed, bool) and math.isfinite(value):
            outcome = RuleOutcome.PASS if passed else RuleOutcome.FAIL
        measured, sentence = point_estimate(value, rows_in(found)), str(found.get("sentence", ""))
        bound = limit if math.isfinite(limit) else None
        return (self.result(outcome, sentence, about=self.subject, estimate=measured, limit=bound),)
