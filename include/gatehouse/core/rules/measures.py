"""What the rules of one decision ask of the evidence: each metric is resampled once, whichever rules ask for it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from gatehouse.core.calendar import Span
from gatehouse.core.statistics.blocks import Estimate, block_codes, block_counts, resample, subtract, summarise
from gatehouse.core.statistics.metrics import evaluate, metric_named

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gatehouse.core.evidence import Evidence
    from gatehouse.core.specs.gate import GatePolicy
    from gatehouse.core.statistics.rows import Array

_METRIC_DIGITS, _JUDGED_DIGITS = 12, 9


class Measures:
    """Metrics of challenger and champion on the held-out rows, with intervals over blocks of time.

    Sums of floats differ in the last digits between machines, but an archived decision must replay to the same bytes on
    any of them, and two models that differ in those digits only are equal. So metrics are rounded to twelve significant
    digits before they are subtracted, and what is judged to nine.
    """

    def __init__(self, evidence: Evidence, policy: GatePolicy, seed: int) -> None:
        self.evidence = evidence
        self.facts = evidence.facts
        self.policy = policy
        self._codes = block_codes(evidence.holdout.time, Span.parse(policy.block), policy.day_starts)
        self._counts = block_counts(len(np.unique(self._codes)), policy.resamples, seed)
        self._resampled: dict[tuple[str, bool], Array] = {}

    @property
    def has_champion(self) -> bool:
        """Whether there is a champion: then a comparison applies, even if its predictions should be missing."""
        return self.evidence.champion is not None

    @property
    def rows(self) -> int:
        """The number of held-out rows."""
        return self.evidence.holdout.rows

    def challenger(self, metric: str) -> Estimate:
        """The challenger's metric with its interval."""
        return self._summary(self._of(metric, of_champion=False))

    def difference(self, metric: str) -> Estimate:
        """challenger - champion with its interval, in units of the metric."""
        pair = self._of(metric, of_champion=False), self._of(metric, of_champion=True)
        return self._summary(subtract(metric_named(metric), *pair))

    def worsening(self, metric: str) -> Estimate:
        """By how much the challenger is worse than the champion (negative: better), whichever way the metric points."""
        change = self.difference(metric)
        return -change if metric_named(metric).better == "higher" else change

    def value(self, metric: str, where: NDArray[np.bool_]) -> float:
        """The challenger's metric on some of the rows."""
        holdout = self.evidence.holdout
        return _rounded(evaluate(metric, holdout.labels[where], holdout.challenger[where]))

    def too_few(self, estimate: Estimate) -> tuple[str, int] | None:
        """Why an interval rests on too little, and how many rows are missing; None when it rests on enough."""
        policy = self.policy
        if estimate.rows < policy.min_rows:
            return f"{estimate.rows:,} of at least {policy.min_rows:,} rows", policy.min_rows - estimate.rows
        if estimate.blocks < policy.min_blocks:
            missing = math.ceil(estimate.rows / estimate.blocks * (policy.min_blocks - estimate.blocks))
            return f"{estimate.blocks} of at least {policy.min_blocks} blocks of {policy.block}", missing
        return None

    def _of(self, metric: str, of_champion: bool) -> Array:
        holdout = self.evidence.holdout
        predictions = holdout.champion if of_champion else holdout.challenger
        if predictions is None:
            return np.full(1 + len(self._counts), np.nan)
        key = (metric, of_champion)
        if key not in self._resampled:
            found = metric_named(metric)
            values = resample(found, holdout.labels, predictions, self._codes, self._counts)
            self._resampled[key] = _steady(values)
        return self._resampled[key]

    def _summary(self, values: Array) -> Estimate:
        found = summarise(values, self._codes, self.policy.confidence)
        value, low, high, error = map(_rounded, (found.value, found.low, found.high, found.standard_error))
        return Estimate(value, low, high, error, found.rows, found.blocks)


def _steady(values: Array) -> Array:
    """The values with as many decimals as give the largest of them twelve significant digits."""
    largest = np.abs(values).max(initial=0.0)
    if not 0 < largest < math.inf:
        return values
    return np.round(values, _METRIC_DIGITS - 1 - math.floor(math.log10(largest)))


def _rounded(value: float) -> float:
    return float(f"{value:.{_JUDGED_DIGITS}g}")
