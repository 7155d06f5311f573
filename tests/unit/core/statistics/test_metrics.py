"""Metrics agree with scikit-learn, and what is undefined is never a number."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from gatehouse.core.statistics.metrics import METRICS, evaluate, metric_named, metrics_for
from gatehouse.errors import ConfigurationError

SKLEARN = {
    "log_loss": lambda y, p, w: sk.log_loss(y, p, sample_weight=w, labels=[0, 1]),
    "d2_log_loss": lambda y, p, w: sk.d2_log_loss_score(y, p, sample_weight=w, labels=[0, 1]),
    "brier": lambda y, p, w: sk.brier_score_loss(y, p, sample_weight=w),
    "error_rate": lambda y, p, w: sk.zero_one_loss(y, p > 0.5, sample_weight=w),
    "roc_auc": lambda y, p, w: sk.roc_auc_score(y, p, sample_weight=w),
    "pr_auc": lambda y, p, w: sk.average_precision_score(y, p, sample_weight=w),
    "mae": lambda y, p, w: sk.mean_absolute_error(y, p, sample_weight=w),
    "rmse": lambda y, p, w: sk.root_mean_squared_error(y, p, sample_weight=w),
    "r2": lambda y, p, w: sk.r2_score(y, p, sample_weight=w),
}
CLASSES = [name for name in metrics_for("classification") if name in SKLEARN]
SINGLE = [name for name, metric in METRICS.items() if metric.build]  # of one prediction a row
NUMBERS = [name for name in metrics_for("regression") if name in SKLEARN]


CLASS_LABELS, PROBABILITIES = st.sampled_from([0.0, 1.0]), st.floats(0, 1)


@st.composite
def samples(draw, labels=CLASS_LABELS, predictions=PROBABILITIES):
    """Labels with at least two distinct values, predictions full of ties, weights that are often zero, or None."""
    size = draw(st.integers(2, 60))
    y = np.array(draw(st.lists(labels, min_size=size, max_size=size).filter(lambda values: len(set(values)) > 1)))
    grid = draw(st.lists(predictions, min_size=1, max_size=8))
    p = np.array(draw(st.lists(st.sampled_from(grid) | predictions, min_size=size, max_size=size)))
    w = draw(st.none() | st.lists(st.sampled_from([0.0, 0.25, 1.0, 7.5]), min_size=size, max_size=size).map(np.array))
    return y, p, w


def same(ours: float, theirs: float) -> bool:
    """Equal to 1e-12, absolutely for small values and relatively for large ones."""
    return ours == pytest.approx(theirs, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("name", CLASSES)
@settings(max_examples=50, deadline=None)
@given(sample=samples())
def test_class_metrics_agree_with_sklearn(name, sample):
    """With ties, extreme probabilities and zero weights, a defined metric is scikit-learn's to 1e-12."""
    y, p, w = sample
    ours = evaluate(name, y, p, w)
    if len(np.unique(y if w is None else y[w > 0])) < 2:
        assert math.isnan(ours) or name not in ("roc_auc", "pr_auc")
        return
    assert same(ours, SKLEARN[name](y, p, w))


@pytest.mark.parametrize("name", NUMBERS)
@settings(max_examples=50, deadline=None)
@given(sample=samples(labels=st.integers(-40, 40).map(float), predictions=st.floats(-50, 50, width=32)))
def test_number_metrics_agree_with_sklearn(name, sample):
    """With ties and zero weights, a defined metric is scikit-learn's to 1e-12."""
    y, p, w = sample
    ours = evaluate(name, y, p, w)
    kept = y if w is None else y[w > 0]
    if len(kept) == 0 or (name == "r2" and len(np.unique(kept)) < 2):
        assert math.isnan(ours)
        return
    assert same(ours, SKLEARN[name](y, p, w))


