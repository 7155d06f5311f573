"""How sure one may be of a metric, or of a difference of two models, when the rows of one block are not independent.

The block bootstrap draws whole blocks (days) with replacement, as many as there are, and computes the metric of each
resample; both models are judged on the same draws. Its percentile interval is too narrow for few blocks, so the
percentiles are moved outwards until they match Student's t (`summarise`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from gatehouse.core.statistics.blocked_rows import Array, Codes, dense_codes
from gatehouse.core.statistics.metrics import Metric, metric_named

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from gatehouse.core.contract.batch_calendar import Span

_MONDAY = np.datetime64("1970-01-05", "us")
_UNIT = {
    "minute": np.timedelta64(1, "m"), "hour": np.timedelta64(1, "h"),
    "day": np.timedelta64(1, "D"), "week": np.timedelta64(7, "D"),
}  # fmt: skip
_DRAWS_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Estimate:
    """A measured value with its interval, in units of the metric, and the rows and blocks it rests on.

    `low` and `high` are NaN when the interval is undefined, `value` too when the metric is. `effective` is the number
    of blocks of equal size that would tell as much (0 where it is not known).
    """

    value: float
    low: float
    high: float
    standard_error: float
    rows: int
    blocks: int
    effective: float = 0.0

    def __neg__(self) -> Estimate:
        return replace(self, value=-self.value, low=-self.high, high=-self.low)

    def stretched(self, error: float, lower: float | None = None, upper: float | None = None) -> Estimate:
        """The same with one end or both moved out from a one-sided `error` to `lower` below and `upper` above.

        An arm grows like the quantile of Student's t with (effective - 1) degrees of freedom: the percentiles of a
        bootstrap of some thousand draws say nothing about errors of one in ten thousand.
        """
        low, high = self.low, self.high
        if lower is not None and low < self.value:
            low = self.value - (self.value - low) * _ratio_of_t(self.effective, error, lower)
        if upper is not None and high > self.value:
            high = self.value + (high - self.value) * _ratio_of_t(self.effective, error, upper)
        return replace(self, low=low, high=high)

    def error_beyond(self, limit: float, error: float) -> float:
        """The one-sided error at which the lower end would reach `limit`: the p-value of "not above the limit".

        `error` is that of `low` as it is. NaN when there is no interval.
        """
        from scipy.special import stdtr, stdtrit

        if not self.low <= self.value:
            return math.nan
        if self.low == self.value:
            return 0.0 if self.value > limit else 1.0
        freedom = self.effective - 1
        return float(stdtr(freedom, stdtrit(freedom, error) * (self.value - limit) / (self.value - self.low)))

    def rows_to_reach(self, limit: float) -> int | None:
        """How many further rows would bring the upper end of the interval down to `limit`, at the present value.

        The interval's arm shrinks like 1 / sqrt(rows): rows' = rows * ((high - value) / (limit - value))^2.
        None when the value itself is not below the limit: then no number of rows would; and when there is no interval.
        """
        if not self.value < limit or not self.value <= self.high < math.inf:
            return None
        return max(1, math.ceil(self.rows * (((self.high - self.value) / (limit - self.value)) ** 2 - 1)))


def difference(
    labels: ArrayLike,
    challenger: ArrayLike,
    champion: ArrayLike,
    block_codes: ArrayLike,
    metric: str,
    resamples: int = 2000,
    seed: int = 0,
    confidence: float = 0.95,
    weights: Array | None = None,
) -> Estimate:
    """challenger - champion of a metric on the same rows (of magnitudes, for a metric that is better nearer zero).

    Every array has one entry a row; rows of equal `block_codes` are one block. Without `weights` all rows count alike. The same
    arguments give the same bytes.
    """
    y, codes = np.asarray(labels, dtype=np.float64), dense_codes(np.asarray(block_codes))
    counts = block_counts(len(np.unique(codes)), resamples, seed)
    found = metric_named(metric)
    models = (np.asarray(p, dtype=np.float64) for p in (challenger, champion))
    first, second = (resample(found, y, predictions, codes, counts, weights) for predictions in models)
    return summarise(subtract(found, first, second), codes, confidence, weights)


def block_codes(time: NDArray[np.datetime64], span: Span, day_start_utc: str = "00:00") -> Codes:
    """Each row's block, numbered from 0 in the order of time: whole minutes, hours, days or months, weeks from Monday.

    Days begin at `day_start_utc` (`HH:MM`, UTC). Where a day is cut matters: an evening's rows in two blocks make the
    blocks depend on each other, and the interval too narrow (by up to 15 % on the flights, cut at midnight UTC).
    """
    hours, minutes = day_start_utc.split(":")
    start = np.timedelta64(60 * int(hours) + int(minutes), "m")
    local: NDArray[np.datetime64] = np.subtract(time.astype("datetime64[us]"), start)
    if span.unit == "month":
        periods = local.astype("datetime64[M]").astype(np.int64) // span.count
    else:
        periods = (local - _MONDAY) // (span.count * _UNIT[span.unit])
    return dense_codes(periods)


def block_counts(blocks: int, resamples: int, seed: int) -> Array:
    """How often each of `resamples` draws of `blocks` blocks with replacement drew each block; (resamples, blocks).

    Built from the raw stream of PCG64, which NumPy promises to keep (NEP 19), unlike its `Generator.multinomial`:
    a decision of today is replayed on the NumPy of tomorrow.
    """
    stream, counts = np.random.PCG64(seed), np.empty((resamples, blocks))
    step = max(1, _DRAWS_AT_ONCE // max(1, blocks))
    for start in range(0, resamples, step):
        few = min(step, resamples - start)
        drawn = ((stream.random_raw(few * blocks) >> 11) * 2.0**-53 * blocks).astype(np.intp).reshape(few, blocks)
        cells = drawn + blocks * np.arange(few)[:, None]
        counts[start : start + few] = np.bincount(cells.ravel(), minlength=few * blocks).reshape(few, blocks)
    return counts


def resample(
    metric: Metric, labels: Array, predictions: Array, codes: Codes, counts: Array, weights: Array | None = None
) -> Array:
    """The metric on all rows, then on each resample; shape (1 + resamples,)."""
    each = np.ones_like(labels) if weights is None else weights
    sample = metric.sampler(labels, predictions, codes, counts.shape[1], each)
    return np.concatenate([sample(np.ones((1, counts.shape[1]))), sample(counts)])


def subtract(metric: Metric, challenger: Array, champion: Array) -> Array:
    """challenger - champion of two results of `resample` on the same counts."""
    if metric.better == "nearer zero":
        return np.abs(challenger) - np.abs(champion)
    return challenger - champion


def summarise(values: Array, codes: Codes, confidence: float, weights: Array | None = None) -> Estimate:
    """The interval of `resample` values by the expanded percentile method.

    Hesterberg (2015), "What Teachers Should Know About the Bootstrap", The American Statistician 69: the percentiles
    are those of a normal beyond sqrt(n / (n - 1)) * t(n - 1), which undoes the bootstrap's factor (n - 1) / n in the
    variance and allows for the variance being estimated. n is the effective number of blocks, (sum of sizes)^2 over
    the sum of squared sizes (Kish 1965): one huge block among small ones is little evidence. A block's size is the sum of its
    rows' `weights`, and rows of weight 0 are not counted. The interval is undefined
    when the metric is in one of the resamples (only one class drawn), and when the percentile lies beyond the
    outermost resample.
    """
    from scipy.special import ndtr, stdtrit  # here: files are checked, and DAGs parsed, without it

    sizes = np.bincount(codes, weights).astype(np.float64)
    rows = len(codes) if weights is None else int((weights > 0).sum())
    sizes = sizes[sizes > 0]
    value, drawn = float(values[0]), values[1:]
    effective = float(sizes.sum() ** 2 / (sizes**2).sum()) if len(codes) else 0.0
    nowhere = Estimate(value, math.nan, math.nan, math.nan, rows, len(sizes), effective)
    if effective <= 1 + 1e-9:
        return nowhere
    inflation = math.sqrt(effective / (effective - 1))
    tail = float(ndtr(-inflation * stdtrit(effective - 1, (1 + confidence) / 2)))
    if tail * (len(drawn) + 1) < 1:
        return nowhere
    low, high = np.quantile(drawn, [tail, 1 - tail], method="weibull")
    error = float(drawn.std(ddof=1)) * inflation
    return Estimate(value, float(low), float(high), error, rows, len(sizes), effective)


def _ratio_of_t(effective: float, error: float, other: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(effective - 1, other) / stdtrit(effective - 1, error))
