"""Rules about what the model learned from: enough of it, of the kind it is judged on, and not from one column alone."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from gatehouse.core.config.triggers import Distance
from gatehouse.core.gate.measurements import Measurement
from gatehouse.core.gate.rules.base import Positive, Rule, at_least, point_estimate
from gatehouse.core.gate.rules.measurement_rule import MeasurementRule, rows_in, value_in
from gatehouse.core.types import RuleOutcome, RuleResult
from gatehouse.formatting import count, join_names, number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from gatehouse.core.gate.rules.metrics_context import MetricsContext

_MARK = "gh_"  # the label is measured too, and judged only when it is named


class EnoughTrainingRows(Rule):
    """The challenger was trained on at least `min_rows` rows. Too few is FAIL: no later row will reach this model."""

    rule: Literal["enough_training_rows"]
    min_rows: Annotated[int, Field(ge=1)]

    def judge(self, measures: MetricsContext) -> tuple[RuleResult, ...]:
        rows = measures.facts.training_rows
        if rows <= 0:
            sentence = "the number of rows trained on is not known"
            return (self.result(RuleOutcome.INCONCLUSIVE, sentence, limit=self.min_rows),)
        outcome = at_least(point_estimate(rows, rows), self.min_rows)
        sentence = f"trained on {count(rows)} rows; demanded: at least {count(self.min_rows)}"
        return (
            self.result(outcome, sentence, estimate=point_estimate(rows, rows), limit=self.min_rows, bound="at least"),
        )


class HoldoutDrift(MeasurementRule):
    """The held-out rows resemble those trained on: each feature's `distance` is at most `limit`, or within what chance
    moves it by (`gatehouse.core.drift`). `columns` names the features that are judged; without it all are."""

    rule: Literal["holdout_drift"]
    distance: Distance = "js"
    limit: Positive
    columns: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        return self.distance

    def need(self) -> Measurement:
        return Measurement.of("holdout_drift", distance=self.distance)

    def weigh(self, found: Mapping[str, Any]) -> tuple[RuleResult, ...]:
        measured = {str(name): dict(values) for name, values in dict(found.get("columns", {})).items()}
        judged = self.columns or tuple(name for name in measured if not name.startswith(_MARK))
        unknown = [name for name in judged if math.isnan(value_in(measured.get(name, {}), "value"))]
        if unknown or not judged:
            sentence = f"the drift of {join_names(unknown) or 'any feature'} was not measured; measured: {join_names(measured)}"
            return (self.result(RuleOutcome.INCONCLUSIVE, sentence, about=self.subject, limit=self.limit),)
        beyond = {name: self._beyond(measured[name]) for name in judged}
        moved = sorted((name for name, by in beyond.items() if by > 0), key=lambda name: -beyond[name])
        worst = moved[0] if moved else max(judged, key=lambda name: value_in(measured[name], "value"))
        value = value_in(measured[worst], "value")
        limit = self._limit(measured[worst]) if moved else max(self.limit, value)
        told = f"; {len(moved)} of {len(judged)} features moved: {join_names(moved)}" if moved else ""
        sentence = (
            f"from training to holdout {worst} moved by {number(value, limit)} ({self.distance}); "
            f"demanded: at most {number(limit, value)}{told}"
        )
        return (self.weighed(value, limit, sentence, rows=rows_in(found)),)

    def _limit(self, measured: Mapping[str, Any]) -> float:
        noise = value_in(measured, "noise")
        return self.limit if math.isnan(noise) else max(self.limit, noise)

    def _beyond(self, measured: Mapping[str, Any]) -> float:
        return value_in(measured, "value") - self._limit(measured)


class NoDominantFeature(MeasurementRule):
    """No feature has more than the share `max_share` of the importance of all (those that help; the rest count as 0)."""

    rule: Literal["no_dominant_feature"]
    max_share: Annotated[float, Field(gt=0, lt=1)]

    def need(self) -> Measurement:
        return Measurement.of("importance")

    def weigh(self, found: Mapping[str, Any]) -> tuple[RuleResult, ...]:
        raw = {str(name): value_in(dict(found.get("features", {})), name) for name in dict(found.get("features", {}))}
        helping = {name: max(value, 0.0) for name, value in raw.items() if math.isfinite(value)}
        total = sum(helping.values())
        if len(helping) < len(raw) or not total > 0:
            sentence = "no feature's importance could be told from nothing: which one dominates is not known"
            return (self.result(RuleOutcome.INCONCLUSIVE, sentence, limit=self.max_share),)
        most = max(helping, key=lambda name: helping[name])
        share = helping[most] / total
        sentence = (
            f"{most} has {number(share, self.max_share)} of the importance of {len(helping)} features; "
            f"demanded: at most {number(self.max_share, share)}"
        )
        return (self.weighed(share, self.max_share, sentence),)
