"""Metrics of more than two classes: labels are places 0 to k - 1, predictions have a column for each class.

With two columns they give what the metrics of two classes give. What is a mean over rows is resampled by the sums of
blocks, as there; areas under ROC curves are those of each class against the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gatehouse.core.statistics import ranking
from gatehouse.core.statistics.blocked_rows import BlockedRows
from gatehouse.core.statistics.weighted_means import ECE_BINS, surprise

if TYPE_CHECKING:
    from gatehouse.core.statistics.blocked_rows import Array, Sampler

SUM_TOLERANCE = 1e-4  # how far the probabilities of a row may sum to something else than one: 32-bit floats are allowed


def happened(labels: Array, classes: int) -> Array:
    """1 in the column of each row's class, 0 elsewhere; shape (rows, classes)."""
    return np.asarray(labels[:, None] == np.arange(classes), dtype=np.float64)


def are_chances(predictions: Array) -> bool:
    """Whether each row holds probabilities that sum to one."""
    inside = ((predictions >= 0) & (predictions <= 1)).all()
    return bool(inside and (np.abs(predictions.sum(axis=1) - 1) <= SUM_TOLERANCE).all())


def are_places(labels: Array, classes: int) -> bool:
    """Whether each label is the place of a class that predictions have a column for."""
    return bool(np.isin(labels, np.arange(classes)).all())


def log_loss(labels: Array, predictions: Array) -> Array:
    """-log of the probability given to the class that happened, clipped as for two classes."""
    return surprise(predictions[np.arange(len(labels)), labels.astype(np.intp)])


def d2_terms(labels: Array, predictions: Array) -> Array:
    """`log_loss`, and 1 in the row of the class that happened; shape (1 + classes, rows)."""
    return np.vstack([log_loss(labels, predictions), happened(labels, predictions.shape[1]).T])


def squared_error(labels: Array, predictions: Array) -> Array:
    """Half the squared distance of the probabilities from what happened: with two classes, that of class 1 (Brier 1950)."""
    return np.asarray(((predictions - happened(labels, predictions.shape[1])) ** 2).sum(axis=1) / 2)


def wrong_class(labels: Array, predictions: Array) -> Array:
    """1 where the likeliest class did not happen; of equally likely ones the first counts, as in `predict`."""
    return np.asarray(predictions.argmax(axis=1) != labels, dtype=np.float64)


def right_class(labels: Array, predictions: Array) -> Array:
    """1 where the likeliest class happened."""
    return 1 - wrong_class(labels, predictions)


def gap_by_class(labels: Array, predictions: Array) -> Array:
    """prediction - label of each class; shape (classes, rows)."""
    return np.asarray((predictions - happened(labels, predictions.shape[1])).T)


def largest_gap(means: Array) -> Array:
    """The largest distance of a class's mean probability from its share of rows."""
    return np.asarray(np.abs(means).max(axis=1))


def excess_by_bin(labels: Array, predictions: Array) -> Array:
    """Expected calibration error's terms of each class, divided by the number of classes; shape (classes * bins, rows)."""
    classes = predictions.shape[1]
    bins = np.minimum((predictions * ECE_BINS).astype(np.intp), ECE_BINS - 1)
    gaps = (predictions - happened(labels, classes)) / classes
    inside = bins.T[:, None, :] == np.arange(ECE_BINS)[:, None]
    return np.where(inside, gaps.T[:, None, :], 0.0).reshape(classes * ECE_BINS, len(labels))


def confusion_terms(labels: Array, predictions: Array) -> Array:
    """For each class whether it was predicted and happened, was predicted, and happened; shape (3 * classes, rows)."""
    known = happened(labels, predictions.shape[1]).T
    said = happened(predictions.argmax(axis=1).astype(np.float64), predictions.shape[1]).T
    return np.concatenate([known * said, said, known])


def macro_f1(means: Array) -> Array:
    """The mean over classes of 2 * hits / (predicted + happened), of those that occur, as scikit-learn's `f1_score`."""
    hits, said, known = np.split(means, 3, axis=1)
    both = said + known
    scores = np.divide(2 * hits, both, out=np.zeros_like(both), where=both > 0)
    return np.asarray(scores.sum(axis=1) / (both > 0).sum(axis=1))


def macro_auc(rows: BlockedRows) -> Sampler:
    """The mean over classes of the ROC AUC of that class against the rest; NaN where a class has no rows or all."""
    areas = _areas(rows)
    return lambda counts: np.mean([area(counts) for area, _ in areas], axis=0)


def weighted_auc(rows: BlockedRows) -> Sampler:
    """As `macro_auc`, each class weighted by its share of rows; classes without rows weigh nothing."""
    areas = _areas(rows)

    def sample(counts: Array) -> Array:
        sizes = np.stack([counts @ size for _, size in areas])
        found = np.stack([area(counts) for area, _ in areas])
        return np.asarray(np.where(sizes > 0, sizes * found, 0.0).sum(axis=0) / sizes.sum(axis=0))

    return sample


def _areas(rows: BlockedRows) -> list[tuple[Sampler, Array]]:
    """Each class's AUC against the rest, and its weight in each block."""
    found = []
    for place, known in enumerate(happened(rows.labels, rows.predictions.shape[1]).T):
        single = BlockedRows(known, rows.predictions[:, place], rows.weights, rows.blocks, rows.block_count)
        found.append((ranking.roc_auc(single), rows.per_block(known)))
    return found
