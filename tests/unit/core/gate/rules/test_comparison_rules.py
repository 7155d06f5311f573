"""Rules that compare with the champion: three outcomes, the right sign for every metric, NaN never passes."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatehouse.core.gate.rules.base import at_least, at_most, more_than
from gatehouse.core.statistics.block_bootstrap import Estimate
from gatehouse.core.statistics.metrics import METRICS, evaluate, metrics_for
from gatehouse.core.types import RuleOutcome
from support.evidence_maker import holdout, judged, outcomes

GOOD, BAD, EVEN = holdout(0.1, 0.9), holdout(0.9, 0.1), holdout(0.5, 0.52)
PASS, FAIL, INCONCLUSIVE = RuleOutcome.PASS, RuleOutcome.FAIL, RuleOutcome.INCONCLUSIVE
ORDERLY = ("log_loss", "brier", "roc_auc", "pr_auc", "ece")
numbers = st.floats(-1, 1) | st.just(math.nan)


def better(metric, **keys):
    """A better_than_champion."""
    return {"rule": "better_than_champion", "metric": metric, **keys}


def not_worse(metric, margin=0.005):
    """A not_worse_than_champion."""
    return {"rule": "not_worse_than_champion", "metric": metric, "margin": margin}


@pytest.mark.parametrize("metric", ORDERLY)
def test_the_better_model_is_better_whichever_way_the_metric_points(metric):
    """A cleaner model passes both comparisons and a noisier one fails both, for rising and falling metrics alike."""
    assert outcomes(better(metric), GOOD) == outcomes(not_worse(metric), GOOD) == [PASS]
    assert outcomes(better(metric), BAD) == outcomes(not_worse(metric), BAD) == [FAIL]


@pytest.mark.parametrize("metric", ORDERLY)
def test_values_are_told_in_the_direction_of_the_rule(metric):
    """`value` is the gain for better_than_champion and the worsening for not_worse_than_champion."""
    (gain,), (worsening,) = judged(better(metric), GOOD), judged(not_worse(metric), GOOD)
    assert 0 < gain.low < gain.value < gain.high
    assert (worsening.value, worsening.low, worsening.high) == (-gain.value, -gain.high, -gain.low)
    assert gain.rows == worsening.rows == 3000


@given(metric=st.sampled_from(metrics_for("classification")), seed=st.integers(0, 999), size=st.floats(0, 2))
@settings(max_examples=40, deadline=None)
def test_worse_means_a_greater_loss_for_every_metric(metric, seed, size):
    """For any two models, the worsening is the rise of the loss: no metric's sign is the wrong way round."""
    generator = np.random.default_rng(seed)
    shifts = generator.normal(0, 0.1, (2, 1)) + generator.normal(0, 0.2, (2, EVEN.rows))
    first, second = np.clip(EVEN.challenger + size * shifts, 0, 1)
    (result,) = judged(not_worse(metric, 0), replace(EVEN, challenger=first, champion=second))
    losses = [METRICS[metric].loss(evaluate(metric, EVEN.labels, scores)) for scores in (first, second)]
    assert result.value == pytest.approx(losses[0] - losses[1], rel=1e-8, abs=1e-11)
    assert result.outcome is not FAIL or result.value > 0
    assert result.outcome is not PASS or result.value <= 0


def test_two_models_that_cannot_be_told_apart_are_inconclusive():
    """Neither better nor provably not: INCONCLUSIVE, with the rows that would settle it."""
    (result,) = judged(better("log_loss"), EVEN)
    assert result.outcome is INCONCLUSIVE
    expected = result.rows * ((result.value - result.low) / result.value) ** 2 - result.rows
    assert result.missing_rows == pytest.approx(expected, abs=1)
    assert "further matured rows would settle it" in result.sentence


def test_no_number_of_rows_settles_an_estimate_on_the_wrong_side():
    """When the present value misses the bound, more rows at that value would not help: None, and it says so."""
    (result,) = judged(better("log_loss", margin=0.01), EVEN)
    assert result.outcome is INCONCLUSIVE
    assert result.missing_rows is None
    assert "more rows would not settle it" in result.sentence


def test_a_gap_nearer_zero_is_better_on_either_side():
    """A challenger that promises 2 points too little beats a champion that promises 8 too much."""
    low, high = np.clip(GOOD.challenger - 0.02, 0, 1), np.clip(GOOD.challenger + 0.08, 0, 1)
    rows = replace(GOOD, challenger=low, champion=high)
    assert outcomes(better("calibration_gap"), rows) == [PASS]
    assert outcomes(better("calibration_gap"), replace(rows, challenger=high, champion=low)) == [FAIL]


@pytest.mark.parametrize("metric", metrics_for("classification"))
def test_a_copy_is_not_worse_and_not_better(metric):
    """Equal predictions: not worse even at margin 0, not better even by 0."""
    copy = replace(GOOD, champion=GOOD.challenger.copy())
    assert outcomes(not_worse(metric, 0), copy) == [PASS]
    assert outcomes(better(metric), copy) == [FAIL]


