"""The gate tests itself: a gate that is sound judges every mutant as it must, and a broken one asks a person."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatehouse.core.audit.canonical_json import digest
from gatehouse.core.gate.decide import decide
from gatehouse.core.gate.rules import comparison as champion_rules
from gatehouse.core.gate.rules.metrics_context import MetricsContext
from gatehouse.core.gate.self_test import SELF_TEST
from gatehouse.core.statistics.metrics import METRICS
from gatehouse.core.types import RuleOutcome, Verdict
from support.evidence_maker import SHA, evidence, holdout, policy

GOOD, BAD = holdout(0.1, 0.9), holdout(0.9, 0.1)
RULES = (
    {"rule": "not_worse_than_champion", "metric": "log_loss", "margin": 0.01},
    {"rule": "better_than_champion", "metric": "roc_auc"},
    {"rule": "metric_bound", "metric": "brier", "max": 0.3},
    {"rule": "slice_floor", "column": "origin", "metric": "roc_auc", "min": 0.55},
    {"rule": "slice_not_worse", "column": "origin", "metric": "log_loss", "margin": 0.02},
    {"rule": "suspiciously_good", "metric": "log_loss", "max_gain": 0.2},
    {"rule": "training_is_fresh", "max_age": "40 days"},
)
ALL = (
    "the champion's own copy, a little too bad in log_loss, shuffled predictions, turned round, a leaked label, "
    "origin LGA broken, trained on the holdout, predictions of NaN, a single row"
)


def self_tested(rows, *rules, **keys):
    """The decision, and its result of the self-test."""
    decision = decide(evidence(rows), policy(*(rules or RULES), self_test=1, **keys), SHA)
    (result,) = [result for result in decision.results if result.rule == SELF_TEST]
    return decision, result


@pytest.mark.parametrize(("rows", "verdict"), [(GOOD, Verdict.PROMOTE), (BAD, Verdict.BLOCK)])
def test_a_sound_gate_judges_every_mutant_rightly(rows, verdict):
    """All nine mutants apply under a policy with the rules that they test, and the verdict is that of the rules."""
    decision, result = self_tested(rows)
    assert (decision.verdict, result.outcome) == (verdict, RuleOutcome.PASS)
    assert result.sentence.endswith(f"9 mutants of this evidence as it must: {ALL}")


@given(
    seed=st.integers(0, 2**32),
    sizes=st.tuples(st.floats(0, 2), st.floats(0, 2)),
    rows=st.integers(1, 900),
    metric=st.sampled_from(["log_loss", "roc_auc", "pr_auc", "brier", "error_rate", "ece", "calibration_gap"]),
)
@settings(max_examples=25, deadline=None)
def test_no_evidence_makes_a_sound_gate_doubt_itself(seed, sizes, rows, metric):
    """Good or bad models, many or few rows, any metric: the self-test of a sound gate never fails."""
    rules = (
        {"rule": "not_worse_than_champion", "metric": metric, "margin": 0.01},
        {"rule": "better_than_champion", "metric": metric},
        {"rule": "metric_bound", "metric": metric, "max": 0.4},
        {"rule": "slice_floor", "column": "origin", "metric": metric, "min": 0.4, "min_rows": 50},
        {"rule": "slice_not_worse", "column": "origin", "metric": metric, "margin": 0.1, "min_rows": 50},
        {"rule": "suspiciously_good", "metric": metric, "max_gain": 0.2, "best_plausible_value": 0.9},
    )
    made = evidence(holdout(*sizes, rows=rows))
    decision = decide(made, policy(*rules, self_test=1, resamples=200), digest(seed))
    assert [r.sentence for r in decision.results if r.rule == SELF_TEST and r.outcome is RuleOutcome.FAIL] == []


def test_regression_is_tested_too():
    """Numbers have copies, shuffled, turned-round and leaked mutants as probabilities have."""
    numbers = replace(
        GOOD,
        labels=30 * GOOD.labels + 3 * GOOD.challenger,
        challenger=25 * GOOD.challenger,
        champion=20 * GOOD.champion,
    )
    rules = (
        {"rule": "not_worse_than_champion", "metric": "mae", "margin": 0.5},
        {"rule": "better_than_champion", "metric": "rmse"},
    )
    made = replace(evidence(numbers), task="regression")
    (result,) = [r for r in decide(made, policy(*rules, metric="mae", self_test=1), SHA).results if r.rule == SELF_TEST]
    assert result.outcome is RuleOutcome.PASS
    assert "a little too bad in mae, shuffled predictions, turned round, a leaked label" in result.sentence


@pytest.mark.parametrize("rows", [GOOD, BAD])
def test_a_gate_that_misjudges_asks_a_person_whatever_it_would_say(rows, monkeypatch):
    """A sign the wrong way round: neither PROMOTE nor BLOCK but REVIEW, with the mutant that told it."""
    right = MetricsContext.worsening
    monkeypatch.setattr(MetricsContext, "worsening", lambda self, metric: -right(self, metric))
    decision, result = self_tested(rows)
    assert (decision.verdict, result.outcome) == (Verdict.REVIEW, RuleOutcome.FAIL)
    assert decision.sentence.startswith("REVIEW: the gate judges a mutant of this evidence wrongly")


def test_each_kind_of_slip_is_noticed(monkeypatch):
    """An equal that is better, a margin read as a percentage, a metric whose direction is wrong."""
    with monkeypatch.context() as slip:
        slip.setattr(
            champion_rules, "more_than", lambda e, limit: RuleOutcome.PASS if e.low >= limit else RuleOutcome.FAIL
        )
        assert "the champion's own copy" in self_tested(GOOD)[1].sentence
    with monkeypatch.context() as slip:
        slip.setattr(
            champion_rules, "at_most", lambda e, limit: RuleOutcome.PASS if e.high <= 100 * limit else RuleOutcome.FAIL
        )
        assert "a little too bad in log_loss" in self_tested(GOOD)[1].sentence
    with monkeypatch.context() as slip:
        slip.setitem(METRICS, "roc_auc", replace(METRICS["roc_auc"], better="lower"))
        assert self_tested(GOOD)[1].outcome is RuleOutcome.FAIL


def test_a_mutant_tests_only_what_the_policy_has_a_rule_for():
    """Without a rule that any mutant tests, the result says so and asks for nothing; without a champion, few apply."""
    decision, result = self_tested(GOOD, {"rule": "model_size", "max_mb": 9})
    assert (decision.verdict, result.outcome) == (Verdict.PROMOTE, RuleOutcome.WARN)
    first = self_tested(holdout(0.1, None), no_champion="promote")[1]
    assert first.outcome is RuleOutcome.PASS
    assert "copy" not in first.sentence
    assert "trained on the holdout" in first.sentence


def test_the_self_test_can_be_left_out_and_costs_no_verdict():
    """`self_test: 0` judges no mutants; all other results are the same bytes."""
    without = decide(evidence(GOOD), policy(*RULES), SHA).results
    assert self_tested(GOOD)[0].results[: len(without)] == without
    assert SELF_TEST not in [result.rule for result in without]
