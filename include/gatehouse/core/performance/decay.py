"""Decay: whether the champion's measured quality fell, judged on matured outcomes with whole days resampled.

Rows of one day share their weather: on the flights' July the standard error of log loss is .0022 if rows were
independent and .0202 by day. Intervals here therefore resample days, never rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import hypot, isfinite, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from gatehouse.core.contract.batch_calendar import Span
from gatehouse.core.drift.alarms import Alarm, AlarmState
from gatehouse.core.performance.class_gaps import largest_gap, shares
from gatehouse.core.retraining.cost_benefit import excess_loss, retraining_cost
from gatehouse.core.statistics.block_bootstrap import Estimate, block_codes, block_counts, resample, summarise
from gatehouse.core.statistics.class_metrics import happened
from gatehouse.core.statistics.metrics import metric_named
from gatehouse.core.statistics.weighted_means import weighted_mean
from gatehouse.formatting import between, shown

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from gatehouse.core.config.retrain import RetrainPolicy
    from gatehouse.core.config.triggers import CalibrationReason, CostReason, DecayReason

DAY = Span(1, "day")


@dataclass(frozen=True)
class MeasuredPerformance:
    """The champion on one batch's matured outcomes: the metric and the gap (mean prediction - mean outcome, in units
    of the label), each with its interval. Of more than two classes `predicted` and `observed` are the mean probability and the
    share of rows of each by name, and the gap is that of `gap_class`, the class with the largest one. `maturity` is the
    share of scored rows whose outcomes have arrived, `excess` the loss that a refitted model would win back
    (`cost.excess_loss`)."""

    metric: str
    value: Estimate
    gap: Estimate
    predicted: float | Mapping[str, float]
    observed: float | Mapping[str, float]
    rows: int
    maturity: float
    excess: float = float("nan")
    gap_class: str = ""


@dataclass(frozen=True)
class DecayAssessment:
    """Quality judged by one reason of `retrain.yaml`: `decay`, `calibration` or `cost`, whose numbers are in `more`."""

    kind: str
    subject: str
    state: AlarmState
    sentence: str
    value: float
    low: float
    high: float
    limit: float
    rows: int
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def alarm(self) -> bool:
        """Whether this is one."""
        return self.state is AlarmState.ALARM

    def to_alarm(self) -> Alarm:
        """This alarm as the watch report keeps it."""
        numbers = {name: getattr(self, name) for name in ("value", "low", "high", "limit", "rows")}
        return Alarm(self.kind, self.subject, self.sentence, {**numbers, **self.more})

    def to_document(self) -> dict[str, Any]:
        """What was judged as plain values, for the watch report."""
        return asdict(self)


def measure(
    labels: ArrayLike,
    scores: ArrayLike,
    time: NDArray[np.datetime64],
    metric: str,
    scored_rows: int,
    block: Span = DAY,
    resamples: int = 2000,
    seed: int = 0,
    classes: Sequence[str] = (),
    weights: NDArray[np.float64] | None = None,
) -> MeasuredPerformance:
    """Measure a batch's matured rows: every array has one entry a row, `time` is the row's moment in UTC.

    `classes` are the names of more than two classes, whose scores have a column each. `scored_rows` is how many rows of the
    batch were scored, matured or not. What is undefined (no rows, one class only, fewer than five days) is NaN. Without
    `weights` all rows count alike.
    ConfigurationError names an unknown metric.
    """
    outcomes, predictions = np.asarray(labels, dtype=np.float64), np.asarray(scores, dtype=np.float64)
    codes = block_codes(time, block)
    value, gap = intervals(outcomes, predictions, codes, (metric, "calibration_gap"), resamples, seed, weights)
    rows, gap_class = len(outcomes), ""
    if classes:
        gap_class, gap = largest_gap(outcomes, predictions, codes, classes, resamples, seed, weights)
    return MeasuredPerformance(
        metric=metric,
        value=value,
        gap=gap,
        predicted=shares(predictions, classes, weights) if classes else _mean(predictions, weights),
        observed=shares(happened(outcomes, len(classes)), classes, weights) if classes else _mean(outcomes, weights),
        rows=rows,
        maturity=rows / scored_rows if scored_rows else 0.0,
        excess=excess_loss(outcomes, predictions, codes, metric) if rows else float("nan"),
        gap_class=gap_class,
    )


def _mean(values: NDArray[np.float64], weights: NDArray[np.float64] | None) -> float:
    return weighted_mean(values, weights).item()


def intervals(
    labels: NDArray[np.float64],
    scores: NDArray[np.float64],
    codes: NDArray[np.intp],
    metrics: Sequence[str],
    resamples: int = 2000,
    seed: int = 0,
    weights: NDArray[np.float64] | None = None,
) -> list[Estimate]:
    """Each metric with its 95 % interval, whole blocks (rows of equal `codes`) resampled, all on the same draws."""
    counts = block_counts(len(np.unique(codes)), resamples, seed)
    drawn = [resample(metric_named(name), labels, scores, codes, counts, weights) for name in metrics]
    return [summarise(each, codes, 0.95, weights) for each in drawn]


def judge(
    quality: MeasuredPerformance,
    holdout_value: float,
    policy: RetrainPolicy,
    holdout_interval: Sequence[float] = (),
) -> tuple[DecayAssessment, ...]:
    """Judge a batch by the policy's decay and calibration, those it has.

    `holdout_value` is the champion's own value of the metric on the holdout it was promoted on, `holdout_interval` its
    95 % interval there: a holdout that was easy by chance makes every later batch look worse. Without one the value counts
    as known exactly: rows of the present never make the past less sure. A batch below `min_maturity` or `min_rows`, or one
    that cannot be measured, says so and is never an alarm: the outcomes that come first are not like the others.
    """
    judged = []
    if policy.triggers.decay is not None:
        known = all(map(isfinite, holdout_interval)) and holdout_interval
        holdout = (holdout_value, *(known or (holdout_value, holdout_value)))
        judged.append(_decay(quality, holdout, policy.triggers.decay, policy.min_maturity))
    if policy.triggers.calibration is not None:
        judged.append(_calibration(quality, policy.triggers.calibration, policy.min_maturity))
    if policy.triggers.cost is not None:
        judged.append(_cost(quality, policy.triggers.cost, policy.min_maturity))
    return tuple(judged)


def interval_of_days(value: float, days: Sequence[float], count: int) -> tuple[float, float] | None:
    """The 95 % interval of a value that rests on `count` days, by how far `days` differ (Student's t); None for fewer than
    two of them."""
    from scipy.special import stdtrit

    known = [each for each in days if isfinite(each)]
    if len(known) < 2 or not count:
        return None
    arm = float(stdtrit(len(known) - 1, 0.975)) * float(np.std(known, ddof=1)) / sqrt(count)
    return value - arm, value + arm


def _decay(
    quality: MeasuredPerformance, holdout: Sequence[float], reason: DecayReason, min_maturity: float
) -> DecayAssessment:
    """An alarm when the whole interval of the difference to the holdout lies beyond the margin.

    The interval is put together from those of the batch and of the holdout (MOVER: Zou and Donner 2008, Statistics in
    Medicine 27): their arms add up like the sides of a right angle. `holdout` is the value with both ends.
    """
    metric, value = metric_named(reason.metric), quality.value
    known, *ends = holdout
    before, arm = metric.loss(known), max((metric.loss(end) - metric.loss(known) for end in ends), default=0.0)
    arm = arm if isfinite(arm) else 0.0
    limit = before + reason.margin
    state = _measurable(quality, value, reason.min_rows, min_maturity)
    if not isfinite(known):
        state = AlarmState.NO_REFERENCE
    if state is AlarmState.QUIET:
        loss = metric.loss(value.value)
        least = loss - hypot(loss - _best_loss(metric.better, value), max(arm, 0.0))
        state = AlarmState.ALARM if least > limit else AlarmState.QUIET
    told = between(known, min(ends), max(ends)) if arm > 0 else shown(known)
    sentence = (
        f"{metric.title} {_interval(value)} on {quality.rows:,} matured rows, {told} on the champion's "
        f"holdout; an alarm when it is surely worse by more than {reason.margin:g}: {state}"
    )
    bound = -limit if metric.better == "higher" else limit
    return DecayAssessment(
        "decay", reason.metric, state, sentence, value.value, value.low, value.high, bound, quality.rows
    )


def _calibration(quality: MeasuredPerformance, reason: CalibrationReason, min_maturity: float) -> DecayAssessment:
    """An alarm when the gap is larger than allowed and its interval excludes zero.

    Not: when the whole interval is beyond the allowed gap. With thirty days in a month the interval is about as wide
    as the gaps that retraining repairs (the flights' June: -.095), so that would see them a month or two late;
    excluding zero is enough to know that the gap is none of chance, and its size is the policy's judgement.
    """
    gap = quality.gap
    state = _measurable(quality, gap, reason.min_rows, min_maturity)
    if state is AlarmState.QUIET and abs(gap.value) > reason.gap and not gap.low <= 0 <= gap.high:
        state = AlarmState.ALARM
    sentence = f"{_gap_in_words(quality, gap)}, allowed {reason.gap:g}: {state}"
    more = {"class": quality.gap_class} if quality.gap_class else {}
    return DecayAssessment(
        "calibration", "gap", state, sentence, gap.value, gap.low, gap.high, reason.gap, quality.rows, more
    )


def _gap_in_words(quality: MeasuredPerformance, gap: Estimate) -> str:
    """What was predicted and observed; of more than two classes that of the class with the largest gap."""
    predicted, observed, of_class = quality.predicted, quality.observed, ""
    if isinstance(predicted, Mapping) and isinstance(observed, Mapping):
        of_class = f" of {quality.gap_class}, the largest of {len(predicted)} classes"
        predicted, observed = predicted[quality.gap_class], observed[quality.gap_class]
    return (
        f"predicted {shown(predicted)} on average, observed {shown(observed)} on {quality.rows:,} matured rows; "
        f"gap{of_class} {_interval(gap)}"
    )


def _cost(quality: MeasuredPerformance, reason: CostReason, min_maturity: float) -> DecayAssessment:
    """An alarm when staying stale is expected to cost more than training and review."""
    cost = retraining_cost(reason, quality.excess, quality.rows)
    excess = Estimate(quality.excess, quality.excess, quality.excess, 0.0, quality.rows, 0)
    state = _measurable(quality, excess, reason.min_rows, min_maturity)
    if state is AlarmState.QUIET and cost.pays:
        state = AlarmState.ALARM
    numbers = {name: getattr(cost, name) for name in ("stale", "training", "review", "excess", "horizon")}
    limit, stale, sentence = reason.training + reason.review, cost.stale, f"{cost.sentence}: {state}"
    return DecayAssessment("cost", quality.metric, state, sentence, stale, stale, stale, limit, quality.rows, numbers)


def _measurable(quality: MeasuredPerformance, estimate: Estimate, min_rows: int, min_maturity: float) -> AlarmState:
    if quality.maturity < min_maturity:
        return AlarmState.NOT_MATURE
    if quality.rows < min_rows:
        return AlarmState.TOO_FEW_ROWS
    measured = all(isfinite(each) for each in (estimate.value, estimate.low, estimate.high))
    return AlarmState.QUIET if measured else AlarmState.UNDEFINED


def _best_loss(better: str, value: Estimate) -> float:
    """The smallest loss within the interval."""
    if better == "nearer zero":
        return max(value.low, -value.high, 0.0)
    return value.low if better == "lower" else -value.high


def _interval(estimate: Estimate) -> str:
    return between(estimate.value, estimate.low, estimate.high)
