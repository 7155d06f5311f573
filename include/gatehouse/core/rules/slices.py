"""Rules for each part of the rows: a model that is good on average may fail one carrier or one airport."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from gatehouse.core.records import Outcome, RuleResult
from gatehouse.core.rules.base import Judge, MetricName, NotNegative, Rule, at_most, exactly, title
from gatehouse.core.statistics.family import holm
from gatehouse.core.wording import about, count, listed, number

if TYPE_CHECKING:
    from gatehouse.core.rules.measures import Measures
    from gatehouse.core.statistics.blocks import Estimate


@dataclass(frozen=True)
class Slices:
    """The slices of one column: the rows of each, and which are judged, missing or too small."""

    sizes: dict[str, int]
    judged: tuple[str, ...]
    missing: tuple[str, ...]
    small: tuple[str, ...]


class SliceRule(Rule):
    """A bound for every slice of a column that has at least `min_rows` rows.

    `slices` names the values that are judged; without it, every value found is. A named slice that is missing or too
    small is INCONCLUSIVE; a small slice that nobody named is listed in a WARN.

    The error is that of the family: the rule is FAIL when Holm's procedure finds a slice beyond the bound, so that all
    sound slices pass together with the policy's confidence; it is PASS when every slice's interval is within, which
    needs no correction, since one bad slice suffices to prevent it (Berger 1982, intersection-union tests).
    """

    column: str
    metric: MetricName
    min_rows: Annotated[int, Field(ge=1)] = 200
    slices: tuple[str, ...] = ()

    def metrics(self) -> tuple[str, ...]:
        return (self.metric,)

    def found(self, measures: Measures) -> Slices | RuleResult:
        """The slices in the evidence, or the result that says that it has none by this column."""
        column = measures.evidence.holdout.slices.get(self.column)
        if column is None:
            known = listed(sorted(measures.evidence.holdout.slices)) or "none"
            return self.unknown(f"the evidence has no slices by {self.column!r}; it has {known}")
        names, counts = np.unique(column, return_counts=True)
        sizes = dict(zip(names.tolist(), counts.tolist(), strict=True))
        asked = self.slices or tuple(sizes)
        return Slices(
            sizes=sizes,
            judged=tuple(name for name in asked if sizes.get(name, 0) >= self.min_rows),
            missing=tuple(name for name in asked if name not in sizes),
            small=tuple(name for name in asked if 0 < sizes.get(name, 0) < self.min_rows),
        )

    def by_interval(
        self, measures: Measures, slices: Slices, limit: float, *, compare: bool, sign: float
    ) -> RuleResult:
        """One result for all slices: the one nearest to failing, or to not passing, speaks for them.

        Values times `sign` are held to be at most `limit` times `sign`; a comparison judges by how much the challenger
        is worse than the champion.
        """
        column, error = measures.evidence.holdout.slices[self.column], measures.error
        found = {name: measures.part(self.metric, column == name, compare) for name in slices.judged}
        turned = {name: one if sign > 0 else -one for name, one in found.items()}
        unclear = {name: measures.too_few_blocks(one) for name, one in turned.items()}
        unclear = {name: why for name, why in unclear.items() if why}
        if not turned:
            return self.unknown(f"no slice of {self.column} has at least {count(self.min_rows)} rows")
        upper = measures.look.error if compare and measures.look else None
        held = {name: measures.stretched(one, error / len(turned), upper) for name, one in turned.items()}
        p_values = {name: one.error_beyond(sign * limit, error) for name, one in turned.items() if name not in unclear}
        bad = holm({name: p_values.get(name, math.nan) for name in turned}, error)
        if bad:
            outcome, worst = Outcome.FAIL, bad[0]
        else:
            outcomes = {name: at_most(one, sign * limit) for name, one in held.items()}
            open_ones = [name for name, one in outcomes.items() if one is not Outcome.PASS or name in unclear]
            outcome = Outcome.INCONCLUSIVE if open_ones else Outcome.PASS
            worst = max(open_ones or held, key=lambda name: _nan_first(held[name].high))
        judged = held[worst] if sign > 0 else -held[worst]
        later = measures.at_look(turned[worst], further=1) if compare else turned[worst]
        missing = None if outcome is not Outcome.INCONCLUSIVE else _missing(later, sign * limit, measures)
        sentence = self.interval_sentence(worst, judged, len(found), bad, outcome, measures)
        if outcome is Outcome.INCONCLUSIVE:
            sentence += f": {unclear[worst]}" if worst in unclear else _settling(missing)
        bound = "at most" if sign > 0 else "at least"
        return self.result(
            outcome, sentence, about=self.column, estimate=judged, limit=limit, missing_rows=missing, bound=bound
        )

    def interval_sentence(
        self, worst: str, judged: Estimate, slices: int, bad: tuple[str, ...], outcome: Outcome, measures: Measures
    ) -> str:
        """What the result tells of its worst slice."""
        raise NotImplementedError

    def left_out(self, slices: Slices) -> list[RuleResult]:
        """A missing slice and small slices are results of their own."""
        results = []
        if slices.missing:
            results.append(self.unknown(f"no held-out row has {self.column} {listed(slices.missing)}", " missing"))
        if slices.small:
            rows = count(self.min_rows)
            sentence = f"{self.column} {listed(slices.small)} has fewer than {rows} rows and is not judged"
            outcome = Outcome.INCONCLUSIVE if self.slices else Outcome.WARN
            results.append(self.result(outcome, sentence, about=f"{self.column} small"))
        return results

    def unknown(self, sentence: str, which: str = "") -> RuleResult:
        """What could not be measured."""
        return self.result(Outcome.INCONCLUSIVE, sentence, about=f"{self.column}{which}", limit=self.limit)

    @property
    def limit(self) -> float:
        """What every slice is held to."""
        raise NotImplementedError


class SliceFloor(SliceRule):
    """A metric of the challenger keeps within a bound on every slice: `judge_by: interval` with the family's error, or
    `estimate`, the measured values, which noise alone puts beyond the bound the more often the more slices there are."""

    rule: Literal["slice_floor"]
    min: float | None = None
    max: float | None = None
    judge_by: Judge = "interval"

    @model_validator(mode="after")
    def _has_one_bound(self) -> SliceFloor:
        if (self.min is None) == (self.max is None):
            raise ValueError("slice_floor needs exactly one of min and max")
        return self

    def judge(self, measures: Measures) -> tuple[RuleResult, ...]:
        slices = self.found(measures)
        if isinstance(slices, RuleResult):
            return (slices,)
        if self.judge_by == "interval":
            sign = 1.0 if self.min is None else -1.0
            floor = self.by_interval(measures, slices, self.limit, compare=False, sign=sign)
        else:
            floor = self._by_estimate(measures, slices)
        return (floor, *self.left_out(slices))

    def _by_estimate(self, measures: Measures, slices: Slices) -> RuleResult:
        """One result for all slices that could be measured: the worst one speaks for them."""
        column, upper = measures.evidence.holdout.slices[self.column], self.max is not None
        values = {name: measures.value(self.metric, column == name) for name in slices.judged}
        unmeasured = [name for name, value in values.items() if np.isnan(value)]
        measured = {name: value for name, value in values.items() if not np.isnan(value)}
        if not measured:
            return self.unknown(f"no slice of {self.column} can be measured with at least {count(self.min_rows)} rows")
        worst = (max if upper else min)(measured, key=lambda name: measured[name])
        estimate = exactly(measured[worst], slices.sizes[worst])
        bad = [name for name, value in measured.items() if (value > self.limit if upper else value < self.limit)]
        if unmeasured and not bad:
            return self.unknown(f"{title(self.metric)} cannot be measured on {self.column} {listed(unmeasured)}")
        which = f"{len(bad)} of {len(measured)} slices miss it: {listed(bad)}"
        sentence = (
            f"{title(self.metric)} is worst for {self.column} {worst}: {number(estimate.value, self.limit)} on "
            f"{count(estimate.rows)} rows; demanded: {self._demanded(estimate.value)}; "
            f"{which if bad else f'all {len(measured)} slices hold it'}"
        )
        outcome, bound = Outcome.FAIL if bad else Outcome.PASS, "at most" if upper else "at least"
        return self.result(outcome, sentence, about=self.column, estimate=estimate, limit=self.limit, bound=bound)

    def interval_sentence(
        self, worst: str, judged: Estimate, slices: int, bad: tuple[str, ...], outcome: Outcome, measures: Measures
    ) -> str:
        ends = f" ({number(judged.low, self.limit)} to {number(judged.high, self.limit)})"
        return (
            f"{title(self.metric)} is worst for {self.column} {worst}: {number(judged.value, self.limit)}"
            f"{ends if judged.low <= judged.high else ''} on {count(judged.rows)} rows; demanded: "
            f"{self._demanded(judged.value)}; {_which(bad, slices, outcome)}"
        )

    def _demanded(self, value: float) -> str:
        return f"{'at least' if self.max is None else 'at most'} {number(self.limit, value)}"

    @property
    def limit(self) -> float:
        return next(limit for limit in (self.min, self.max) if limit is not None)


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

    def judge(self, measures: Measures) -> tuple[RuleResult, ...]:
        slices = self.found(measures)
        if isinstance(slices, RuleResult):
            return (slices,)
        judged = self.by_interval(measures, slices, self.margin, compare=True, sign=1.0)
        return (judged, *self.left_out(slices))

    def interval_sentence(
        self, worst: str, judged: Estimate, slices: int, bad: tuple[str, ...], outcome: Outcome, measures: Measures
    ) -> str:
        subject = f"{title(self.metric)} for {self.column} {worst} on {count(judged.rows)} rows"
        if not judged.low <= judged.high:
            return f"{subject} cannot be compared with the champion's; {_which(bad, slices, outcome)}"
        ends = " to ".join(_sided(end, self.margin) for end in (judged.low, judged.high))
        return (
            f"{subject} is {_sided(judged.value, self.margin)} than the champion's ({ends}); allowed: at most "
            f"{number(self.margin, judged.low, judged.high)} worse; {_which(bad, slices, outcome)}"
        )

    @property
    def limit(self) -> float:
        return self.margin


def _which(bad: tuple[str, ...], slices: int, outcome: Outcome) -> str:
    if bad:
        return f"{len(bad)} of {slices} slices miss it: {listed(bad)}"
    return f"all {slices} slices hold it" if outcome is Outcome.PASS else f"not clear for all of {slices} slices"


def _sided(worse: float, limit: float) -> str:
    return f"{number(abs(worse), limit)} {'worse' if worse > 0 else 'better'}"


def _missing(found: Estimate, limit: float, measures: Measures) -> int | None:
    """How many further rows of all slices together: the worst slice keeps its share of them."""
    needed = found.rows_to_reach(limit) if found.low <= found.high else None
    return None if needed is None else math.ceil(needed * measures.rows / found.rows)


def _settling(missing: int | None) -> str:
    return f"; {about(missing)} further matured rows would settle it at this value" if missing is not None else ""


def _nan_first(value: float) -> float:
    return math.inf if math.isnan(value) else value
