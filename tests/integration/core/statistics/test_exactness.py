"""Intervals against closed forms and simulated truth: DeLong, McNemar, paired t, coverage, type I error."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from benchmarks.pairs import Pairs, coverage, promotions_at_margin
from scipy import stats

from gatehouse.core.gate.decide import decide
from gatehouse.core.statistics.block_bootstrap import difference
from gatehouse.core.statistics.metrics import evaluate
from gatehouse.core.types import RuleOutcome
from support.evidence_maker import evidence, holdout, policy


def classes(rows: int, seed: int):
    """Independent rows: labels, and the scores of two models of different quality."""
    random = np.random.default_rng(seed)
    odds = random.normal(-0.5, 1.2, rows)
    labels = (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(float)
    return labels, *(1 / (1 + np.exp(-odds - random.normal(0, size, rows))) for size in (0.6, 1.0))


def delong(labels, first, second) -> tuple[float, float]:
    """The difference of two AUCs on the same rows and its standard error: DeLong, DeLong and Clarke-Pearson (1988)."""
    positive = labels == 1
    of_positives, of_negatives, aucs = [], [], []
    for scores in (first, second):
        order = (scores[positive][:, None] > scores[~positive]) + 0.5 * (scores[positive][:, None] == scores[~positive])
        of_positives.append(order.mean(axis=1))
        of_negatives.append(order.mean(axis=0))
        aucs.append(order.mean())
    between = np.cov(of_positives) / positive.sum() + np.cov(of_negatives) / (~positive).sum()
    return aucs[0] - aucs[1], math.sqrt(between[0, 0] + between[1, 1] - 2 * between[0, 1])


@pytest.mark.parametrize("seed", [1, 2])
def test_auc_agrees_with_delong(seed):
    """On independent rows the difference of two AUCs is DeLong's, and so is its standard error but for resampling."""
    labels, first, second = classes(1500, seed)
    found = difference(labels, first, second, np.arange(1500), "roc_auc", resamples=4000)
    expected, error = delong(labels, first, second)
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.standard_error == pytest.approx(error, rel=0.05)
    arm = stats.norm.ppf(0.975) * error
    assert (found.low, found.high) == pytest.approx((expected - arm, expected + arm), abs=0.1 * arm)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_error_rates_agree_with_mcnemar(seed):
    """The difference of two error rates has McNemar's standard error, sqrt(b + c - (b - c)^2 / n) / n, and the interval
    excludes zero when his test, exact by the binomial, is clear."""
    labels, first, second = classes(3000, seed)
    found = difference(labels, first, second, np.arange(3000), "error_rate", resamples=4000)
    wrong, others = ((scores > 0.5) != (labels == 1) for scores in (first, second))
    b, c = int((wrong & ~others).sum()), int((~wrong & others).sum())
    assert found.value == pytest.approx((b - c) / 3000, abs=1e-12)
    assert found.standard_error == pytest.approx(math.sqrt(b + c - (b - c) ** 2 / 3000) / 3000, rel=0.05)
    p_value = stats.binomtest(b, b + c).pvalue
    if not 0.03 < p_value < 0.07:
        assert (found.high < 0 or found.low > 0) == (p_value < 0.05)


@pytest.mark.parametrize("days", [12, 40])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_means_over_days_agree_with_the_paired_t_interval(days, confidence):
    """Equal days whose rows share their noise: the interval is Student's paired t interval over the days' means."""
    random = np.random.default_rng(days)
    codes = np.repeat(np.arange(days), 20)
    pair = 5 + random.normal(0, 1, (2, days))[:, codes] + random.normal(0, 0.3, (2, 20 * days))
    found = difference(np.zeros(20 * days), *pair, codes, "mae", resamples=20_000, confidence=confidence)
    means = pair.reshape(2, days, 20).mean(axis=2)
    known = stats.ttest_rel(*means).confidence_interval(confidence)
    width = known.high - known.low
    assert (found.low, found.high) == pytest.approx((known.low, known.high), abs=0.04 * width)


