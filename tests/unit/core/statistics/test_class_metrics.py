"""Metrics of more than two classes agree with scikit-learn; with two columns they are those of two classes."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from gatehouse.core.statistics.block_bootstrap import block_counts, difference, resample
from gatehouse.core.statistics.metrics import METRICS, evaluate, metric_named, metrics_for, why_undefined

NAMES = metrics_for("multiclass")
BOTH = [name for name in NAMES if METRICS[name].build and name != "calibration_gap"]


def auc(average):
    """scikit-learn's area under the curve of each class against the rest."""
    return lambda y, p, w: sk.roc_auc_score(y, p, sample_weight=w, multi_class="ovr", average=average)


SKLEARN = {
    "log_loss": lambda y, p, w: sk.log_loss(y, p, sample_weight=w, labels=np.arange(p.shape[1])),
    "d2_log_loss": lambda y, p, w: sk.d2_log_loss_score(y, p, sample_weight=w, labels=np.arange(p.shape[1])),
    "brier": lambda y, p, w: sk.brier_score_loss(
        y, p, sample_weight=w, labels=np.arange(p.shape[1]), scale_by_half=True
    ),
    "error_rate": lambda y, p, w: sk.zero_one_loss(y, p.argmax(axis=1), sample_weight=w),
    "accuracy": lambda y, p, w: sk.accuracy_score(y, p.argmax(axis=1), sample_weight=w),
    "macro_f1": lambda y, p, w: sk.f1_score(y, p.argmax(axis=1), sample_weight=w, average="macro", zero_division=0),
    "macro_auc": auc("macro"),
    "weighted_auc": auc("weighted"),
}


SOME = st.integers(2, 5)


@st.composite
def samples(draw, classes=SOME):
    """Labels, probabilities with ties for each class, and weights that are often zero, or None."""
    count, size, seed = draw(classes), draw(st.integers(5, 60)), draw(st.integers(0, 2**32 - 1))
    random = np.random.default_rng(seed)
    raw = np.round(random.dirichlet(np.ones(count), size), draw(st.sampled_from([1, 2, 9]))) + 1e-9
    labels = random.integers(0, count, size).astype(float)
    weights = draw(st.none() | st.just(random.choice([0.0, 0.25, 1.0, 7.5], size)))
    return labels, raw / raw.sum(axis=1, keepdims=True), weights


@pytest.mark.parametrize("name", SKLEARN)
@settings(max_examples=60, deadline=None)
@given(sample=samples())
def test_metrics_by_class_agree_with_sklearn(name, sample):
    """With ties, weights, missing classes and any number of classes, a defined metric is scikit-learn's."""
    labels, chances, weights = sample
    ours = evaluate(name, labels, chances, weights)
    kept = np.ones(len(labels), bool) if weights is None else weights > 0
    y, p, w = labels[kept], chances[kept], None if weights is None else weights[kept]
    if not kept.any():
        assert math.isnan(ours)
        return
    if name == "d2_log_loss" and len(np.unique(y)) < 2:
        assert math.isnan(ours)
        return
    if name.endswith("_auc"):
        if len(np.unique(y)) < p.shape[1]:
            assert math.isnan(ours) or name == "weighted_auc"
            return
        if p.shape[1] == 2:
            assert ours == pytest.approx(sk.roc_auc_score(y, p[:, 1], sample_weight=w), abs=1e-12)
            return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert ours == pytest.approx(SKLEARN[name](y, p, w), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", BOTH)
@settings(max_examples=60, deadline=None)
@given(sample=samples(classes=st.just(2)))
def test_two_columns_give_the_metric_of_two_classes(name, sample):
    """The functions for many classes are those for two where there are two."""
    labels, chances, weights = sample
    chances = np.stack([1 - chances[:, 1], chances[:, 1]], axis=1)
    tied = np.isclose(chances * 15, np.round(chances * 15)).any() or (chances[:, 0] == chances[:, 1]).any()
    if name == "ece" and tied:
        return  # a chance on the edge of a bin is in another one seen from the other class
    ours, single = (evaluate(name, labels, each, weights) for each in (chances, chances[:, 1]))
    assert ours == pytest.approx(single, rel=1e-12, abs=1e-12, nan_ok=True)


def month(rows=400, blocks=10, classes=3, seed=1):
    """Labels, two models' probabilities, and blocks of different size."""
    random = np.random.default_rng(seed)
    first, second = (random.dirichlet(np.ones(classes), rows) for _ in range(2))
    labels = np.array([random.choice(classes, p=row) for row in first], dtype=float)
    return labels, first, second, np.sort(random.integers(0, blocks, rows))


@pytest.mark.parametrize("name", NAMES)
def test_resampling_whole_blocks_equals_repeating_their_rows(name):
    """Each resample's metric is that of the rows repeated block by block."""
    labels, chances, _, codes = month()
    counts = block_counts(10, 20, seed=4)
    draws = [np.repeat(np.arange(len(labels)), drawn[codes].astype(int)) for drawn in counts]
    expected = [evaluate(name, labels[rows], chances[rows]) for rows in [np.arange(len(labels)), *draws]]
    found = resample(metric_named(name), labels, chances, codes, counts)
    assert found == pytest.approx(np.array(expected), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_a_copy_differs_by_nothing_and_a_nan_leaves_nothing(name):
    """A model compared with itself has no difference; one probability that is NaN makes all undefined."""
    labels, chances, other, codes = month()
    same = difference(labels, chances, chances.copy(), codes, name, resamples=200)
    assert (same.value, same.low, same.high) == (0, 0, 0)
    holed = chances.copy()
    holed[3, 1] = math.nan
    assert math.isnan(difference(labels, holed, other, codes, name, resamples=200).value)


def test_what_is_undefined_says_why():
    """A class without a column, rows that are no probabilities, and a class without rows are named."""
    labels, chances, *_ = month()
    assert "labels of classes that the model gives no probability for" in why_undefined("log_loss", labels + 1, chances)
    assert "do not sum to one" in why_undefined("log_loss", labels, chances / 2)
    kept = labels != 2
    assert "a class has no rows" in why_undefined("macro_auc", labels[kept], chances[kept])
    assert all(math.isnan(evaluate(name, labels + 1, chances)) for name in NAMES)


def test_a_class_that_no_row_has_leaves_the_other_metrics_defined():
    """Where a class vanished, only the mean of all areas has no value; the weighted one is over the classes that occur."""
    labels, chances, *_ = month()
    kept = labels != 2
    values = {name: evaluate(name, labels[kept], chances[kept]) for name in NAMES}
    assert [name for name, value in values.items() if math.isnan(value)] == ["macro_auc"]
