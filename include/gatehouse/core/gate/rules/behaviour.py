"""How the challenger behaves when one input is changed and all others are kept, whatever the outcomes were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from gatehouse.core.gate.evidence import Task
from gatehouse.core.gate.measurements import Measurement
from gatehouse.core.gate.rules.base import Fraction, NotNegative, Rule, at_most, point_estimate
from gatehouse.core.gate.rules.measurement_rule import MeasurementRule, rows_in, value_in
from gatehouse.core.types import RuleOutcome, RuleResult
from gatehouse.formatting import count, join_names, number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from gatehouse.core.gate.rules.metrics_context import MetricsContext

Rows = Annotated[int, Field(ge=10, le=20_000)]
_EQUAL_DIGITS = 9


class PredictionsVary(Rule):
    """At most the share `max_share` of the held-out rows get one and the same prediction (to nine decimals)."""

    by_class: ClassVar[bool] = True

    rule: Literal["predictions_vary"]
    max_share: Annotated[float, Field(gt=0, lt=1)] = 0.5

    def judge(self, measures: MetricsContext) -> tuple[RuleResult, ...]:
        predictions, limit = measures.evidence.holdout.challenger, self.max_share
        if not len(predictions) or not np.isfinite(predictions).all():
            sentence = "not every held-out row has a prediction: whether they differ is not known"
            return (self.result(RuleOutcome.INCONCLUSIVE, sentence, limit=limit),)
        values, sizes = np.unique(np.round(predictions, _EQUAL_DIGITS), return_counts=True, axis=0)
        most = " / ".join(number(float(each)) for each in np.atleast_1d(values[sizes.argmax()]))
        share = point_estimate(float(sizes.max() / len(predictions)), len(predictions))
        sentence = (
            f"{count(len(values))} different predictions on {count(len(predictions))} rows; the most frequent one, "
            f"{most}, is that of {number(share.value, limit)} of them; "
            f"demanded: at most {number(limit, share.value)}"
        )
        return (self.result(at_most(share, limit), sentence, estimate=share, limit=limit, bound="at most"),)


class Monotone(MeasurementRule):
    """Along `feature`, with all else kept, predictions never go against `direction`, but for `max_violations` of pairs.

    On `rows` held-out rows the feature is set to each of `points` values, spread evenly over its different held-out
    ones; of every row's pairs of values, those whose predictions go the other way are violations.
    """

    by_class: ClassVar[bool] = True

    tasks: ClassVar[tuple[Task, ...]] = ("classification", "regression")

    rule: Literal["monotone"]
    feature: str
    direction: Literal["increasing", "decreasing"]
    max_violations: Fraction = 0.0
    points: Annotated[int, Field(ge=2, le=50)] = 10
    rows: Rows = 500

    @property
    def subject(self) -> str:
        return self.feature

    def need(self) -> Measurement:
        asked = {"of_class": self.of_class} if self.of_class else {}
        return Measurement.of("monotone", feature=self.feature, points=self.points, rows=self.rows, **asked)

    def weigh(self, found: Mapping[str, Any]) -> tuple[RuleResult, ...]:
        against = "falling" if self.direction == "increasing" else "rising"
        share, most = value_in(found, against), value_in(found, f"largest_{against}")
        sentence = (
            f"with rising {self.feature} the prediction is {against} in {number(share, self.max_violations)} of the "
            f"pairs of {found.get('points')} values on {count(rows_in(found))} rows "
            f"(by {number(most)} at most); demanded: at most {number(self.max_violations, share)}"
        )
        return (self.weighed(share, self.max_violations, sentence, rows=rows_in(found)),)


class Invariant(MeasurementRule):
    """When the values of `column` are shuffled over the rows, or replaced by each of `values`, predictions move by at
    most `max_mean_change` on average over the rows, and by at most `max_change` on every row."""

    rule: Literal["invariant"]
    column: str
    max_mean_change: NotNegative | None = None
    max_change: NotNegative | None = None
    values: tuple[str, ...] = ()
    rows: Rows = 2000

    @model_validator(mode="after")
    def _has_a_limit(self) -> Invariant:
        if self.max_mean_change is None and self.max_change is None:
            raise ValueError("invariant needs max_mean_change, max_change, or both")
        return self

    @property
    def subject(self) -> str:
        return self.column

    def need(self) -> Measurement:
        return Measurement.of("invariant", column=self.column, values=self.values, rows=self.rows)

    def weigh(self, found: Mapping[str, Any]) -> tuple[RuleResult, ...]:
        limits = (("mean_change", "on average", self.max_mean_change), ("change", "on one row", self.max_change))
        how = f"replaced by {join_names(self.values)}" if self.values else "shuffled"
        results = []
        for name, which, limit in limits:
            if limit is not None:
                value = value_in(found, name)
                sentence = (
                    f"with {self.column} {how} predictions move by {number(value, limit)} {which}; "
                    f"demanded: at most {number(limit, value)}"
                )
                about = f"{self.column} {name}"
                results.append(self.weighed(value, limit, sentence, about=about, rows=rows_in(found)))
        return tuple(results)


class HandlesUnseenValues(MeasurementRule):
    """The challenger predicts a finite number when a value is missing, and for a category that it never saw: each
    feature in turn, or those named in `columns`, on `rows` held-out rows."""

    rule: Literal["handles_unseen_values"]
    columns: tuple[str, ...] = ()
    rows: Rows = 100

    def need(self) -> Measurement:
        return Measurement.of("unseen", columns=self.columns, rows=self.rows)

    def weigh(self, found: Mapping[str, Any]) -> tuple[RuleResult, ...]:
        failures, tried = dict(found.get("failures", {})), value_in(found, "tried")
        value = float(len(failures)) if tried >= 1 else float("nan")
        if failures:
            told = join_names([f"{name} ({why})" for name, why in failures.items()], most=2)
            sentence = f"the model fails in {len(failures)} of {found.get('tried')} cases: {told}"
        else:
            sentence = f"the model predicts in all {found.get('tried')} cases of a missing value or an unseen category"
        return (self.weighed(value, 0.0, sentence, rows=rows_in(found)),)
