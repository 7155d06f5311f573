"""What the rules of one decision ask of the evidence: each metric is resampled once, whichever rules ask for it."""

from __future__ import annotations

import math
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from gatehouse.core.contract.batch_calendar import Span
from gatehouse.core.gate.alpha_spending import interim_look
from gatehouse.core.statistics.block_bootstrap import Estimate, block_codes, block_counts, resample, subtract, summarise
from gatehouse.core.statistics.blocked_rows import dense_codes
from gatehouse.core.statistics.metrics import evaluate, metric_named

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from numpy.typing import NDArray

    from gatehouse.core.config.gate import GatePolicy
    from gatehouse.core.gate.evidence import Evidence
    from gatehouse.core.gate.measurements import Measurement
    from gatehouse.core.statistics.blocked_rows import Array, Codes

_METRIC_DIGITS, _JUDGED_DIGITS = 12, 9


class MetricsContext:
    """Metrics of challenger and champion on the held-out rows, with intervals over blocks of time.

    Sums of floats differ in the last digits between machines, but an archived decision must replay to the same bytes on
    any of them, and two models that differ in those digits only are equal. So metrics are rounded to twelve significant
    digits before they are subtracted, and what is judged to nine.
    """

    def __init__(self, evidence: Evidence, policy: GatePolicy, seed: int) -> None:
        self.evidence = evidence
        self.facts = evidence.facts
        self.policy = policy
        self.look = interim_look(evidence, policy)
        self._codes = _blocks(evidence, policy)
        self._counts = block_counts(len(np.unique(self._codes)), policy.resamples, seed)
        self._resampled: dict[tuple[str, bool], Array] = {}
        self._of_class: dict[str, MetricsContext] = {}

    def against_rest(self, name: str) -> MetricsContext:
        """The same rows and draws for one class against all others together."""
        if name not in self._of_class:
            turned = copy(self)
            turned.evidence, turned._resampled = self.evidence.against_rest(name), {}
            self._of_class[name] = turned
        return self._of_class[name]

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

    @property
    def error(self) -> float:
        """The error of either end of an interval."""
        return (1 - self.policy.confidence) / 2

    def at_look(self, worse: Estimate, further: int = 0) -> Estimate:
        """A worsening whose upper end, the one that lets a challenger pass, has only this look's share of the error, or
        that of a look `further` on, which is when more rows will be judged."""
        if self.look is None:
            return worse
        return self.stretched(worse, upper=replace(self.look, number=self.look.number + further).error)

    def stretched(self, found: Estimate, lower: float | None = None, upper: float | None = None) -> Estimate:
        """An estimate with one end or both at another error than the policy's."""
        moved = found.stretched(self.error, lower, upper)
        return replace(moved, low=_rounded(moved.low), high=_rounded(moved.high))

    def part(self, metric: str, where: NDArray[np.bool_], against_champion: bool) -> Estimate:
        """On some of the rows, with an interval from the same draws of blocks: the challenger's metric, or by how much
        the challenger is worse than the champion."""
        holdout, found, codes = self.evidence.holdout, metric_named(metric), self._codes[where]
        weights = self._weights(where)

        def drawn(predictions: Array | None) -> Array:
            if predictions is None:
                return np.full(1 + len(self._counts), np.nan)
            return _steady(resample(found, holdout.labels[where], predictions[where], codes, self._counts, weights))

        if not against_champion:
            return self._summary(drawn(holdout.challenger), codes, weights)
        change = self._summary(subtract(found, drawn(holdout.challenger), drawn(holdout.champion)), codes, weights)
        return -change if found.better == "higher" else change

    def value(self, metric: str, where: NDArray[np.bool_]) -> float:
        """The challenger's metric on some of the rows."""
        holdout = self.evidence.holdout
        return _rounded(evaluate(metric, holdout.labels[where], holdout.challenger[where], self._weights(where)))

    def summed(self, columns: Array) -> Array:
        """Weighted sums of (terms, rows) over all rows, then over each resample; shape (1 + resamples, terms)."""
        blocks, weights = self._counts.shape[1], self.evidence.holdout.weights
        columns = columns if weights is None else columns * weights
        sums = np.stack([np.bincount(self._codes, weights=column, minlength=blocks) for column in columns], axis=1)
        return np.concatenate([sums.sum(axis=0, keepdims=True), self._counts @ sums])

    def estimate(self, values: Array) -> Estimate:
        """The value on all rows with its interval, of (1 + resamples,) values."""
        return self._summary(_steady(values))

    def found(self, need: Measurement) -> Mapping[str, Any] | str:
        """What was measured for a need, or why there is nothing: it was not asked for then, or it went wrong."""
        found = self.evidence.measured.get(need.key)
        if found is None:
            return "it was not measured when the evidence was gathered"
        return str(found["error"]) if "error" in found else found

    def too_few(self, estimate: Estimate) -> tuple[str, int] | None:
        """Why an interval rests on too little, and how many rows are missing; None when it rests on enough."""
        policy = self.policy
        if estimate.rows < policy.min_rows:
            return f"{estimate.rows:,} of at least {policy.min_rows:,} rows", policy.min_rows - estimate.rows
        if estimate.blocks < policy.min_blocks:
            missing = math.ceil(estimate.rows / estimate.blocks * (policy.min_blocks - estimate.blocks))
            return f"{estimate.blocks} of at least {policy.min_blocks} blocks of {policy.resample_by}", missing
        return None

    def too_few_blocks(self, estimate: Estimate) -> str:
        """Why a part of the rows cannot be judged by an interval; "" when it can."""
        if estimate.blocks < self.policy.min_blocks:
            return f"{estimate.blocks} of at least {self.policy.min_blocks} blocks of {self.policy.resample_by}"
        return "" if estimate.low <= estimate.high else "it has no interval"

    def _of(self, metric: str, of_champion: bool) -> Array:
        holdout = self.evidence.holdout
        predictions = holdout.champion if of_champion else holdout.challenger
        if predictions is None:
            return np.full(1 + len(self._counts), np.nan)
        key = (metric, of_champion)
        if key not in self._resampled:
            found = metric_named(metric)
            values = resample(found, holdout.labels, predictions, self._codes, self._counts, holdout.weights)
            self._resampled[key] = _steady(values)
        return self._resampled[key]

    def _weights(self, where: NDArray[np.bool_]) -> Array | None:
        weights = self.evidence.holdout.weights
        return None if weights is None else weights[where]

    def _summary(self, values: Array, codes: Codes | None = None, weights: Array | None = None) -> Estimate:
        if codes is None:
            codes, weights = self._codes, self.evidence.holdout.weights
        found = summarise(values, codes, self.policy.confidence, weights)
        value, low, high, error = map(_rounded, (found.value, found.low, found.high, found.standard_error))
        return replace(found, value=value, low=low, high=high, standard_error=error)


def _blocks(evidence: Evidence, policy: GatePolicy) -> Codes:
    """Each row's block: a span of time or, when `resample_by` names a column, the rows of one entity. Without that column in
    the evidence all rows are one block, which no interval rests on."""
    if policy.block_column is None:
        return block_codes(evidence.holdout.time, Span.parse(policy.resample_by), policy.day_start_utc)
    entities = evidence.holdout.slices.get(policy.block_column)
    return np.zeros(evidence.holdout.rows, dtype=np.intp) if entities is None else dense_codes(entities)


def _steady(values: Array) -> Array:
    """The values with as many decimals as give the largest of them twelve significant digits; a number too large to be
    one is undefined."""
    values = np.where(np.isfinite(values), values, np.nan)
    largest = np.abs(values).max(initial=0.0)
    if not 0 < largest < math.inf:
        return values
    return np.round(values, _METRIC_DIGITS - 1 - math.floor(math.log10(largest)))


def _rounded(value: float) -> float:
    return float(f"{value:.{_JUDGED_DIGITS}g}")
