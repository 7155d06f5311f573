"""Intervals over blocks: exact resampling, honest coverage, the same bytes every time."""

from __future__ import annotations

import math
from datetime import datetime

import numpy as np
import pytest
from benchmarks.resampling import peak
from hypothesis import given, settings
from hypothesis import strategies as st

from gatehouse.core.contract.batch_calendar import Span
from gatehouse.core.statistics import ranking
from gatehouse.core.statistics.block_bootstrap import (
    Estimate,
    block_codes,
    block_counts,
    difference,
    resample,
    summarise,
)
from gatehouse.core.statistics.metrics import METRICS, evaluate, metric_named

NUMBERS = ("mae", "rmse", "r2")
SINGLE = [name for name, metric in METRICS.items() if metric.build]  # of one prediction a row


def month(seed: int = 0, rows: int = 600, blocks: int = 12):
    """Labels, two models' predictions with ties, and days of different size."""
    generator = np.random.default_rng(seed)
    first = np.round(generator.random(rows), 2)
    labels = (generator.random(rows) < first).astype(float)
    second = np.round(np.clip(first + generator.normal(0, 0.2, rows), 0, 1), 2)
    return labels, first, second, np.sort(generator.integers(0, blocks, rows))


@pytest.mark.parametrize("name", SINGLE)
@pytest.mark.parametrize("swept", [False, True])
def test_resampling_block_sums_equals_repeating_rows(name, swept, monkeypatch):
    """Each resample's metric is exactly that of the rows repeated block by block, by either algorithm for the AUC."""
    labels, predictions, _, codes = month()
    counts = block_counts(12, 25, seed=4)
    draws = [np.repeat(np.arange(len(labels)), drawn[codes].astype(int)) for drawn in counts]
    expected = [evaluate(name, labels[rows], predictions[rows]) for rows in [np.arange(len(labels)), *draws]]
    monkeypatch.setattr(ranking, "_PAIRED_BLOCKS", 0 if swept else 2048)
    found = resample(metric_named(name), labels, predictions, codes, counts)
    assert found == pytest.approx(np.array(expected), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("name", SINGLE)
def test_a_row_of_weight_three_counts_as_three_rows(name):
    """Whole numbers as weights give the value and the interval of the rows repeated; a weight of 0 leaves a row out."""
    labels, predictions, _, codes = month()
    times = np.arange(len(labels)) % 4
    again, counts = np.repeat(np.arange(len(labels)), times), block_counts(12, 400, seed=4)
    found = resample(metric_named(name), labels, predictions, codes, counts, times.astype(float))
    expected = resample(metric_named(name), labels[again], predictions[again], codes[again], counts)
    assert found == pytest.approx(expected, rel=1e-11, abs=1e-12)
    weighted = summarise(found, codes, 0.95, times.astype(float))
    repeated = summarise(expected, codes[again], 0.95)
    assert (weighted.low, weighted.high) == pytest.approx((repeated.low, repeated.high))
    assert weighted.effective == pytest.approx(repeated.effective)
    assert weighted.rows == (times > 0).sum()


@given(blocks=st.integers(1, 60), seed=st.integers(0, 2**64 - 1))
@settings(max_examples=30)
def test_every_draw_has_as_many_blocks_as_there_are(blocks, seed):
    """Whole blocks are drawn with replacement, as many as there are."""
    counts = block_counts(blocks, 50, seed)
    assert (counts.sum(axis=1) == blocks).all()
    assert (counts == np.round(counts)).all()


def test_draws_do_not_depend_on_how_they_are_portioned(monkeypatch):
    """Memory is bounded by drawing in portions; the portions leave no trace."""
    whole = block_counts(30, 200, seed=9)
    monkeypatch.setattr("gatehouse.core.statistics.block_bootstrap._DRAWS_AT_ONCE", 64)
    assert np.array_equal(whole, block_counts(30, 200, seed=9))


def test_draws_are_those_of_the_first_release():
    """A decision archived today replays tomorrow: the stream of draws is pinned."""
    assert block_counts(7, 2, seed=2013).tolist() == [
        [0.0, 3.0, 0.0, 2.0, 0.0, 1.0, 1.0],
        [0.0, 1.0, 2.0, 2.0, 0.0, 0.0, 2.0],
    ]


@pytest.mark.parametrize("name", SINGLE)
def test_same_seed_same_bytes(name):
    """The whole estimate is a function of its arguments; another seed gives another interval."""
    labels, first, second, codes = month()
    once = difference(labels, first, second, codes, name, resamples=200, seed=5)
    assert once == difference(labels, first, second, codes, name, resamples=200, seed=5)
    assert once != difference(labels, first, second, codes, name, resamples=200, seed=6)


@pytest.mark.parametrize("name", SINGLE)
def test_a_copy_differs_by_exactly_nothing(name):
    """A model compared with itself: difference, interval and standard error are all zero."""
    labels, first, _, codes = month()
    found = difference(labels, first, first.copy(), codes, name, resamples=200)
    assert (found.value, found.low, found.high, found.standard_error) == (0, 0, 0, 0)


def test_swapping_the_models_mirrors_the_interval():
    """challenger - champion and champion - challenger are each other's negative."""
    labels, first, second, codes = month()
    there = difference(labels, first, second, codes, "log_loss")
    back = difference(labels, second, first, codes, "log_loss")
    assert (-back).low == pytest.approx(there.low)
    assert (-back).high == pytest.approx(there.high)


def test_standard_error_matches_the_closed_form():
    """For a mean over equal blocks the standard error is sd(block means) / sqrt(blocks), but for noise."""
    generator = np.random.default_rng(2)
    effects = generator.normal(0, 1, 40)
    errors = np.repeat(effects, 25) + generator.normal(0, 0.5, 1000)
    found = difference(np.zeros(1000), np.abs(errors), np.zeros(1000), np.repeat(np.arange(40), 25), "mae", 20_000)
    means = np.abs(errors).reshape(40, 25).mean(axis=1)
    assert found.standard_error == pytest.approx(means.std(ddof=1) / math.sqrt(40), rel=0.02)


def test_one_huge_block_is_little_evidence():
    """Of thirty blocks one holds half the rows: a far wider interval than thirty equal ones. It holds all: none."""
    values = np.concatenate([[0.0], np.random.default_rng(1).normal(0, 1, 4000)])
    rows = np.arange(400)
    equal = summarise(values, rows % 30, 0.95)
    half = summarise(values, np.where(rows < 150, 0, 1 + rows % 29), 0.95)
    nearly_all = summarise(values, np.where(rows < 371, 0, rows - 370), 0.95)
    assert half.high > 1.1 * equal.high
    assert half.blocks == equal.blocks == nearly_all.blocks == 30
    assert math.isnan(nearly_all.high)


@pytest.mark.parametrize("codes", [np.zeros(50, dtype=int), np.zeros(0, dtype=int)])
def test_one_block_or_none_has_no_interval(codes):
    """With nothing to resample there is no interval, rather than one of width zero."""
    labels = np.tile([0.0, 1.0], len(codes) // 2)
    found = difference(labels, labels * 0.5 + 0.2, labels * 0.4 + 0.3, codes, "brier", resamples=200)
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_a_class_that_some_draws_miss_has_no_interval():
    """When positives live in two blocks of ten, some resamples have none: the AUC's interval is undefined."""
    codes = np.repeat(np.arange(10), 10)
    labels = (np.isin(codes, (3, 7)) & (np.arange(100) % 2 == 0)).astype(float)
    scores = np.random.default_rng(0).random((2, 100))
    found = difference(labels, *scores, codes, "roc_auc", resamples=500)
    assert not math.isnan(found.value)
    assert math.isnan(found.low)


@pytest.mark.parametrize("name", SINGLE)
def test_one_nan_prediction_leaves_nothing_to_compare(name):
    """A NaN of either model makes value and interval NaN."""
    labels, first, second, codes = month()
    holed = first.copy()
    holed[17] = math.nan
    for pair in ((holed, second), (second, holed)):
        found = difference(labels, *pair, codes, name, resamples=200)
        assert all(math.isnan(number) for number in (found.value, found.low, found.high, found.standard_error))


@pytest.mark.parametrize("name", ["log_loss", "roc_auc", "mae"])
def test_intervals_cover_with_correlated_days(name):
    """About 95 of 100 intervals hold the truth, and either side misses as often, when 30 days of unequal size share
    most of their noise. The two models err in the same way, so that their true difference is nothing."""
    generator, runs, above, below = np.random.default_rng(17), 800, 0, 0
    for run in range(runs):
        codes = np.repeat(np.arange(30), generator.integers(10, 40, 30))
        truth = generator.normal(-0.5, 1, len(codes)) + generator.normal(0, 0.7, 30)[codes]
        shared, own = generator.normal(0, 0.6, (2, 30))[:, codes], generator.normal(0, 0.3, (2, len(codes)))
        predictions = 1 / (1 + np.exp(-truth - shared - own))
        labels = (generator.random(len(codes)) < 1 / (1 + np.exp(-truth))).astype(float)
        found = difference(labels, *predictions, codes, name, resamples=400, seed=run)
        above, below = above + (found.low > 0), below + (found.high < 0)
    assert 0.93 <= 1 - (above + below) / runs <= 0.97
    assert max(above, below) / runs <= 0.04


def test_rows_to_reach_is_what_it_takes():
    """With that many more rows, an interval that shrinks like 1 / sqrt(rows) just reaches the limit."""
    found = Estimate(0.01, -0.02, 0.05, 0.015, 1000, 30)
    more = found.rows_to_reach(0.02)
    arm = (found.high - found.value) * math.sqrt(found.rows / (found.rows + more))
    assert found.value + arm == pytest.approx(0.02, abs=1e-6)
    assert found.rows_to_reach(0.01) is None
    assert found.rows_to_reach(0.0) is None
    assert Estimate(math.nan, math.nan, math.nan, math.nan, 10, 3).rows_to_reach(1.0) is None


@pytest.mark.parametrize(
    ("span", "moments", "codes"),
    [
        ("1 day", ["2013-03-07T00:00", "2013-03-07T23:59", "2013-03-08T00:00"], [0, 0, 1]),
        ("1 week", ["2013-03-03T23:59", "2013-03-04T00:00", "2013-03-10T23:59"], [0, 1, 1]),
        ("1 month", ["2012-12-31T23:00", "2013-01-01T00:00", "2013-01-31T00:00"], [0, 1, 1]),
        ("6 hours", ["2013-01-01T05:59", "2013-01-01T06:00", "2013-01-01T12:00"], [0, 1, 2]),
        ("1 day", ["1969-12-31T23:00", "1970-01-01T00:00", "1969-12-31T01:00"], [0, 1, 0]),
    ],
)
def test_blocks_are_whole_days_weeks_and_months(span, moments, codes):
    """Blocks begin where calendars do, before 1970 too, and are numbered in the order of time."""
    time = np.array([datetime.fromisoformat(moment) for moment in moments], dtype="datetime64[us]")
    assert block_codes(time, Span.parse(span)).tolist() == codes
    later = time + np.timedelta64(8 * 60 + 30, "m")
    assert block_codes(later, Span.parse(span), "08:30").tolist() == codes


@pytest.mark.parametrize("metric", ["log_loss", "roc_auc", "pr_auc"])
def test_memory_does_not_grow_with_rows_times_resamples(metric):
    """20,000 rows, 2,000 resamples: less than a quarter of the 320 MB that a matrix of both would take."""
    random = np.random.default_rng(1)
    labels = (random.random(20_000) < 0.3).astype(float)
    pair, days = random.random((2, 20_000)), np.arange(20_000) // 700
    assert peak(lambda: difference(labels, *pair, days, metric, resamples=2000)) < 80
