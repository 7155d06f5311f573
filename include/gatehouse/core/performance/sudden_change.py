"""Days unlike the champion's days before them: what fourteen days together would show a week late.

Quality of daily batches is judged on fourteen days together, because a day alone cannot be resampled. A change of yesterday
is then one day of fourteen. But the days before say how far days differ, so the newest one or two are compared with them: the
prediction interval of the mean of k further days after m days (Student's t with m - 1 degrees of freedom; Hahn and Meeker 1991,
Statistical Intervals). What begins slowly, or within days that differ much, is left to the fourteen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite, nan, sqrt
from typing import TYPE_CHECKING

import numpy as np

from gatehouse.core.drift.alarms import AlarmState
from gatehouse.core.performance.decay import DecayAssessment
from gatehouse.core.statistics.metrics import evaluate, metric_named

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gatehouse.core.config.retrain import RetrainPolicy
    from gatehouse.core.config.triggers import CalibrationReason, DecayReason

    # labels, the champion's predictions, and the weights where rows have some
    Day = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64] | None]

NEWEST = 2  # days that are judged, the newest alone first
BEFORE = 8  # days before these, at least
CHANCE = 0.001  # of a quiet day, one-sided, for each of the two looks
GAP = "calibration_gap"


def sudden(days: Sequence[Day], policy: RetrainPolicy) -> tuple[int, tuple[DecayAssessment, ...]]:
    """How many of the newest days (one or two) are unlike those before, and in what, by the policy's decay and calibration:
    worse than they by surely more than `margin`, or a gap beyond `gap` that is surely none of chance. 0 and nothing when they
    are not, or when there are too few days, or rows (`min_rows`), to tell. `days` are whole days in order, matured."""
    if len(days) < BEFORE + NEWEST:
        return 0, ()
    for count in range(1, NEWEST + 1):
        gap = _largest_gap(days, count, policy.triggers.calibration, policy.class_names)
        found = [_decay(days, count, policy.triggers.decay), gap]
        if any(found):
            return count, tuple(each for each in found if each is not None)
    return 0, ()


def _decay(days: Sequence[Day], count: int, reason: DecayReason | None) -> DecayAssessment | None:
    if reason is None or _rows(days, count) < reason.min_rows:
        return None
    metric = metric_named(reason.metric)
    before, value, arm = _compared(days, count, reason.metric)
    if not metric.loss(value) - metric.loss(before) - arm > reason.margin:
        return None
    sentence = (
        f"{metric.title} {value:.3f} on {_newest(days, count)}, {before:.3f} on the {len(days) - NEWEST} days before them; "
        f"an alarm when it is surely worse by more than {reason.margin:g}, as one quiet day in a thousand is: {AlarmState.ALARM}"
    )
    limit = before + (reason.margin if metric.better != "higher" else -reason.margin)
    rows = _rows(days, count)
    return DecayAssessment(
        "decay", reason.metric, AlarmState.ALARM, sentence, value, value - arm, value + arm, limit, rows
    )


def _largest_gap(
    days: Sequence[Day], count: int, reason: CalibrationReason | None, classes: Sequence[str]
) -> DecayAssessment | None:
    """The alarm about the gap; of more than two classes that of the one with the largest gap, each on its share of the chance."""
    if not classes:
        return _calibration(days, count, reason)
    found = []
    for place, name in enumerate(classes):
        mine = [
            (np.asarray(labels == place, np.float64), scores[:, place], weights) for labels, scores, weights in days
        ]
        alarm = _calibration(mine, count, reason, CHANCE / len(classes))
        if alarm is not None:
            found.append(replace(alarm, sentence=f"{name}: {alarm.sentence}", more={"class": name}))
    return max(found, key=lambda each: abs(each.value), default=None)


def _calibration(
    days: Sequence[Day], count: int, reason: CalibrationReason | None, chance: float = CHANCE
) -> DecayAssessment | None:
    if reason is None or _rows(days, count) < reason.min_rows:
        return None
    before, gap, arm = _compared(days, count, GAP, chance)
    if not (abs(gap) > reason.gap and abs(gap) - arm > 0 and abs(gap - before) - arm > 0):
        return None
    sentence = (
        f"predicted less observed {gap:+.3f} on {_newest(days, count)}, {before:+.3f} on the {len(days) - NEWEST} days before "
        f"them, allowed {reason.gap:g}: {AlarmState.ALARM}"
    )
    rows = _rows(days, count)
    return DecayAssessment(
        "calibration", "gap", AlarmState.ALARM, sentence, gap, gap - arm, gap + arm, reason.gap, rows
    )


def _compared(days: Sequence[Day], count: int, metric: str, chance: float = CHANCE) -> tuple[float, float, float]:
    """The mean of the days before, that of the newest `count`, and how far these lie from those by chance; NaN where a day's
    value is undefined. Yesterday belongs to neither while today is judged alone: it may be the first that changed."""
    from scipy.special import stdtrit

    values = np.array([evaluate(metric, *day) for day in days])
    before, newest = values[:-NEWEST], values[-count:]
    if not all(map(isfinite, values)):
        return nan, nan, nan
    spread = float(before.std(ddof=1)) * sqrt(1 / count + 1 / len(before))
    arm = float(stdtrit(len(before) - 1, 1 - chance)) * spread
    return float(before.mean()), float(newest.mean()), arm


def _newest(days: Sequence[Day], count: int) -> str:
    return f"the newest {'day' if count == 1 else f'{count} days'} ({_rows(days, count):,} rows)"


def _rows(days: Sequence[Day], count: int) -> int:
    return sum(len(labels) for labels, *_ in days[-count:])
