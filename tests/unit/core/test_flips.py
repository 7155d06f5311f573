"""The smallest change that flips a verdict: applied it does, and nothing smaller does."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatehouse.core.gate.counterfactuals import apply_shifts, smallest_verdict_changes
from gatehouse.core.gate.decide import decide, verdict_of
from gatehouse.core.gate.limit_shifts import AT_LEAST, AT_MOST, MORE_THAN, decided_results, limit_side, shift_to_outcome
from gatehouse.core.gate.rules.base import at_least, at_most, more_than
from gatehouse.core.gate.self_test import SELF_TEST
from gatehouse.core.statistics.block_bootstrap import Estimate
from gatehouse.core.types import Decision, RuleOutcome, RuleResult, Verdict
from support.evidence_maker import decided, evidence, holdout, policy

GOOD, BAD, EVEN = holdout(0.1, 0.9), holdout(0.9, 0.1), holdout(0.5, 0.52)
NOT_WORSE = {"rule": "not_worse_than_champion", "metric": "log_loss", "margin": 0.005}
FAIL, INCONCLUSIVE, PASS = RuleOutcome.FAIL, RuleOutcome.INCONCLUSIVE, RuleOutcome.PASS
NOW = {AT_MOST: at_most, AT_LEAST: at_least, MORE_THAN: more_than}
thousandths = st.integers(-60, 60).map(lambda whole: whole / 64)


@st.composite
def measured(draw, name="rule"):
    """A result with the outcome that its numbers give, judged by the rules' own functions; sometimes without width."""
    low, limit, bound = draw(thousandths), draw(thousandths), draw(st.sampled_from(list(NOW)))
    width = draw(st.sampled_from([0.0, 0.125, 0.5]))
    found = Estimate(low + width / 2, low, low + width, width / 4, 100, 30)
    return RuleResult(
        rule=name,
        outcome=NOW[bound](found, limit),
        sentence="",
        value=found.value,
        limit=limit,
        low=found.low if width else None,
        high=found.high if width else None,
        on_fail=draw(st.sampled_from(["block", "review", "warn"])),
        standard_error=found.standard_error if width else None,
        bound=bound,
    )


@st.composite
def decisions(draw):
    """Up to four results, and the verdict that they give."""
    results = tuple(draw(measured(f"rule{number}")) for number in range(draw(st.integers(1, 4))))
    return Decision("id", "rides", 2, verdict_of(results), "", results, "e", "p", 1, 1)


def moved(result: RuleResult, by: float) -> RuleResult:
    """The result with value and interval moved, judged again by the rules' own functions."""
    value, low, high = (None if end is None else end + by for end in (result.value, result.low, result.high))
    found = Estimate(value, value if low is None else low, value if high is None else high, 0.0, 100, 30)
    return replace(result, value=value, low=low, high=high, outcome=NOW[result.bound](found, result.limit))


@given(measured())
def test_numbers_are_judged_as_the_rules_judge_them(result):
    """The outcome out of value, interval, limit and side is the one that the rule's own comparison gave."""
    assert decided_results(result).outcome is result.outcome


@given(measured(), st.sampled_from([PASS, INCONCLUSIVE, FAIL]), st.floats(0, 0.999))
def test_a_step_turns_the_outcome_and_nothing_smaller_does(result, wanted, part):
    """With the limit of the step the outcome is the wanted one; with any limit before it, it is not."""
    step = shift_to_outcome(result, (wanted,), 0.95)
    if step is None:
        return
    assert step.applied(result).outcome is wanted
    before = replace(result, limit=result.limit + part * (step.limit - result.limit))
    assert decided_results(before).outcome is not wanted
    if step.beyond:
        assert decided_results(replace(result, limit=step.limit)).outcome is not wanted


@given(measured(), thousandths)
def test_one_rule_with_two_limits_has_a_step_for_each(result, other):
    """A policy may demand a rule twice: the verdict of a change of one limit leaves the other limit as it is."""
    twice = tuple(
        decided_results(replace(result, limit=limit, on_fail=on_fail))
        for limit, on_fail in ((result.limit, "block"), (other, "review"))
    )
    decision = Decision("id", "rides", 2, verdict_of(twice), "", twice, "e", "p", 1, 1)
    for flip in smallest_verdict_changes(decision, 0.95):
        by_hand = list(twice)
        for step in flip.steps:
            for place, one in enumerate(twice):
                if one.limit == step.was:
                    by_hand[place] = replace(one, outcome=step.outcome)
        assert verdict_of(by_hand) is flip.verdict


