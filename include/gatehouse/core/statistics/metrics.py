"""The metrics of Gatehouse by name: weighted functions of (label, prediction, weight), with a direction.

What is undefined is NaN, never a number: no rows, a label or prediction that is not finite, a label other than 0 or 1
or a probability outside [0, 1] where a class is predicted, one class only for a metric of order, equal labels for R2.
Predictions of more than two classes have a column for each; their metrics are in `class_metrics`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from gatehouse.core.statistics import brier, custom_metrics, ranking
from gatehouse.core.statistics import class_metrics as k
from gatehouse.core.statistics import weighted_means as m
from gatehouse.core.statistics.blocked_rows import Array, BlockedRows, Build, Codes, Sampler
from gatehouse.errors import ConfigurationError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from gatehouse.core.gate.evidence import Task

Better = Literal["higher", "lower", "nearer zero"]
Predicts = Literal["probability", "score", "number"]


@dataclass(frozen=True)
class Metric:
    """A metric: its key in YAML, its name for people, which way is better, what it is defined for, how it is computed.

    `predicts` says what predictions it takes: a `probability` of class 1, a `score` that orders rows of class 0 and 1,
    or any `number`. `build` computes it of one prediction a row, `by_class` of one for each class.
    """

    name: str
    title: str
    better: Better
    predicts: Predicts
    tasks: tuple[Task, ...]
    build: Build | None
    by_class: Build | None = None

    def loss(self, value: float) -> float:
        """The value turned so that smaller is better: itself, its negative, or its magnitude."""
        return {"lower": value, "higher": -value, "nearer zero": abs(value)}[self.better]

    def sampler(self, labels: Array, predictions: Array, blocks: Codes, block_count: int, weights: Array) -> Sampler:
        """The function from block counts (resamples, blocks) to the metric of each resample (resamples,)."""
        kept = weights != 0
        rows = BlockedRows(labels[kept], predictions[kept], weights[kept], blocks[kept], block_count)
        build = self.build if predictions.ndim == 1 else self.by_class
        return build(rows) if build is not None and _defined(rows, self.predicts) else _undefined


def evaluate(name: str, labels: ArrayLike, predictions: ArrayLike, weights: ArrayLike | None = None) -> float:
    """The metric `name` over rows; NaN where it is undefined, ConfigurationError for an unknown name."""
    y, p = np.asarray(labels, dtype=np.float64), np.asarray(predictions, dtype=np.float64)
    w = np.ones_like(y) if weights is None else np.asarray(weights, dtype=np.float64)
    if not (y.shape == p.shape[:1] == w.shape and p.ndim in (1, 2)):
        raise ValueError(f"labels, predictions and weights must be one a row; found {y.shape}, {p.shape}, {w.shape}")
    sample = metric_named(name).sampler(y, p, np.zeros(len(y), dtype=np.intp), 1, w)
    return float(sample(np.ones((1, 1)))[0])


def why_undefined(name: str, labels: ArrayLike, predictions: ArrayLike) -> str:
    """Say why `evaluate` gives NaN for these rows."""
    y, p = np.asarray(labels, dtype=np.float64), np.asarray(predictions, dtype=np.float64)
    values, predicts = np.unique(y), metric_named(name).predicts
    if not len(y):
        return "there are no rows"
    if not (np.isfinite(y).all() and np.isfinite(p).all()):
        return "a label or a prediction is not a finite number"
    if custom_metrics.is_own(name):
        return custom_metrics.why_undefined(name, y, p)
    if p.ndim == 2:
        return _why_undefined_by_class(y, p)
    if predicts != "number" and not np.isin(values, (0.0, 1.0)).all():
        return f"labels other than 0 and 1 were found: {', '.join(f'{value:g}' for value in values[:5])}"
    if predicts == "probability" and not ((p >= 0) & (p <= 1)).all():
        return f"predictions outside 0 to 1 were found: {p.min():g} to {p.max():g}"
    return f"the label is {values[0]:g} in all rows" if len(values) == 1 else "it is not defined for these rows"


def _why_undefined_by_class(labels: Array, predictions: Array) -> str:
    classes = predictions.shape[1]
    if not k.are_places(labels, classes):
        return f"there are labels of classes that the model gives no probability for: it knows {classes}"
    if not k.are_chances(predictions):
        return "the predicted probabilities of a row do not sum to one, or are outside 0 to 1"
    sizes = np.bincount(labels.astype(np.intp), minlength=classes)
    return f"a class has no rows, or all of them; rows by class in the order of `classes`: {', '.join(map(str, sizes))}"


def metric_named(name: str) -> Metric:
    """The metric of that name, built in or a use case's own; ConfigurationError lists the built-in ones."""
    if custom_metrics.is_own(name):
        title = name.split(".")[1].replace("_", " ")
        build = custom_metrics.build(name)
        return Metric(name, title, "lower", "number", _ALL, build, build)
    if name not in METRICS:
        raise ConfigurationError("no such metric", found=repr(name), allowed=", ".join(METRICS))
    return METRICS[name]


