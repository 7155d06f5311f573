"""Rules about the rows that the model was trained and held out on."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from gatehouse.core.config.base import SpanText
from gatehouse.core.contract.batch_calendar import Span
from gatehouse.core.gate.rules.base import Rule, point_estimate
from gatehouse.core.types import RuleOutcome, RuleResult
from gatehouse.formatting import count, join_names

if TYPE_CHECKING:
    from gatehouse.core.gate.rules.metrics_context import MetricsContext


class DataValidated(Rule):
    """Every batch trained on was validated and left no critical failure of the contract unresolved."""

    rule: Literal["data_validated"]

    def judge(self, measures: MetricsContext) -> tuple[RuleResult, ...]:
        facts = measures.facts
        if facts.failed_checks:
            sentence = f"{len(facts.failed_checks)} critical checks are unresolved: {join_names(facts.failed_checks)}"
            return (
                self.result(
                    RuleOutcome.FAIL,
                    sentence,
                    estimate=point_estimate(len(facts.failed_checks), 0),
                    limit=0.0,
                    bound="at most",
                ),
            )
        if facts.validated_batches < 1:
            return (self.result(RuleOutcome.INCONCLUSIVE, "no batch of the training set is known to be validated"),)
        sentence = f"all {count(facts.validated_batches)} batches trained on were validated"
        return (self.result(RuleOutcome.PASS, sentence, estimate=point_estimate(0, 0), limit=0.0, bound="at most"),)


class EnoughRows(Rule):
    """At least `min_rows` matured rows are held out, and outcomes of at least `min_maturity` of them are there."""

    rule: Literal["enough_rows"]
    min_rows: Annotated[int, Field(ge=1)]
    min_maturity: Annotated[float, Field(ge=0, le=1)] = 0.0

    def judge(self, measures: MetricsContext) -> tuple[RuleResult, ...]:
        return (self._rows(measures), self._maturity(measures))

    def _rows(self, measures: MetricsContext) -> RuleResult:
        rows = measures.rows
        short = self.min_rows - rows
        outcome = RuleOutcome.PASS if short <= 0 else RuleOutcome.INCONCLUSIVE
        sentence = f"{count(rows)} matured rows are held out; demanded: at least {count(self.min_rows)}"
        measured, missing = point_estimate(rows, rows), short if short > 0 else None
        return self.result(
            outcome, sentence, estimate=measured, limit=self.min_rows, missing_rows=missing, bound="at least"
        )

    def _maturity(self, measures: MetricsContext) -> RuleResult:
        maturity, rows = measures.facts.maturity, measures.rows
        mature = 0 <= self.min_maturity <= maturity <= 1
        demand = f"demanded: at least {self.min_maturity:.1%}"
        sentence = f"outcomes of {maturity:.1%} of the held-out rows are there; {demand}"
        missing = math.ceil(rows * (self.min_maturity / maturity - 1)) if not mature and 0 < maturity <= 1 else None
        return self.result(
            RuleOutcome.PASS if mature else RuleOutcome.INCONCLUSIVE,
            sentence,
            about="maturity",
            estimate=point_estimate(maturity, rows),
            limit=self.min_maturity,
            missing_rows=missing,
            bound="at least",
        )


class TrainingIsFresh(Rule):
    """Training ended before the held-out rows begin, and at most `max_age` before."""

    rule: Literal["training_is_fresh"]
    max_age: SpanText

    def judge(self, measures: MetricsContext) -> tuple[RuleResult, ...]:
        until, held_out = _utc(measures.facts.training_until), _utc(measures.facts.holdout_from)
        days = (held_out - until).total_seconds() / 86_400
        if until > held_out:
            outcome = RuleOutcome.FAIL
            sentence = f"training rows reach {-days:.1f} days into the holdout: the model has seen what it is judged on"
        else:
            outcome = RuleOutcome.PASS if Span.parse(self.max_age).after(until) >= held_out else RuleOutcome.FAIL
            sentence = f"training ended {days:.1f} days before the holdout begins; demanded: at most {self.max_age}"
        return (self.result(outcome, sentence, estimate=point_estimate(days, measures.facts.training_rows)),)


def _utc(moment: datetime) -> datetime:
    """Facts are in UTC; one that lost its zone on the way is read as UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
