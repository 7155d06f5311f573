"""Cost-aware retraining: what staying stale costs, and what a training and its review cost.

After Mahadevan and Mathioudakis, "Cost-Aware Retraining for Machine Learning" (arXiv 2310.04216): retrain when the
staleness cost of keeping the model exceeds the cost of retraining. What they call staleness cost is here the part of the
measured loss that a refitted model would win back, priced by the row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gatehouse.core.statistics.class_metrics import happened
from gatehouse.core.statistics.metrics import evaluate, metric_named

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gatehouse.core.config.triggers import CostReason

EDGE = 1e-6
STEPS = 50  # halvings of a range of forty log odds


@dataclass(frozen=True)
class Cost:
    """The three numbers, in the currency of `retrain.yaml`, with what the first one rests on."""

    stale: float
    training: float
    review: float
    excess: float
    rows: int
    horizon: int

    @property
    def pays(self) -> bool:
        """Whether staying stale costs more than training and review."""
        return self.stale > self.training + self.review

    @property
    def sentence(self) -> str:
        """The three numbers in words."""
        return (
            f"staying stale costs {self.stale:,.0f} ({self.excess:.4f} of loss to win back on {self.rows:,} rows a batch, "
            f"over {self.horizon} batches), training costs {self.training:,.0f} and review {self.review:,.0f}"
        )


def retraining_cost(reason: CostReason, excess: float, rows: int) -> Cost:
    """The cost of an excess loss (in units of the metric, NaN counts as none) on so many rows a batch."""
    known = excess if np.isfinite(excess) else 0.0
    stale = max(known, 0.0) * rows / 1000 * reason.loss_value_per_1000_rows * reason.horizon
    return Cost(stale, reason.training, reason.review, known, rows, reason.horizon)


def excess_loss(
    labels: NDArray[np.float64], scores: NDArray[np.float64], codes: NDArray[np.intp], metric: str
) -> float:
    """How much of the metric's loss a refitted model would win back at the least; NaN where the metric is undefined.

    The scores are corrected by one shift (of log odds for a class, of the number else; a weight for each of more classes)
    that is fitted on every second block and measured on the others, both ways round: what is left of chance in it has mean
    zero or below, so a model that is as good as ever shows no excess. A refit wins back more than a shift does: on the
    flights' June and July a half of what retraining gained. Rows of equal `codes` are one block; fewer than two blocks give NaN.
    """
    blocks = np.unique(codes)
    if len(blocks) < 2:
        return float("nan")
    odd = np.isin(codes, blocks[1::2])
    corrected = np.empty_like(scores)
    chances = metric_named(metric).predicts == "probability"
    for part in (odd, ~odd):
        if scores.ndim == 2:
            corrected[part] = _reweighted(labels[~part], scores[~part], scores[part])
        else:
            corrected[part] = _shifted(labels[~part], scores[~part], scores[part], chances)
    loss = metric_named(metric).loss
    return loss(evaluate(metric, labels, scores)) - loss(evaluate(metric, labels, corrected))


def _shifted(
    labels: NDArray[np.float64], scores: NDArray[np.float64], others: NDArray[np.float64], chances: bool
) -> NDArray[np.float64]:
    """`others` moved by the shift that makes the mean of `scores` the mean of `labels`."""
    if not chances:
        return np.asarray(others + (labels.mean() - scores.mean()))
    known, low, high = _log_odds(scores), -20.0, 20.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if _chance(known + middle).mean() < labels.mean() else (low, middle)
    return _chance(_log_odds(others) + (low + high) / 2)


def _reweighted(
    labels: NDArray[np.float64], scores: NDArray[np.float64], others: NDArray[np.float64]
) -> NDArray[np.float64]:
    """`others` with a weight for each class that makes the mean of `scores` the shares of `labels`: with two classes that is
    one shift of log odds."""
    wanted = np.maximum(happened(labels, scores.shape[1]).mean(axis=0), EDGE)
    weights = np.ones(scores.shape[1])
    for _ in range(STEPS):
        weights *= wanted / np.maximum(_weighted(scores, weights).mean(axis=0), EDGE)
    return _weighted(others, weights)


def _weighted(scores: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    raised = np.clip(scores, EDGE, 1) * weights
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _log_odds(chances: NDArray[np.float64]) -> NDArray[np.float64]:
    kept = np.clip(chances, EDGE, 1 - EDGE)
    return np.asarray(np.log(kept / (1 - kept)))


def _chance(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-log_odds)))