def test_a_far_end_agrees_with_the_paired_t_interval_too():
    """Moved out to an error that no bootstrap could resolve, one in a million, it is still Student's interval."""
    random = np.random.default_rng(8)
    codes = np.repeat(np.arange(30), 20)
    pair = 5 + random.normal(0, 1, (2, 30))[:, codes] + random.normal(0, 0.3, (2, 600))
    found = difference(np.zeros(600), *pair, codes, "mae", resamples=20_000).stretched(0.025, upper=1e-6)
    known = stats.ttest_rel(*pair.reshape(2, 30, 20).mean(axis=2)).confidence_interval(1 - 2e-6)
    assert found.high == pytest.approx(known.high, rel=0.06)


@pytest.mark.parametrize(
    ("metric", "within_day"),
    [("log_loss", 0.0), ("log_loss", 1.0), ("error_rate", 1.0), ("mae", 1.0), ("roc_auc", 1.0)],
)
def test_intervals_hold_a_known_truth(metric, within_day):
    """400 pairs with a true difference that is not zero: about 95 of 100 intervals hold it (2,000 in `make benchmark`)."""
    found = coverage(Pairs(metric, within_day=within_day), runs=400, resamples=300)
    assert 0.95 - 3.3 * 0.0109 <= found.covered <= 0.95 + 3.3 * 0.0109


@pytest.mark.parametrize("within_day", [0.0, 1.0])
def test_challengers_at_the_margin_pass_as_rarely_as_promised(within_day):
    """Worse by exactly the margin: 5 % pass at confidence 0.9, within Monte Carlo error; by measured values half do."""
    gate, value = promotions_at_margin(Pairs("log_loss", within_day=within_day), runs=400, resamples=300)
    assert gate <= 0.05 + 3.3 * 0.0109
    assert gate >= 0.05 - 3.3 * 0.0109
    assert 0.4 < value < 0.6


def test_blocks_may_be_entities():
    """`resample_by: tail` draws all rows of a tail number together: entities that share their noise widen the interval."""
    random = np.random.default_rng(4)
    rows = holdout(0.5, 0.5)
    tails = np.char.add("N", (random.integers(0, 60, rows.rows)).astype(str))
    by_tail = random.normal(0, 0.6, 60)[np.unique(tails, return_inverse=True)[1]]
    shifted = 1 / (1 + np.exp(-np.log(rows.champion / (1 - rows.champion)) - by_tail))
    made = evidence(replace(rows, challenger=shifted, slices={"tail": tails}))
    rule = {"rule": "not_worse_than_champion", "metric": "log_loss", "margin": 0.005}
    by_day, by_entity, unknown = (
        decide(made, policy(rule, resample_by=block), "5e" * 32).results[0] for block in ("1 day", "tail", "carrier")
    )
    assert by_entity.high - by_entity.low > 1.3 * (by_day.high - by_day.low)
    assert by_entity.value == by_day.value
    assert unknown.outcome is RuleOutcome.INCONCLUSIVE
    assert "1 of at least 10 blocks of carrier" in unknown.sentence
    alone = difference(
        made.holdout.labels, shifted, rows.champion, np.unique(tails, return_inverse=True)[1], "log_loss"
    )
    assert by_entity.standard_error == pytest.approx(alone.standard_error, rel=0.15)


@pytest.mark.parametrize("blocks", [15, 60])
def test_average_precision_from_tables_is_that_of_the_sweep(blocks, monkeypatch):
    """Both ways to the average precision of a resample agree, with ties, and with the metric itself."""
    random = np.random.default_rng(blocks)
    labels = (random.random(500) < 0.3).astype(float)
    scores, codes = np.round(random.random((2, 500)), 2), np.sort(random.integers(0, blocks, 500))
    found = []
    for limit in (1 << 23, 0):
        monkeypatch.setattr("gatehouse.core.statistics.ranking._TABLED", limit)
        found.append(difference(labels, *scores, codes, "pr_auc", resamples=400))
    assert found[0].low == pytest.approx(found[1].low, abs=1e-12)
    assert found[0].high == pytest.approx(found[1].high, abs=1e-12)
    expected = evaluate("pr_auc", labels, scores[0]) - evaluate("pr_auc", labels, scores[1])
    assert found[0].value == pytest.approx(expected, abs=1e-12)
