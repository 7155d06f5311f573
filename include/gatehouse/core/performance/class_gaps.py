"""The calibration gap of more than two classes: that of each class against the rest, and which of them is the largest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gatehouse.core.statistics.block_bootstrap import Estimate, block_counts, resample, summarise
from gatehouse.core.statistics.class_metrics import happened
from gatehouse.core.statistics.metrics import metric_named
from gatehouse.core.statistics.weighted_means import weighted_mean
from gatehouse.formatting import shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gatehouse.core.drift.reference import Reference

GAP, ERROR, MOST_TESTS, MOST_SHOWN = "calibration_gap", 0.05, 10, 6


def largest_gap(
    labels: NDArray[np.float64],
    scores: NDArray[np.float64],
    codes: NDArray[np.intp],
    classes: Sequence[str],
    resamples: int,
    seed: int,
    weights: NDArray[np.float64] | None = None,
) -> tuple[str, Estimate]:
    """The class whose mean probability is farthest from its share of rows, and its gap with its sign. The classes share the
    error of the interval (Bonferroni, up to ten): one of many is far off by chance sooner than one of two."""
    counts = block_counts(len(np.unique(codes)), resamples, seed)
    known, metric = happened(labels, len(classes)), metric_named(GAP)
    confidence = 1 - ERROR / min(len(classes), MOST_TESTS)
    found = [
        summarise(
            resample(metric, known[:, place], scores[:, place], codes, counts, weights), codes, confidence, weights
        )
        for place in range(len(classes))
    ]
    worst = int(np.argmax([abs(each.value) if np.isfinite(each.value) else -1.0 for each in found]))
    return classes[worst], found[worst]


def shares(
    values: NDArray[np.float64], classes: Sequence[str], weights: NDArray[np.float64] | None = None
) -> dict[str, float]:
    """The mean of each class's column, by its name; NaN without rows."""
    return dict(zip(classes, map(float, weighted_mean(values, weights)), strict=True))


def gap_on_holdout(reference: Reference, name: str) -> float:
    """How far the model's mean probability of a class was from its share of the holdout; NaN where that is not known."""
    scores = reference.scores.columns.get(f"gh_score:{name}")
    mine = reference.by_label.get(name)
    rows = next(iter(mine.columns.values())).rows if mine is not None and mine.columns else None
    mean = getattr(getattr(scores, "moments", None), "mean", float("nan"))
    return float("nan") if rows is None or not reference.holdout_rows else float(mean) - rows / reference.holdout_rows


def describe_shares(values: Mapping[str, float]) -> str:
    """`apple 0.31, pear 0.42`: of many classes the largest ones, in the order of their names in `classes`."""
    largest = sorted(values, key=lambda name: -values[name])[:MOST_SHOWN]
    told = ", ".join(f"{name} {shown(value)}" for name, value in values.items() if name in largest)
    return told if len(values) <= MOST_SHOWN else f"{told} and {len(values) - MOST_SHOWN} more"