def metrics_for(task: Task) -> tuple[str, ...]:
    """The names of the metrics that are defined for a task."""
    return tuple(name for name, metric in METRICS.items() if task in metric.tasks)


def _defined(rows: BlockedRows, predicts: Predicts) -> bool:
    arrays = (rows.labels, rows.predictions, rows.weights)
    if not len(rows.labels) or not all(np.isfinite(array).all() for array in arrays) or (rows.weights < 0).any():
        return False
    if rows.predictions.ndim == 2:
        return k.are_places(rows.labels, rows.predictions.shape[1]) and k.are_chances(rows.predictions)
    if predicts != "number" and not np.isin(rows.labels, (0.0, 1.0)).all():
        return False
    return predicts != "probability" or bool(((rows.predictions >= 0) & (rows.predictions <= 1)).all())


def _undefined(counts: Array) -> Array:
    return np.full(len(counts), np.nan)


_TWO: tuple[Task, ...] = ("classification",)
_MORE: tuple[Task, ...] = ("multiclass",)
_CLASSES: tuple[Task, ...] = (*_TWO, *_MORE)
_NUMBER: tuple[Task, ...] = ("regression",)
_ALL: tuple[Task, ...] = (*_CLASSES, *_NUMBER)

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("log_loss", "log loss", "lower", "probability", _CLASSES,
               m.moments(m.log_loss_terms, m.only), m.moments(k.log_loss, m.only)),
        Metric("brier", "Brier score", "lower", "probability", _CLASSES,
               m.moments(m.squared_error, m.only), m.moments(k.squared_error, m.only)),
        Metric("error_rate", "error rate", "lower", "probability", _CLASSES,
               m.moments(m.wrong_class, m.only), m.moments(k.wrong_class, m.only)),
        Metric("accuracy", "accuracy", "higher", "probability", _MORE, None, m.moments(k.right_class, m.only)),
        Metric("macro_f1", "macro F1", "higher", "probability", _MORE, None, m.moments(k.confusion_terms, k.macro_f1)),
        Metric("macro_auc", "macro ROC AUC", "higher", "score", _MORE, None, k.macro_auc),
        Metric("weighted_auc", "weighted ROC AUC", "higher", "score", _MORE, None, k.weighted_auc),
        Metric("roc_auc", "ROC AUC", "higher", "score", _TWO, ranking.roc_auc),
        Metric("pr_auc", "average precision", "higher", "score", _TWO, ranking.average_precision),
        Metric("calibration_gap", "calibration gap", "nearer zero", "number", _ALL,
               m.moments(m.calibration_gap, m.only), m.moments(k.gap_by_class, k.largest_gap)),
        Metric("ece", "expected calibration error", "lower", "probability", _CLASSES,
               m.moments(m.excess_by_bin, m.sum_of_magnitudes), m.moments(k.excess_by_bin, m.sum_of_magnitudes)),
        Metric("reliability", "reliability", "lower", "probability", _TWO,
               m.moments(brier.calibration_bins, brier.reliability)),
        Metric("resolution", "resolution", "higher", "probability", _TWO,
               m.moments(brier.calibration_bins, brier.resolution)),
        Metric("d2_log_loss", "D2 of log loss", "higher", "probability", _CLASSES,
               m.moments(m.d2_terms, m.explained_log_loss), m.moments(k.d2_terms, m.explained_log_loss)),
        Metric("mae", "mean absolute error", "lower", "number", _NUMBER, m.moments(m.absolute_error, m.only)),
        Metric("rmse", "root mean squared error", "lower", "number", _NUMBER, m.moments(m.squared_error, m.root)),
        Metric("r2", "R2", "higher", "number", _NUMBER, m.moments(m.r2_terms, m.explained_share)),
    )
}  # fmt: skip
