"""Many slices: the error is that of the family, a missing slice is an outcome of its own."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gatehouse.core.gate.decide import decide
from gatehouse.core.statistics.multiple_testing import holm
from gatehouse.core.types import RuleOutcome
from support.evidence_maker import evidence, holdout, judged, outcomes, policy

GOOD, BAD = holdout(0.1, 0.9), holdout(0.9, 0.1)
PASS, FAIL, INCONCLUSIVE, WARN = RuleOutcome.PASS, RuleOutcome.FAIL, RuleOutcome.INCONCLUSIVE, RuleOutcome.WARN
NOT_WORSE = {"rule": "slice_not_worse", "column": "origin", "metric": "log_loss", "margin": 0.01}
FLOOR = {"rule": "slice_floor", "column": "origin", "metric": "roc_auc", "min": 0.7}
p_values = st.dictionaries(st.text(min_size=1, max_size=2), st.floats(0, 0.2) | st.just(math.nan), max_size=8)


def carriers(number: int, worse: str = "") -> object:
    """Thirty days of flights by `number` carriers, both models equally good; `worse` names one that the challenger
    does badly on."""
    rows = holdout(0.5, 0.5, rows=600 * number)
    names = np.array([f"C{i}" for i in range(number)])[np.arange(rows.rows) % number]
    mixed = np.where(names == worse, 0.5 * rows.challenger + 0.5 * (1 - rows.labels), rows.challenger)
    return replace(rows, challenger=mixed, slices={"carrier": names})


def test_a_slice_that_is_worse_fails_though_the_mean_does_not():
    """Worse on one carrier of ten, as good on the others: the slice is named with its numbers."""
    rows = carriers(10, worse="C3")
    (result,) = judged({**NOT_WORSE, "column": "carrier"}, rows)
    assert result.outcome is FAIL
    assert "carrier C3" in result.sentence
    assert "1 of 10 slices miss it: C3" in result.sentence
    assert result.low > 0.01
    assert outcomes({**NOT_WORSE, "column": "carrier", "slices": ["C1", "C2"]}, rows)[0] is not FAIL


def test_all_slices_within_the_margin_pass():
    """Every slice's interval clears the margin: PASS, told by the slice that came nearest; worse everywhere is FAIL."""
    (result,) = judged(NOT_WORSE, GOOD)
    assert (result.outcome, result.bound) == (PASS, "at most")
    assert result.high <= 0.01
    (bad,) = judged(NOT_WORSE, BAD)
    assert bad.outcome is FAIL
    assert "3 of 3 slices miss it" in bad.sentence


def test_a_missing_slice_and_a_small_one_are_outcomes_of_their_own():
    """Named and absent, or named and too small: INCONCLUSIVE by itself; unnamed and small: a WARN; no such column too."""
    column = GOOD.slices["origin"].copy()
    column[:20] = "SWF"
    rows = replace(GOOD, slices={"origin": column})
    named = judged({**NOT_WORSE, "slices": ["EWR", "SWF", "TEB"]}, rows)
    assert [r.outcome for r in named] == [PASS, INCONCLUSIVE, INCONCLUSIVE]
    assert [r.rule for r in named[1:]] == ["slice_not_worse(origin missing)", "slice_not_worse(origin small)"]
    assert outcomes(NOT_WORSE, rows) == [PASS, WARN]
    assert outcomes({**NOT_WORSE, "column": "dest"}, rows) == [INCONCLUSIVE]
    assert outcomes({**NOT_WORSE, "min_rows": 2000}, GOOD)[0] is INCONCLUSIVE


@pytest.mark.parametrize("who", ["challenger", "champion"])
def test_nan_never_passes_a_slice(who):
    """One NaN of either model in one slice keeps the rule from passing."""
    holed = getattr(GOOD, who).copy()
    holed[0] = math.nan
    assert outcomes(NOT_WORSE, replace(GOOD, **{who: holed})) == [INCONCLUSIVE]
    if who == "challenger":
        assert outcomes({**FLOOR, "min": 0.5}, replace(GOOD, challenger=holed)) == [INCONCLUSIVE]


def test_a_floor_is_held_by_intervals_unless_measured_values_are_asked_for():
    """A value just below the floor fails by estimate and is unclear by interval; far below it fails by both."""
    (found,) = judged({**FLOOR, "min": 0.5, "compare": "estimate"}, GOOD)
    little, much = {"min": found.value + 0.004}, {"min": found.value + 0.2}
    for bound, expected in ((little, [FAIL, INCONCLUSIVE]), (much, [FAIL, FAIL]), ({"min": 0.5}, [PASS, PASS])):
        ways = [outcomes({**FLOOR, **bound, "compare": way}, GOOD)[0] for way in ("estimate", "interval")]
        assert ways == expected


def test_few_blocks_in_a_slice_are_not_enough():
    """A slice whose rows lie on four days has no say by interval: INCONCLUSIVE, with the reason."""
    column = np.where(GOOD.time < np.datetime64("2013-06-05"), "EWR", "JFK")
    (result,) = judged(NOT_WORSE, replace(GOOD, slices={"origin": column}))
    assert result.outcome is INCONCLUSIVE
    assert "4 of at least 10 blocks" in result.sentence


@given(p_values, st.floats(0.001, 0.2))
def test_holm_rejects_a_head_of_the_ordered_p_values(found, error):
    """What is rejected has smaller p-values than what is not; at least Bonferroni's, at most those below the error."""
    rejected = holm(found, error)
    kept = [p for name, p in found.items() if name not in rejected and not math.isnan(p)]
    assert all(found[name] <= other for name in rejected for other in kept)
    assert {name for name, p in found.items() if p <= error / len(found)} <= set(rejected)
    assert all(found[name] <= error for name in rejected)


def test_holm_agrees_with_a_worked_example():
    """Holm (1979) by hand: .01, .013, .04 of four at .05 are held to .0125, .0167, .025: two are rejected."""
    assert holm({"a": 0.01, "b": 0.04, "c": 0.013, "d": 0.6}, 0.05) == ("a", "c")


def test_sound_slices_fail_together_no_more_often_than_promised():
    """Twelve carriers on all of which the challenger is worse by just the margin: the family is failed in at most the
    error of the policy's one side, where testing each alone would fail four in ten."""
    generator, runs, failed = np.random.default_rng(5), 120, 0
    rows = holdout(0.5, 0.5, rows=3600)
    names = np.array([f"C{i}" for i in range(12)])[np.arange(3600) % 12]
    rule = {"rule": "slice_not_worse", "column": "carrier", "metric": "mae", "margin": 0.1, "min_rows": 100}
    rules = policy(rule, metric="mae", resamples=200, confidence=0.9)
    for run in range(runs):
        noise = generator.normal(0, 0.5, (2, 3600)) + generator.normal(0, 0.2, (2, 30))[:, np.arange(3600) * 30 // 3600]
        made = replace(
            rows, labels=np.zeros(3600), challenger=3.1 + noise[0], champion=3.0 + noise[1], slices={"carrier": names}
        )
        decision = decide(replace(evidence(made), task="regression"), rules, f"{run:064x}")
        failed += decision.results[0].outcome is FAIL
    assert failed <= stats.binom(runs, 0.05).ppf(0.999)
