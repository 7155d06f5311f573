"""What is known of a mutant without the code that it tests: plain values on all rows, and directions stated again."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from gatehouse.core.gate.rules.comparison import BetterThanChampion, NotWorseThanChampion, SuspiciousGain
from gatehouse.core.gate.rules.metric_bounds import MetricBound
from gatehouse.core.gate.rules.slice_floor import SliceFloor
from gatehouse.core.gate.rules.slice_regression import SliceNotWorse
from gatehouse.core.gate.rules.slices import SliceRule
from gatehouse.core.statistics.metrics import evaluate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gatehouse.core.gate.evidence import Evidence
    from gatehouse.core.gate.rules.base import Rule

# Stated a second time on purpose: a direction that is wrong in one place is found by the other. Metrics that are not
# here (of calibration, of the use case itself) are tested by the mutants whose making alone tells enough.
RISES_WITH_QUALITY = {
    "log_loss": False,
    "brier": False,
    "error_rate": False,
    "mae": False,
    "rmse": False,
    "d2_log_loss": True,
    "accuracy": True,
    "macro_f1": True,
    "macro_auc": True,
    "weighted_auc": True,
    "roc_auc": True,
    "pr_auc": True,
    "r2": True,
}


def expected_failures(rule: Rule, evidence: Evidence) -> bool:
    """Whether the plain values miss what the rule demands, on one slice at least where it judges slices."""
    if not isinstance(rule, SliceRule):
        return _misses(rule, evidence)
    values = evidence.holdout.slices.get(rule.column)
    if values is None:
        return False
    names, sizes = np.unique(values, return_counts=True)
    judged = [n for n, size in zip(names, sizes, strict=True) if size >= rule.min_rows]
    judged = [name for name in judged if not rule.slices or name in rule.slices]
    return any(_misses(rule, only(evidence, values == name)) for name in judged)


def alarming(rule: SuspiciousGain, evidence: Evidence) -> bool:
    """Whether the plain values are beyond one of the alarm's limits."""
    if rule.metric not in RISES_WITH_QUALITY or evidence.holdout.rows < 2:
        return False
    sign = -1 if RISES_WITH_QUALITY[rule.metric] else 1
    rows = evidence.holdout
    value = evaluate(rule.metric, rows.labels, rows.challenger, rows.weights)
    if rule.best_plausible_value is not None and sign * value < sign * rule.best_plausible_value:
        return True
    return rule.max_gain is not None and worsening(rule.metric, evidence) < -rule.max_gain


def worsening(metric: str, evidence: Evidence) -> float:
    """By how much the challenger is worse than the champion on all rows; NaN where this cannot be told."""
    rows = evidence.holdout
    if metric not in RISES_WITH_QUALITY or rows.champion is None:
        return math.nan
    challenger, champion = (
        evaluate(metric, rows.labels, each, rows.weights) for each in (rows.challenger, rows.champion)
    )
    change = challenger - champion
    return -change if RISES_WITH_QUALITY[metric] else change


def only(evidence: Evidence, where: NDArray[np.bool_]) -> Evidence:
    """The evidence of some of the rows."""
    rows = evidence.holdout
    kept = replace(
        rows,
        keys=rows.keys[where],
        labels=rows.labels[where],
        time=rows.time[where],
        challenger=rows.challenger[where],
        champion=None if rows.champion is None else rows.champion[where],
        slices={name: values[where] for name, values in rows.slices.items()},
        weights=None if rows.weights is None else rows.weights[where],
    )
    return replace(evidence, holdout=kept)


def _misses(rule: Rule, evidence: Evidence) -> bool:
    if isinstance(rule, BetterThanChampion):
        return worsening(rule.metric, evidence) >= -rule.margin
    if isinstance(rule, NotWorseThanChampion | SliceNotWorse):
        return worsening(rule.metric, evidence) > 1.01 * rule.margin
    if isinstance(rule, MetricBound | SliceFloor) and rule.metric in RISES_WITH_QUALITY:
        rows = evidence.holdout
        value = evaluate(rule.metric, rows.labels, rows.challenger, rows.weights)
        return (rule.min is not None and value < rule.min) or (rule.max is not None and value > rule.max)
    return False
