"""The gate: a pure function from evidence and policy to a verdict."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatehouse.core.audit.canonical_json import canonical, digest
from gatehouse.core.config.gate import GatePolicy
from gatehouse.core.gate.decide import decide, decision_document, decision_from_document, verdict_for, verdict_of
from gatehouse.core.gate.explain import explain
from gatehouse.core.statistics.metrics import METRICS
from gatehouse.core.types import RuleOutcome, RuleResult, Verdict
from support.evidence_maker import SHA, decided, evidence, holdout, policy

GOOD, BAD = holdout(0.1, 0.9), holdout(0.9, 0.1)
NOT_WORSE = {"rule": "not_worse_than_champion", "metric": "log_loss", "margin": 0.005}
BETTER = {"rule": "better_than_champion", "metric": "log_loss"}
PASSES = {"rule": "data_validated"}
FAILS = {"rule": "model_size", "max_mb": 1}
UNKNOWN = {"rule": "enough_rows", "min_rows": 10_000}


def test_a_better_challenger_is_promoted():
    """Everything passes: PROMOTE, in the words of the main metric's comparison."""
    decision = decided(PASSES, NOT_WORSE, BETTER, rows=GOOD)
    assert decision.verdict is Verdict.PROMOTE
    assert decision.sentence.startswith("PROMOTE: log loss on 3,000 rows is 0.0694 better than the champion's (95 %")


def test_a_worse_challenger_is_blocked_in_one_sentence():
    """The verdict tells metric, rows, difference, interval and what was allowed."""
    decision = decided(NOT_WORSE, BETTER, rows=BAD)
    assert decision.verdict is Verdict.BLOCK
    for part in ("BLOCK: log loss on 3,000 rows is 0.0625 worse", "95 % interval 0.04", "at most 0.005", "and 1 more"):
        assert part in decision.sentence


@pytest.mark.parametrize(
    ("rows", "trusted", "verdict", "told"),
    [
        (GOOD, (), Verdict.REVIEW, True),
        (GOOD, ("model.*", "lightgbm.*"), Verdict.PROMOTE, False),
        (GOOD, ("lightgbm.*",), Verdict.REVIEW, True),
        (BAD, (), Verdict.BLOCK, True),
        (holdout(0.1, None), (), Verdict.PROMOTE, True),
    ],
)
def test_a_type_that_no_model_in_production_held_asks_for_a_review(rows, trusted, verdict, told):
    """It is named. What is trusted is none, a block stays one, and a first model is only told of it."""
    unseen = replace(evidence(rows), extra={"new_types": ["lightgbm.basic.Booster", "model.Clip"]})
    rules = policy(NOT_WORSE, no_champion="promote", trusted_types=list(trusted))
    decision = decide(unseen, rules, SHA)
    assert decision.verdict is verdict
    assert ("model.Clip" in " ".join(result.sentence for result in decision.results)) is told
    assert decision_from_document(decision_document(decision)) == decision
    assert str(explain(decision))


@pytest.mark.parametrize(
    ("rule", "on_fail", "verdict"),
    [
        (FAILS, "block", Verdict.BLOCK),
        (FAILS, "review", Verdict.REVIEW),
        (FAILS, "warn", Verdict.PROMOTE),
        (UNKNOWN, "block", Verdict.HOLD),
        (UNKNOWN, "review", Verdict.HOLD),
        (UNKNOWN, "warn", Verdict.PROMOTE),
    ],
)
def test_what_a_failed_rule_asks_for(rule, on_fail, verdict):
    """FAIL asks for on_fail's verdict, INCONCLUSIVE for HOLD, and a rule that only warns for nothing."""
    decision = decided(PASSES, {**rule, "on_fail": on_fail})
    assert decision.verdict is verdict
    if on_fail == "warn" and rule is FAILS:
        assert decision.results[-1].outcome is RuleOutcome.WARN
        assert decision.sentence.endswith("1 warning")


