"""Stability over time, constant predictions, and the Brier score taken apart."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatehouse.core.statistics.metrics import evaluate
from gatehouse.core.types import RuleOutcome
from support.evidence_maker import holdout, judged, outcomes

PASS, FAIL, WARN, INCONCLUSIVE = RuleOutcome.PASS, RuleOutcome.FAIL, RuleOutcome.WARN, RuleOutcome.INCONCLUSIVE
ROWS = holdout(0.1, 0.9)
STABLE = {"rule": "stable_over_time", "metric": "log_loss", "min_rows": 200}


def bad_week(rows=ROWS):
    """The challenger has its predictions upside down from 10 to 16 June, a week from Monday."""
    there = (rows.time >= np.datetime64("2013-06-10")) & (rows.time < np.datetime64("2013-06-17"))
    return replace(rows, challenger=np.where(there, 1 - rows.challenger, rows.challenger))


def test_a_bad_week_of_a_good_month_fails_and_is_named():
    """The worst stretch speaks for the rule, in the direction of the metric."""
    assert outcomes({**STABLE, "max": 0.7}, ROWS)[0] is PASS
    (result, *_) = judged({**STABLE, "max": 0.7}, bad_week())
    assert result.outcome is FAIL
    assert "week from 2013-06-10" in result.sentence
    assert "1 of 5 miss it" in result.sentence
    assert outcomes({**STABLE, "metric": "roc_auc", "min": 0.6}, ROWS)[0] is PASS
    assert outcomes({**STABLE, "metric": "roc_auc", "min": 0.6}, bad_week())[0] is FAIL


def test_the_spread_between_stretches_is_bounded():
    """Both the best and the worst stretch are named."""
    assert outcomes({**STABLE, "max_spread": 0.3}, ROWS)[0] is PASS
    (result, *_) = judged({**STABLE, "max_spread": 0.3}, bad_week())
    assert result.outcome is FAIL
    values = [
        evaluate("log_loss", ROWS.labels[at], bad_week().challenger[at])
        for at in ((ROWS.time.astype("datetime64[D]").astype(int) + 3) // 7 == week for week in range(2266, 2270))
    ]
    assert result.value == pytest.approx(max(values) - min(values), rel=1e-8)


def test_small_stretches_are_named_and_not_judged():
    """A week of two days is told in a WARN; nothing but small ones is INCONCLUSIVE."""
    found = judged({**STABLE, "max": 0.7, "min_rows": 300}, ROWS)
    assert [result.outcome for result in found] == [PASS, WARN]
    assert "2013-06-01" in found[1].sentence
    assert outcomes({**STABLE, "max": 0.7, "min_rows": 5000}, ROWS) == [INCONCLUSIVE]
    assert outcomes({**STABLE, "max_spread": 9, "period": "1 month"}, ROWS) == [INCONCLUSIVE]


@pytest.mark.parametrize("limit", [{"max": 1e9}, {"min": -1e9}, {"max_spread": 1e9}])
def test_a_stretch_that_cannot_be_measured_never_passes(limit):
    """One row without a prediction leaves its week unknown, whatever the others say."""
    blind = replace(ROWS, challenger=np.where(np.arange(ROWS.rows) == 1500, math.nan, ROWS.challenger))
    assert outcomes({**STABLE, **limit}, blind)[0] is INCONCLUSIVE
    assert outcomes({**STABLE, **limit}, replace(ROWS, challenger=np.full(ROWS.rows, math.nan)))[0] is INCONCLUSIVE


def test_a_constant_output_fails():
    """One and the same prediction for every row, or for more rows than allowed; NaN says nothing."""
    rule = {"rule": "predictions_vary", "max_share": 0.5}
    assert outcomes(rule, ROWS) == [PASS]
    assert outcomes(rule, replace(ROWS, challenger=np.full(ROWS.rows, 0.3))) == [FAIL]
    mostly = np.where(np.arange(ROWS.rows) % 5 < 3, 0.3 + 1e-13 * np.arange(ROWS.rows), ROWS.challenger)
    assert outcomes(rule, replace(ROWS, challenger=mostly)) == [FAIL]
    assert outcomes({**rule, "max_share": 0.7}, replace(ROWS, challenger=mostly)) == [PASS]
    one = np.where(np.arange(ROWS.rows) == 0, math.nan, ROWS.challenger)
    assert outcomes(rule, replace(ROWS, challenger=one)) == [INCONCLUSIVE]


BRIER = {"rule": "brier_decomposition", "max_reliability": 0.01, "min_resolution": 0.01}


def test_reliability_and_resolution_are_told_apart():
    """Predictions that are wrong on average lose reliability; those that tell no rows apart lose resolution."""
    assert outcomes(BRIER, ROWS) == [PASS, PASS]
    bold = replace(ROWS, challenger=np.clip(ROWS.challenger + 0.25, 0, 1))
    assert outcomes(BRIER, bold) == [FAIL, PASS]
    flat = replace(ROWS, challenger=np.full(ROWS.rows, ROWS.labels.mean()))
    assert outcomes(BRIER, flat) == [PASS, FAIL]
    blind = replace(ROWS, challenger=np.full(ROWS.rows, math.nan))
    assert outcomes(BRIER, blind) == [INCONCLUSIVE, INCONCLUSIVE]


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 1), st.sampled_from([0.05, 0.3, 0.5, 0.77, 1.0]), st.integers(1, 3)),
        min_size=2,
        max_size=60,
    )
)
def test_the_parts_add_up_to_the_brier_score(rows):
    """Murphy's identity, exact when the predictions of a bin are equal: Brier = reliability - resolution + p (1 - p)."""
    labels, predictions, weights = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    brier, reliability, resolution = (
        evaluate(name, labels, predictions, weights) for name in ("brier", "reliability", "resolution")
    )
    share = np.average(labels, weights=weights)
    assert brier == pytest.approx(reliability - resolution + share * (1 - share), abs=1e-12)
    assert reliability >= 0
    assert -1e-12 <= resolution <= share * (1 - share) + 1e-12
