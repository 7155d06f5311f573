"""The error of a false promotion, spent over a champion's life: a gate that is asked every week is not fooled."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from benchmarks.pairs import false_betters
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from gatehouse.core.gate.alpha_spending import SPENT, InterimLook, error_share
from gatehouse.core.gate.decide import decide
from gatehouse.core.gate.explain import explain
from gatehouse.core.statistics.block_bootstrap import Estimate
from gatehouse.core.types import RuleOutcome, Verdict
from support.evidence_maker import SHA, evidence, holdout, policy

GOOD = holdout(0.1, 0.9)
NOT_WORSE = {"rule": "not_worse_than_champion", "metric": "log_loss", "margin": 0.005}
BETTER = {"rule": "better_than_champion", "metric": "log_loss"}


@given(st.integers(1, 400), st.integers(1, 50))
def test_shares_add_up_and_never_run_out(looks, half_by):
    """What was spent and what is left is the whole; half is spent by the look that the policy names."""
    look = InterimLook(looks, 0.05, half_by)
    spent = sum(error_share(number, half_by) for number in range(1, looks + 1))
    assert 0.05 * spent + look.left == pytest.approx(0.05)
    assert InterimLook(half_by, 0.05, half_by).left == pytest.approx(0.025)
    assert look.error > InterimLook(looks + 1, 0.05, half_by).error > 0


@given(st.floats(0.0005, 0.2), st.floats(1e-9, 0.2), st.floats(2.5, 400))
def test_an_end_at_another_error_is_where_students_t_puts_it(error, other, effective):
    """Moved from one error to another and back, an interval is what it was; its arms have the ratio of the quantiles."""
    found = Estimate(1.0, 0.5, 1.2, 0.1, 1000, 30, effective)
    moved = found.stretched(error, upper=other)
    t = stats.t(effective - 1)
    assert moved.low == found.low
    assert (moved.high - 1) / (found.high - 1) == pytest.approx(t.isf(other) / t.isf(error), rel=1e-6)
    assert moved.stretched(other, upper=error).high == pytest.approx(found.high)


@given(st.floats(-0.3, 0.45), st.floats(0.001, 0.2))
def test_the_error_beyond_a_limit_is_that_of_the_interval_that_touches_it(limit, error):
    """The p-value of a limit is the error at which the lower end lies on it."""
    found = Estimate(0.5, 0.3, 0.9, 0.1, 1000, 30, 30.0)
    p_value = found.error_beyond(limit, error)
    assert found.stretched(error, lower=p_value).low == pytest.approx(limit, abs=1e-6)
    assert math.isnan(replace(found, low=math.nan).error_beyond(limit, error))
    assert Estimate(0.0, 0.0, 0.0, 0.0, 10, 5, 5.0).error_beyond(0.0, error) == 1.0


def test_looks_widen_the_end_that_lets_pass_and_only_that():
    """Each further look demands more before a challenger passes; what fails it stays at the policy's confidence."""
    results = [
        decide(replace(evidence(GOOD), looks=looks), policy(NOT_WORSE, error_budget="champion"), SHA).results[0]
        for looks in (0, 1, 11, 364)
    ]
    highs = [result.high for result in results]
    assert highs == sorted(highs)
    assert len({result.low for result in results}) == len({result.value for result in results}) == 1
    plain = decide(evidence(GOOD), policy(NOT_WORSE), SHA).results[0]
    assert (plain.low, plain.high < highs[0]) == (results[0].low, True)


def test_a_challenger_that_passes_at_first_may_not_at_the_hundredth_look():
    """The same evidence is PROMOTE at look 1 and HOLD at look 100, and the sentence says at which look it was judged."""
    rows, rules = holdout(0.3, 0.5), policy(BETTER, error_budget="champion", confidence=0.9)
    first, late = (decide(replace(evidence(rows), looks=looks), rules, SHA) for looks in (0, 99))
    assert (first.verdict, late.verdict) == (Verdict.PROMOTE, Verdict.HOLD)
    assert "at look 100 up to" in late.sentence
    assert late.results[0].missing_rows > 0


def test_what_is_left_stands_in_every_report():
    """A decision that compares says which look it is, what it spends and what is left; so does its explanation."""
    decision = decide(replace(evidence(GOOD), looks=2), policy(NOT_WORSE, error_budget="champion"), SHA)
    (spent,) = [result for result in decision.results if result.rule == SPENT]
    assert (spent.outcome, spent.on_fail, spent.value) == (RuleOutcome.PASS, "warn", pytest.approx(0.025 / 4))
    for part in ("look 3 at version 3", "2.5 % risk", "has 0.208 %", "0.625 % is left"):
        assert part in spent.sentence
    assert spent.sentence in str(explain(decision))


@pytest.mark.parametrize(("rows", "rules"), [(holdout(0.1, None), (NOT_WORSE,)), (GOOD, ({"rule": "data_validated"},))])
def test_nothing_is_spent_where_nothing_is_compared(rows, rules):
    """Without a champion, or without a rule that compares, there is no look."""
    decision = decide(evidence(rows), policy(*rules, {"rule": "model_size", "max_mb": 9}, error_budget="champion"), SHA)
    assert SPENT not in [result.rule for result in decision.results]


@pytest.mark.parametrize("frozen", [False, True])
def test_a_year_of_null_challengers_rarely_beats_a_champion(frozen):
    """365 challengers that are no better, on new months or all on one: at most 2.5 of 100 champions are ever beaten,
    where a gate that spends its error anew at each look is fooled nearly always."""
    found = false_betters(lives=30, looks=365, frozen=frozen)
    most = stats.binom(30, 0.025).ppf(0.999) / 30
    assert found.spending <= most
    assert found.each_look > (0.3 if frozen else 0.95)


def test_the_copy_of_the_champion_is_not_better_at_any_look():
    """Whatever is spent or left, an equal is never better."""
    copy = replace(GOOD, champion=GOOD.challenger.copy())
    for looks in (0, 7, 364):
        decision = decide(replace(evidence(copy), looks=looks), policy(BETTER, error_budget="champion"), SHA)
        assert decision.results[0].outcome is RuleOutcome.FAIL
        assert np.isclose(decision.results[0].high, 0)
