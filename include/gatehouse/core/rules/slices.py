"""A floor for each part of the rows: a model that is good on average may fail one carrier or one airport."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from gatehouse.core.records import Outcome, RuleResult
from gatehouse.core.rules.base import MetricName, Rule, at_least, at_most, exactly, title
from gatehouse.core.wording import count, listed, number

if TYPE_CHECKING:
    from gatehouse.core.rules.measures import Measures


class SliceFloor(Rule):
    """A metric of the challenger keeps within a bound on every slice of a column that has at least `min_rows` rows.

    `slices` names the values that are judged; without it, every value found is. A named slice that is missing or too
    small is INCONCLUSIVE; a small slice that nobody named is listed in a WARN.
    """

    rule: Literal["slice_floor"]
    column: str
    metric: MetricName
    min: float | None = None
    max: float | None = None
    min_rows: Annotated[int, Field(ge=1)] = 200
    slices: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _has_one_bound(self) -> SliceFloor:
        if (self.min is None) == (self.max is None):
            raise ValueError("slice_floor needs exactly one of min and max")
        return self

    def metrics(self) -> tuple[str, ...]:
        return (self.metric,)

    def judge(self, measures: Measures) -> tuple[RuleResult, ...]:
        column = measures.evidence.holdout.slices.get(self.column)
        if column is None:
            found = listed(sorted(measures.evidence.holdout.slices)) or "none"
            return (self._unknown(f"the evidence has no slices by {self.column!r}; it has {found}"),)
        sizes = dict(zip(*(part.tolist() for part in np.unique(column, return_counts=True)), strict=True))
        judged = self.slices or tuple(sizes)
        large = [name for name in judged if sizes.get(name, 0) >= self.min_rows]
        values = {name: measures.value(self.metric, column == name) for name in large}
        return (self._floor(values, sizes), *self._left_out(judged, sizes))

    def _floor(self, values: dict[str, float], sizes: dict[str, int]) -> RuleResult:
        """One result for all slices that could be measured: the worst one speaks for them."""
        unmeasured = [name for name, value in values.items() if np.isnan(value)]
        measured = {name: value for name, value in values.items() if not np.isnan(value)}
        if not measured:
            return self._unknown(f"no slice of {self.column} can be measured with at least {count(self.min_rows)} rows")
        worst = (min if self.max is None else max)(measured, key=lambda name: measured[name])
        estimate, limit = exactly(measured[worst], sizes[worst]), self._limit
        outcome = at_least(estimate, limit) if self.max is None else at_most(estimate, limit)
        bad = [name for name, value in measured.items() if (value < limit if self.max is None else value > limit)]
        if unmeasured and outcome is Outcome.PASS:
            return self._unknown(f"{title(self.metric)} cannot be measured on {self.column} {listed(unmeasured)}")
        sentence = self._sentence(worst, estimate.value, estimate.rows, len(measured), bad)
        return self.result(outcome, sentence, about=self.column, estimate=estimate, limit=limit)

    def _sentence(self, worst: str, value: float, rows: int, slices: int, bad: list[str]) -> str:
        bound = f"{'at least' if self.max is None else 'at most'} {number(self._limit, value)}"
        which = f"{len(bad)} of {slices} slices miss it: {listed(bad)}" if bad else f"all {slices} slices hold it"
        return (
            f"{title(self.metric)} is worst for {self.column} {worst}: {number(value, self._limit)} "
            f"on {count(rows)} rows; demanded: {bound}; {which}"
        )

    def _left_out(self, judged: tuple[str, ...], sizes: dict[str, int]) -> list[RuleResult]:
        missing = [name for name in judged if name not in sizes]
        small = [name for name in judged if 0 < sizes.get(name, 0) < self.min_rows]
        results = []
        if missing:
            results.append(self._unknown(f"no held-out row has {self.column} {listed(missing)}", " missing"))
        if small:
            sentence = f"{self.column} {listed(small)} has fewer than {count(self.min_rows)} rows and is not judged"
            outcome = Outcome.INCONCLUSIVE if self.slices else Outcome.WARN
            results.append(self.result(outcome, sentence, about=f"{self.column} small"))
        return results

    def _unknown(self, sentence: str, which: str = "") -> RuleResult:
        return self.result(Outcome.INCONCLUSIVE, sentence, about=f"{self.column}{which}", limit=self._limit)

    @property
    def _limit(self) -> float:
        return next(limit for limit in (self.min, self.max) if limit is not None)
