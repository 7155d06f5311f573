"""Explanations: what decided, how far from the limit, what would change it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gatehouse.core.audit.canonical_json import canonical
from gatehouse.core.gate.explain import explain
from gatehouse.core.types import Verdict
from support.evidence_maker import decided, holdout

GOOD, BAD, EVEN = holdout(0.1, 0.9), holdout(0.9, 0.1), holdout(0.5, 0.52)
NOT_WORSE = {"rule": "not_worse_than_champion", "metric": "log_loss", "margin": 0.005}
PASSES = {"rule": "data_validated"}
FAILS = {"rule": "model_size", "max_mb": 2}
UNKNOWN = {"rule": "enough_rows", "min_rows": 10_000}


def test_a_block_tells_distance_in_units_and_standard_errors():
    """value - limit in the metric's units, and the same over the standard error that the result records."""
    decision = decided(PASSES, NOT_WORSE, rows=BAD)
    (one,) = explain(decision).deciding
    result = decision.results[-1]
    assert one.rule == "not_worse_than_champion(log_loss)"
    assert one.units == pytest.approx(result.value - 0.005)
    assert one.standard_errors == pytest.approx(one.units / result.standard_error)
    before = replace(decision, results=(replace(result, standard_error=None, bound=""),))
    for confidence, quantile in ((0.95, 1.959964), (0.9, 1.644854)):
        (one,) = explain(before, confidence).deciding
        expected = one.units / ((result.high - result.low) / 2 / quantile)
        assert one.standard_errors == pytest.approx(expected, rel=1e-5)


def test_the_stated_limit_would_pass():
    """A policy with the limit that the explanation names passes; one a little tighter does not."""
    decision = decided(NOT_WORSE, rows=BAD)
    result = decision.results[0]
    assert "or a limit of 0.079" in explain(decision).deciding[0].change
    assert decided({**NOT_WORSE, "margin": result.high}, rows=BAD).verdict is Verdict.PROMOTE
    assert decided({**NOT_WORSE, "margin": result.high - 1e-6}, rows=BAD).verdict is Verdict.HOLD


def test_a_hold_tells_the_missing_rows():
    """HOLD is explained by the rows that would settle it."""
    (one,) = explain(decided(UNKNOWN, rows=GOOD)).deciding
    assert one.rows == 7000
    assert "about 7,000 further matured rows" in one.change


def test_what_the_verdict_would_be_otherwise():
    """The last sentence says what remains when the deciding results are passed."""
    explanation = explain(decided(FAILS, UNKNOWN, rows=GOOD))
    assert explanation.verdict is Verdict.BLOCK
    assert explanation.change == "with this one passed and all else as it is, the verdict would be HOLD"


def test_a_review_says_that_a_person_decides():
    """No number changes a REVIEW: a person's answer does."""
    explanation = explain(decided({**FAILS, "on_fail": "review"}, PASSES, rows=GOOD))
    assert "a person decides" in explanation.change
    assert "0.5 above the limit; it would pass with a value 0.5 lower, or a limit of 2.5" in str(explanation)


def test_a_promotion_tells_its_nearest_call():
    """PROMOTE names the enforced rule that came nearest to its limit, in standard errors."""
    bound = {"rule": "metric_bound", "metric": "roc_auc", "min": 0.75, "compare": "interval"}
    explanation = explain(decided(NOT_WORSE, bound, rows=GOOD))
    assert [one.rule for one in explanation.deciding] == ["metric_bound(roc_auc min)"]
    assert explain(decided(PASSES, rows=GOOD)).deciding == ()


def test_what_cannot_be_measured_is_explained_without_numbers():
    """NaN has no distance; the explanation says that it must first be measurable."""
    explanation = explain(decided(NOT_WORSE, rows=replace(GOOD, challenger=np.full(GOOD.rows, np.nan))))
    (one,) = explanation.deciding
    assert (one.units, one.standard_errors, one.rows) == (None, None, None)
    assert "it must first be possible to measure it" in str(explanation)


@pytest.mark.parametrize("rows", [GOOD, BAD, EVEN, holdout(0.1, None)])
def test_every_explanation_is_text_and_json(rows):
    """People get lines, programs get plain values; both begin with the decision's own sentence."""
    explanation = explain(decided(NOT_WORSE, PASSES, UNKNOWN, FAILS, rows=rows))
    assert str(explanation).startswith(explanation.sentence)
    assert explanation.sentence in canonical(explanation.document())