@given(decisions(), st.data())
def test_a_warning_under_the_same_name_stays_as_it_is(decision, data):
    """A policy may have one rule twice, once only to warn: a flip changes the result that decides."""
    rule = data.draw(st.sampled_from(decision.results))
    warned = replace(decision, results=(replace(rule, outcome=RuleOutcome.WARN, on_fail="warn"), *decision.results))
    assert smallest_verdict_changes(warned, 0.95) == smallest_verdict_changes(decision, 0.95)


@given(decisions())
@settings(max_examples=300)
def test_every_flip_gives_the_verdict_that_it_states(decision):
    """All steps of a flip applied give its verdict, which is another than before."""
    for flip in smallest_verdict_changes(decision, 0.95):
        assert verdict_of(apply_shifts(decision.results, flip.steps)) is flip.verdict is not decision.verdict


@given(decisions(), st.data())
@settings(max_examples=300)
def test_moves_smaller_than_the_smallest_flip_change_nothing(decision, data):
    """Whatever results move, each by less standard errors than the smallest flip needs, the verdict stays."""
    found = smallest_verdict_changes(decision, 0.95)
    if not found or found[0].errors is None:
        return
    parts = [data.draw(st.floats(-0.999, 0.999)) for _ in decision.results]
    reach = found[0].errors
    if reach == 0:
        return
    results = [
        moved(r, part * reach * r.standard_error) if r.standard_error else r
        for r, part in zip(decision.results, parts, strict=True)
    ]
    assert verdict_of(results) is decision.verdict


@pytest.mark.parametrize(("rows", "confidence"), [(BAD, 0.95), (EVEN, 0.9), (GOOD, 0.95), (holdout(0.4, 0.3), 0.8)])
def test_the_stated_limit_flips_the_real_gate(rows, confidence):
    """A policy with the margin of the smallest flip decides as stated; a margin that goes a little less far does not."""
    once = decide(evidence(rows), policy({**NOT_WORSE, "margin": 0.01}, confidence=confidence), "5e" * 32)
    for flip in smallest_verdict_changes(once, confidence):
        (step,) = flip.steps
        if step.limit <= 0:
            continue
        outwards = math.copysign(1e-9, step.limit - 0.01) if step.beyond else 0.0
        for margin, verdict in ((step.limit + outwards, flip.verdict), (0.999 * step.limit + 0.001 * 0.01, None)):
            again = decide(evidence(rows), policy({**NOT_WORSE, "margin": margin}, confidence=confidence), "5e" * 32)
            assert (again.verdict is verdict) if verdict else again.verdict is not flip.verdict


def test_results_without_numbers_have_no_step():
    """Too few rows and what cannot be measured are not settled by a limit; a failed self-test not by any number."""
    few = decided(NOT_WORSE, rows=holdout(0.1, 0.9, rows=300))
    assert few.verdict is Verdict.HOLD
    assert smallest_verdict_changes(few, 0.95) == ()
    block = decided(NOT_WORSE, rows=BAD)
    failed = RuleResult(SELF_TEST, FAIL, "the gate misjudges", on_fail="review")
    assert (
        smallest_verdict_changes(replace(block, verdict=Verdict.REVIEW, results=(*block.results, failed)), 0.95) == ()
    )
    assert shift_to_outcome(RuleResult("rule", INCONCLUSIVE, "", limit=1.0), (PASS,), 0.95) is None


def test_the_side_of_an_old_result_is_read_from_its_outcome():
    """Records of before sides were recorded: outcome and numbers tell it, and where they do not nothing is stated."""
    passed = RuleResult("metric_bound(roc_auc min)", PASS, "", value=0.7, limit=0.6)
    assert limit_side(passed) == AT_LEAST
    assert limit_side(replace(passed, limit=0.8)) == AT_MOST
    assert limit_side(replace(passed, outcome=FAIL)) == AT_MOST
    assert limit_side(replace(passed, outcome=INCONCLUSIVE, low=0.5, high=0.9)) == ""
    assert limit_side(RuleResult("better_than_champion(mae)", FAIL, "", value=0.0, limit=0.0)) == MORE_THAN