@pytest.mark.parametrize("metric", metrics_for("classification"))
@pytest.mark.parametrize("who", ["challenger", "champion"])
def test_nan_predictions_never_pass(metric, who):
    """One NaN, on either side, in any metric: INCONCLUSIVE, whatever the margin."""
    holed = getattr(GOOD, who).copy()
    holed[0] = math.nan
    rows = replace(GOOD, **{who: holed})
    for rule in (better(metric), not_worse(metric, 100)):
        (result,) = judged(rule, rows)
        assert result.outcome is INCONCLUSIVE
        assert result.value is result.low is result.high is None


@pytest.mark.parametrize(
    ("rows", "why", "missing"),
    [
        (holdout(0.1, 0.9, rows=480), "480 of at least 500 rows", 20),
        (holdout(0.1, 0.9, days=8), "8 of at least 10 blocks", 750),
    ],
)
def test_too_few_rows_or_blocks_are_inconclusive(rows, why, missing):
    """However clear the interval, it must rest on enough; the sentence says what is missing."""
    for rule in (better("log_loss"), not_worse("log_loss")):
        (result,) = judged(rule, rows)
        assert (result.outcome, result.missing_rows) == (INCONCLUSIVE, missing)
        assert why in result.sentence


@given(low=numbers, width=st.floats(0, 1), limit=st.floats(-1, 1))
def test_outcomes_are_a_partition(low, width, limit):
    """PASS when the interval clears the bound, FAIL when it excludes it, INCONCLUSIVE otherwise and for NaN."""
    found = Estimate(low, low, low + width, 0.1, 100, 10)
    outcome = at_most(found, limit)
    assert (outcome is PASS) == (found.high <= limit)
    assert (outcome is FAIL) == (found.low > limit)
    assert at_least(-found, -limit) is outcome
    assert (more_than(found, limit) is PASS) == (found.low > limit)
    assert (more_than(found, limit) is FAIL) == (found.high <= limit)


@given(where=st.sampled_from(["value", "low", "high"]), limit=st.floats(-1e9, 1e9))
def test_half_an_interval_is_no_interval(where, limit):
    """An estimate of which any end is NaN never passes, however generous the limit."""
    holed = replace(Estimate(0.0, -0.1, 0.1, 0.05, 100, 10), **{where: math.nan})
    if where != "value":
        assert at_most(holed, limit) is not PASS
        assert at_least(holed, limit) is not PASS
        assert more_than(holed, limit) is not PASS


ALARM = {"rule": "suspiciously_good", "metric": "roc_auc"}


def test_too_good_to_be_true_asks_for_a_person():
    """A gain above max_gain, or a level beyond `level`, fails with on_fail review by default."""
    (gain,) = judged({**ALARM, "max_gain": 0.01}, GOOD)
    (level,) = judged({**ALARM, "best_plausible_value": 0.7}, GOOD)
    assert (gain.outcome, gain.on_fail) == (level.outcome, level.on_fail) == (FAIL, "review")
    assert outcomes({**ALARM, "max_gain": 0.5, "best_plausible_value": 0.9}, GOOD) == [PASS, PASS]
    assert outcomes({"rule": "suspiciously_good", "metric": "log_loss", "best_plausible_value": 0.6}, GOOD) == [FAIL]
    assert outcomes({"rule": "suspiciously_good", "metric": "log_loss", "best_plausible_value": 0.4}, GOOD) == [PASS]


def test_a_leaked_label_is_suspicious():
    """Predictions made of the outcome itself raise the alarm."""
    leaked = replace(GOOD, challenger=np.clip(GOOD.labels, 0.01, 0.99))
    assert outcomes({**ALARM, "max_gain": 0.1}, leaked) == [FAIL]


def test_the_alarm_is_not_silenced_by_nan():
    """What cannot be measured is INCONCLUSIVE, not unsuspicious."""
    holed = replace(GOOD, challenger=np.full(GOOD.rows, math.nan))
    assert outcomes({**ALARM, "max_gain": 0.1, "best_plausible_value": 0.9}, holed) == [INCONCLUSIVE, INCONCLUSIVE]


def test_silence_on_few_rows_says_nothing():
    """On fewer rows than min_rows the alarm may ring, but it cannot pass."""
    few = holdout(0.1, 0.9, rows=300)
    assert outcomes({**ALARM, "max_gain": 0.5, "best_plausible_value": 0.5}, few) == [FAIL, INCONCLUSIVE]


def test_without_a_champion_only_the_level_is_judged():
    """`max_gain` compares and does not apply; `level` does."""
    results = judged({**ALARM, "max_gain": 0.1, "best_plausible_value": 0.9}, holdout(0.1, None))
    assert [result.rule for result in results] == ["no_champion", "suspiciously_good(roc_auc level)"]
    assert [r.rule for r in judged({**ALARM, "max_gain": 0.1}, holdout(0.1, None))] == ["no_champion"]