def test_the_gravest_verdict_wins():
    """BLOCK before HOLD before REVIEW before PROMOTE, in whatever order the rules stand."""
    review = {"rule": "loads_in_clean_process", "max_seconds": 0.1, "on_fail": "review"}
    assert decided(PASSES, review).verdict is Verdict.REVIEW
    assert decided(review, UNKNOWN, PASSES).verdict is Verdict.HOLD
    assert decided(UNKNOWN, review, FAILS).verdict is Verdict.BLOCK


@given(st.lists(st.tuples(st.sampled_from(RuleOutcome), st.sampled_from(["block", "review", "warn", "dry_run"]))))
def test_the_verdict_does_not_depend_on_the_order_of_rules(pairs):
    """Any order of the same results gives the same verdict, and adding a PASS changes nothing."""
    results = [RuleResult("rule", outcome, "", on_fail=on_fail) for outcome, on_fail in pairs]
    assert verdict_of(results) is verdict_of(results[::-1])
    assert verdict_of([*results, RuleResult("rule", RuleOutcome.PASS, "")]) is verdict_of(results)
    fine = [result for result in results if result.outcome in (RuleOutcome.PASS, RuleOutcome.WARN)]
    assert all(verdict_for(result) is Verdict.PROMOTE for result in fine)


@pytest.mark.parametrize("rule", [FAILS, UNKNOWN])
def test_a_dry_run_is_recorded_without_effect(rule):
    """A rule in dry run is judged and says what it would have done; the verdict is that of the others."""
    decision = decided(PASSES, {**rule, "mode": "dry_run"})
    assert decision.verdict is Verdict.PROMOTE
    shadow = next(result for result in decision.results if result.outcome is not RuleOutcome.PASS)
    assert shadow.on_fail == "dry_run"
    assert f"would ask for {'BLOCK' if rule is FAILS else 'HOLD'}" in shadow.sentence


def test_the_policy_says_where_days_begin():
    """Rows of 08:00 and 20:00 of thirty days make thirty blocks, or thirty-one when days begin at noon."""
    mornings = replace(GOOD, time=GOOD.time + np.arange(GOOD.rows) % 2 * np.timedelta64(12, "h"))
    sentences = [
        decide(evidence(mornings), policy(NOT_WORSE, day_start_utc=starts, min_blocks=50), SHA).sentence
        for starts in ("00:00", "12:00")
    ]
    assert "30 of at least 50 blocks" in sentences[0]
    assert "31 of at least 50 blocks" in sentences[1]


def test_a_rule_that_is_off_is_not_judged():
    """Off means no result; that it is off stands in the policy, whose hash the decision carries."""
    assert [result.rule for result in decided(PASSES, {**FAILS, "mode": "off"}).results] == ["data_validated"]


@pytest.mark.parametrize(
    ("choice", "verdict"), [("promote", Verdict.PROMOTE), ("review", Verdict.REVIEW), ("block", Verdict.BLOCK)]
)
def test_without_a_champion_the_policy_has_chosen(choice, verdict):
    """Comparisons do not apply; one result named no_champion carries the explicit choice."""
    rules = policy(NOT_WORSE, BETTER, PASSES, no_champion=choice)
    decision = decide(evidence(holdout(0.1, None)), rules, SHA)
    assert decision.verdict is verdict
    assert [result.rule for result in decision.results] == ["no_champion", "data_validated"]


def test_absolute_rules_hold_for_a_first_model():
    """`no_champion: promote` does not excuse a first model from the other rules."""
    decision = decide(evidence(holdout(0.1, None)), policy(NOT_WORSE, FAILS, no_champion="promote"), SHA)
    assert decision.verdict is Verdict.BLOCK


def test_lost_champion_predictions_are_no_first_model():
    """With a champion whose predictions are missing, comparisons are INCONCLUSIVE: HOLD, never the first-model path."""
    lost = replace(evidence(GOOD), holdout=replace(GOOD, champion=None))
    assert decide(lost, policy(NOT_WORSE, no_champion="promote"), SHA).verdict is Verdict.HOLD


