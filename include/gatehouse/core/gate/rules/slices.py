"""What rules for each part of the rows share: which slices are judged, and the error of the family over them."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from gatehouse.core.gate.rules.base import MetricName, Rule, at_most
from gatehouse.core.statistics.multiple_testing import holm
from gatehouse.core.types import RuleOutcome, RuleResult
from gatehouse.formatting import count, join_names, rows_needed_phrase

if TYPE_CHECKING:
    from gatehouse.core.gate.rules.metrics_context import MetricsContext
    from gatehouse.core.statistics.block_bootstrap import Estimate


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

    by_class: ClassVar[bool] = True

    column: str
    metric: MetricName
    min_rows: Annotated[int, Field(ge=1)] = 200
    slices: tuple[str, ...] = ()

    def metrics(self) -> tuple[str, ...]:
        return (self.metric,)

    @property
    def slice_column(self) -> str:
        return self.column

    def found(self, measures: MetricsContext) -> Slices | RuleResult:
        """The slices in the evidence, or the result that says that it has none by this column."""
        column = measures.evidence.holdout.slices.get(self.column)
        if column is None:
            known = join_names(sorted(measures.evidence.holdout.slices)) or "none"
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
        self, measures: MetricsContext, slices: Slices, limit: float, *, compare: bool, sign: float
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
            outcome, worst = RuleOutcome.FAIL, bad[0]
        else:
            outcomes = {name: at_most(one, sign * limit) for name, one in held.items()}
            open_ones = [name for name, one in outcomes.items() if one is not RuleOutcome.PASS or name in unclear]
            outcome = RuleOutcome.INCONCLUSIVE if open_ones else RuleOutcome.PASS
            worst = max(open_ones or held, key=lambda name: _nan_first(held[name].high))
        judged = held[worst] if sign > 0 else -held[worst]
        later = measures.at_look(turned[worst], further=1) if compare else turned[worst]
        missing = None if outcome is not RuleOutcome.INCONCLUSIVE else _missing(later, sign * limit, measures)
        sentence = self.interval_sentence(worst, judged, len(found), bad, outcome, measures)
        if outcome is RuleOutcome.INCONCLUSIVE:
            sentence += f": {unclear[worst]}" if worst in unclear else rows_needed_phrase(missing)
        bound = "at most" if sign > 0 else "at least"
        return self.result(
            outcome, sentence, about=self.column, estimate=judged, limit=limit, missing_rows=missing, bound=bound
        )

    @abstractmethod
    def interval_sentence(
        self,
        worst: str,
        judged: Estimate,
        slices: int,
        bad: tuple[str, ...],
        outcome: RuleOutcome,
        measures: MetricsContext,
    ) -> str:
        """What the result tells of its worst slice."""

    def left_out(self, slices: Slices) -> list[RuleResult]:
        """A missing slice and small slices are results of their own."""
        results = []
        if slices.missing:
            results.append(self.unknown(f"no held-out row has {self.column} {join_names(slices.missing)}", " missing"))
        if slices.small:
            rows = count(self.min_rows)
            sentence = f"{self.column} {join_names(slices.small)} has fewer than {rows} rows and is not judged"
            outcome = RuleOutcome.INCONCLUSIVE if self.slices else RuleOutcome.WARN
            results.append(self.result(outcome, sentence, about=f"{self.column} small"))
        return results

    def unknown(self, sentence: str, which: str = "") -> RuleResult:
        """What could not be measured."""
        return self.result(RuleOutcome.INCONCLUSIVE, sentence, about=f"{self.column}{which}", limit=self.limit)

    @property
    @abstractmethod
    def limit(self) -> float:
        """What every slice is held to."""


def _missing(found: Estimate, limit: float, measures: MetricsContext) -> int | None:
    """How many further rows of all slices together: the worst slice keeps its share of them."""
    needed = found.rows_to_reach(limit) if found.low <= found.high else None
    return None if needed is None else math.ceil(needed * measures.rows / found.rows)


def _nan_first(value: float) -> float:
    return math.inf if math.isnan(value) else value


def failing_slices(bad: tuple[str, ...], slices: int, outcome: RuleOutcome) -> str:
    """How many of the slices miss the bound, and which."""
    if bad:
        return f"{len(bad)} of {slices} slices miss it: {join_names(bad)}"
    return f"all {slices} slices hold it" if outcome is RuleOutcome.PASS else f"not clear for all of {slices} slices"
