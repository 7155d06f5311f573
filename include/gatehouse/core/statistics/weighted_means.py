"""Metrics that are functions of weighted means: resampling blocks needs only each block's sums, never its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from gatehouse.core.statistics.blocked_rows import Array, BlockedRows, Build, Sampler

ECE_BINS = 15
_EPSILON = np.finfo(np.float64).eps


def moments(terms: Callable[[Array, Array], Array], finish: Callable[[Array], Array]) -> Build:
    """The metric `finish(weighted means of terms)`.

    `terms(labels, predictions)` has shape (terms, rows) or (rows,); `finish` maps means of shape (resamples, terms)
    to (resamples,). Means over resampled blocks are (counts @ block sums) / (counts @ block weights), exactly.
    """

    def build(rows: BlockedRows) -> Sampler:
        columns = np.atleast_2d(terms(rows.labels, rows.predictions))
        sums = np.stack([rows.per_block(column) for column in columns], axis=1)
        weights = rows.per_block(np.ones_like(rows.labels))

        def sample(counts: Array) -> Array:
            with np.errstate(invalid="ignore", divide="ignore"):
                return finish((counts @ sums) / (counts @ weights)[:, None])

        return sample

    return build


def weighted_mean(values: Array, weights: Array | None) -> Array:
    """The mean over the rows, of each column where there are several; NaN without a row that counts."""
    if not len(values) or (weights is not None and not weights.any()):
        return np.full(values.shape[1:], np.nan)
    return np.asarray(np.average(values, axis=0, weights=weights))


def only(means: Array) -> Array:
    """The mean itself, where there is one term."""
    return means[:, 0]


def surprise(chances: Array) -> Array:
    """-log of the probabilities, clipped to [eps, 1 - eps] as scikit-learn does."""
    return np.asarray(-np.log(np.clip(chances, _EPSILON, 1 - _EPSILON)))


def log_loss_terms(labels: Array, predictions: Array) -> Array:
    """-log of the probability given to what happened."""
    return surprise(np.where(labels == 1, predictions, 1 - predictions))


def squared_error(labels: Array, predictions: Array) -> Array:
    """(label - prediction)^2: the Brier score of a probability (Brier 1950)."""
    return (labels - predictions) ** 2


def absolute_error(labels: Array, predictions: Array) -> Array:
    """|label - prediction|."""
    return np.abs(labels - predictions)


def wrong_class(labels: Array, predictions: Array) -> Array:
    """1 where the likelier class did not happen; a probability of exactly one half says class 0, as `predict` does."""
    return np.asarray((predictions > 0.5) != (labels == 1), dtype=np.float64)


def calibration_gap(labels: Array, predictions: Array) -> Array:
    """prediction - label: its mean says how much is promised beyond what happens."""
    return predictions - labels


def excess_by_bin(labels: Array, predictions: Array) -> Array:
    """prediction - label in the row of the prediction's bin, 0 elsewhere; shape (ECE_BINS, rows)."""
    bins = np.minimum((predictions * ECE_BINS).astype(np.intp), ECE_BINS - 1)
    return np.where(bins == np.arange(ECE_BINS)[:, None], predictions - labels, 0.0)


def sum_of_magnitudes(means: Array) -> Array:
    """Expected calibration error: sum over bins of (share of rows) * |mean prediction - mean label|."""
    return np.asarray(np.abs(means).sum(axis=1))


def root(means: Array) -> Array:
    """The square root of the mean."""
    return np.asarray(np.sqrt(means[:, 0]))


def r2_terms(labels: Array, predictions: Array) -> Array:
    """Squared error, label and squared label; labels are centred first, so that their variance loses no digits."""
    centred = labels - labels.mean()
    return np.stack([(labels - predictions) ** 2, centred, centred**2])


def explained_share(means: Array) -> Array:
    """1 - squared error / variance of the labels; NaN where the labels are constant."""
    variance = means[:, 2] - means[:, 1] ** 2
    constant = variance <= 1e-12 * means[:, 2]
    return np.asarray(1 - means[:, 0] / np.where(constant, np.nan, variance))


def d2_terms(labels: Array, predictions: Array) -> Array:
    """-log of the probability given to what happened, and 1 in the row of the class that happened; shape (3, rows)."""
    return np.stack([log_loss_terms(labels, predictions), labels, 1 - labels])


def explained_log_loss(means: Array) -> Array:
    """1 - log loss / the log loss of always predicting the shares of the classes; NaN where there is one class alone."""
    shares = np.clip(means[:, 1:], 0.0, 1.0)
    entropy = -(shares * np.log(np.where(shares > 0, shares, 1.0))).sum(axis=1)
    return np.asarray(1 - means[:, 0] / np.where(shares.max(axis=1) >= 1 - 1e-12, np.nan, entropy))