def test_nothing_is_decided_on_no_rows():
    """Without a held-out row every rule about rows is INCONCLUSIVE: HOLD."""
    nothing = holdout(rows=0)
    for rule in (
        NOT_WORSE,
        BETTER,
        UNKNOWN,
        {"rule": "metric_bound", "metric": "roc_auc", "min": 0, "compare": "interval"},
        {"rule": "metric_bound", "metric": "log_loss", "max": 9},
        {"rule": "calibration", "max_gap": 1, "max_ece": 1},
        {"rule": "slice_floor", "column": "origin", "metric": "brier", "max": 1},
        {"rule": "suspiciously_good", "metric": "pr_auc", "max_gain": 1, "best_plausible_value": 1},
    ):
        decision = decided(rule, rows=nothing)
        assert decision.verdict is Verdict.HOLD
        rested = [result for result in decision.results if result.rule != "enough_rows(maturity)"]
        assert all(result.outcome is RuleOutcome.INCONCLUSIVE for result in rested)


def test_a_decision_names_everything_it_came_from():
    """Id, evidence, policy, champion and generation: enough to find and replay it."""
    rules = policy(NOT_WORSE)
    decision = decide(evidence(GOOD), rules, SHA)
    assert decision.id == digest({"evidence": SHA, "policy": rules.hash})
    assert (decision.evidence, decision.policy, decision.champion, decision.generation) == (SHA, rules.hash, 3, 2)


def test_same_evidence_and_policy_same_bytes():
    """A replay from the archived policy text reproduces the decision byte for byte."""
    rules = policy(NOT_WORSE, BETTER, {"rule": "metric_bound", "metric": "roc_auc", "min": 0.6, "compare": "interval"})
    once = canonical(decision_document(decide(evidence(GOOD), rules, SHA)))
    archived = GatePolicy.model_validate_json(rules.text)
    assert archived.hash == rules.hash
    assert canonical(decision_document(decide(evidence(GOOD), archived, SHA))) == once
    others = decide(evidence(GOOD), rules, "6f" * 32)
    assert others.results[0].low != decide(evidence(GOOD), rules, SHA).results[0].low


def test_decisions_survive_their_document():
    """A decision read back from its canonical JSON equals itself, undefined values included."""
    broken = replace(GOOD, challenger=np.full(GOOD.rows, np.nan))
    for rows in (GOOD, BAD, broken):
        decision = decided(NOT_WORSE, PASSES, FAILS, UNKNOWN, rows=rows)
        assert decision_from_document(json.loads(canonical(decision_document(decision)))) == decision


def test_each_metric_is_resampled_once_a_model(monkeypatch):
    """Rules that ask for the same metric share one bootstrap of each model."""
    built, log_loss = [], METRICS["log_loss"]
    counting = replace(log_loss, build=lambda rows: built.append(rows) or log_loss.build(rows))
    monkeypatch.setitem(METRICS, "log_loss", counting)
    bound = {"rule": "metric_bound", "metric": "log_loss", "max": 1}
    alarm = {"rule": "suspiciously_good", "metric": "log_loss", "max_gain": 0.5}
    decided(NOT_WORSE, BETTER, bound, alarm, rows=GOOD)
    assert len(built) == 2


def test_digits_that_machines_disagree_about_decide_nothing():
    """A model that differs from the champion in the last bits of its predictions only is its copy."""
    for factor in (1 + 4e-16, 1 - 4e-16):
        twin = replace(GOOD, champion=GOOD.challenger * factor)
        decision = decided(BETTER, {**BETTER, "metric": "brier"}, NOT_WORSE, rows=twin)
        assert [result.outcome for result in decision.results] == [RuleOutcome.FAIL, RuleOutcome.FAIL, RuleOutcome.PASS]
        assert decision.results[0].value == 0


@given(seed=st.integers(0, 2**32 - 1), size=st.floats(0, 0.3))
@settings(max_examples=12, deadline=None)
def test_a_copy_of_the_champion_is_never_better(seed, size):
    """Whatever the evidence's hash, predictions equal to the champion's never pass better_than_champion."""
    rows = holdout(size, size)
    equal = replace(rows, champion=rows.challenger.copy())
    for metric in ("log_loss", "roc_auc", "pr_auc", "brier", "error_rate", "ece", "calibration_gap"):
        rules = policy({**BETTER, "metric": metric}, resamples=200)
        decision = decide(evidence(equal), rules, digest(seed))
        assert decision.results[0].outcome is RuleOutcome.FAIL