@pytest.mark.parametrize("weighted", [False, True])
def test_metrics_agree_on_many_rows(weighted):
    """Sums over a real month's number of rows keep agreeing to 1e-12."""
    generator = np.random.default_rng(3)
    p = generator.random(28_000)
    y = (generator.random(28_000) < p).astype(float)
    w = generator.random(28_000) if weighted else None
    for name in SKLEARN:
        assert same(evaluate(name, y, p, w), SKLEARN[name](y, p, w)), name


def test_calibration_metrics_by_hand():
    """The gap is mean prediction - mean outcome; ECE weighs each bin's gap by its share of the rows."""
    y, p = [0, 1, 1, 0], [0.1, 0.1, 0.9, 0.9]
    assert evaluate("calibration_gap", y, p) == pytest.approx(0.0)
    assert evaluate("ece", y, p) == pytest.approx(0.5 * abs(0.1 - 0.5) + 0.5 * abs(0.9 - 0.5))
    assert evaluate("calibration_gap", y, p, [0, 0, 1, 1]) == pytest.approx(0.4)


@pytest.mark.parametrize("name", SINGLE)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_one_bad_value_makes_every_metric_nan(name, bad):
    """One NaN or infinity among labels, predictions or weights is never averaged away."""
    y, p, w = np.array([0.0, 1, 0, 1]), np.array([0.2, 0.7, 0.4, 0.6]), np.ones(4)
    assert not math.isnan(evaluate(name, y, p, w))
    for array in (y, p, w):
        kept, array[2] = array[2], bad
        assert math.isnan(evaluate(name, y, p, w))
        array[2] = kept


@pytest.mark.parametrize("name", SINGLE)
def test_nothing_is_measured_on_no_rows(name):
    """No rows, or rows of no weight, or a negative weight: NaN, and no warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert math.isnan(evaluate(name, [], []))
        assert math.isnan(evaluate(name, [0, 1], [0.2, 0.7], [0, 0]))
        assert math.isnan(evaluate(name, [0, 1], [0.2, 0.7], [2, -1]))


@pytest.mark.parametrize("name", ["roc_auc", "pr_auc"])
@pytest.mark.parametrize("label", [0.0, 1.0])
def test_metrics_of_order_need_both_classes(name, label):
    """With one class there is nothing to order, though scikit-learn's average precision says 0 or 1."""
    assert math.isnan(evaluate(name, [label] * 3, [0.2, 0.7, 0.4]))


@pytest.mark.parametrize("name", metrics_for("classification"))
def test_labels_of_a_class_are_zero_or_one(name):
    """A label 2 makes every metric of classes undefined; only the gap is defined for numbers too."""
    assert math.isnan(evaluate(name, [0, 1, 2], [0.2, 0.7, 0.4])) == (name != "calibration_gap")


@pytest.mark.parametrize("name", ["log_loss", "brier", "error_rate", "ece"])
@pytest.mark.parametrize("outside", [-0.001, 1.001])
def test_probabilities_stay_within_zero_and_one(name, outside):
    """A score that is no probability is refused, not clipped."""
    assert math.isnan(evaluate(name, [0, 1, 1], [0.2, 0.7, outside]))


def test_unknown_metric_lists_the_known_ones():
    """The error names what was found and, from the registry, what is allowed."""
    with pytest.raises(ConfigurationError, match=r"exactness.*log_loss.*roc_auc.*r2"):
        metric_named("exactness")


def test_loss_points_down():
    """`loss` turns every metric so that smaller is better."""
    assert METRICS["roc_auc"].loss(0.7) < METRICS["roc_auc"].loss(0.6)
    assert METRICS["log_loss"].loss(0.5) < METRICS["log_loss"].loss(0.6)
    assert METRICS["calibration_gap"].loss(-0.01) < METRICS["calibration_gap"].loss(0.02)


def test_arrays_of_different_length_are_refused():
    """A shape that would broadcast is a mistake, not a measurement."""
    with pytest.raises(ValueError, match="one a row"):
        evaluate("brier", [0, 1], [0.5])
