"""Rules on more than two classes: as a whole, and of one class against the rest."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import replace

import numpy as np
import pytest

from gatehouse.core.config.gate import RULES
from gatehouse.core.config.gate_for_task import policy_problems
from gatehouse.core.gate.decide import decide, judge_rule
from gatehouse.core.gate.evidence_io import evidence_document, evidence_from, evidence_sha256, holdout_columns
from gatehouse.core.gate.rules.metrics_context import MetricsContext
from gatehouse.core.gate.self_test import SELF_TEST
from gatehouse.core.types import RuleOutcome, Verdict
from support.evidence_maker import SHA, evidence, holdout, policy

CLASSES = ("early", "late", "lost")
ASKED = (
    {"rule": "metric_bound", "metric": "roc_auc", "min": 0.6, "compare": "interval"},
    {"rule": "calibration", "max_gap": 0.02, "max_ece": 0.05},
    {"rule": "brier_decomposition", "max_reliability": 0.01, "min_resolution": 0.02},
    {"rule": "not_worse_than_champion", "metric": "log_loss", "margin": 0.01},
    {"rule": "better_than_champion", "metric": "pr_auc"},
    {"rule": "suspiciously_good", "metric": "roc_auc", "max_gain": 0.1, "best_plausible_value": 0.99},
    {"rule": "slice_floor", "column": "origin", "metric": "roc_auc", "min": 0.6},
    {"rule": "slice_not_worse", "column": "origin", "metric": "log_loss", "margin": 0.05},
    {"rule": "parity", "column": "origin", "threshold": 0.3, "max_selection_gap": 0.2},
    {"rule": "stable_over_time", "metric": "brier", "max": 0.25},
    {"rule": "predictions_vary", "max_share": 0.5},
)
WHOLE = (
    {"rule": "not_worse_than_champion", "metric": "log_loss", "margin": 0.01},
    {"rule": "better_than_champion", "metric": "macro_auc"},
    {"rule": "metric_bound", "metric": "accuracy", "min": 0.5},
    {"rule": "metric_bound", "metric": "macro_f1", "min": 0.3},
    {"rule": "slice_floor", "column": "origin", "metric": "weighted_auc", "min": 0.5},
    {"rule": "slice_not_worse", "column": "origin", "metric": "brier", "margin": 0.05},
    {"rule": "calibration", "max_gap": 0.1, "max_ece": 0.2},
    {"rule": "predictions_vary"},
    {"rule": "stable_over_time", "metric": "log_loss", "max": 2.0},
    {"rule": "metric_bound", "metric": "roc_auc", "min": 0.55, "of_class": "late"},
)


def three(two, seed=3):
    """The rows of two classes with class 0 split into two by chance: `late` is class 1."""
    random = np.random.default_rng(seed)
    share = np.clip(random.normal(0.6, 0.1, two.rows), 0.2, 0.8)
    other = np.where(random.random(two.rows) < share, 0.0, 2.0)

    def split(chance):
        return None if chance is None else np.stack([(1 - chance) * share, chance, (1 - chance) * (1 - share)], axis=1)

    labels = np.where(two.labels == 1, 1.0, other)
    return replace(two, labels=labels, challenger=split(two.challenger), champion=split(two.champion), classes=CLASSES)


TWO = holdout(0.1, 0.9)
THREE = three(TWO)


def made(rows, **facts):
    """The evidence for three classes."""
    return replace(evidence(rows, **facts), task="multiclass")


@pytest.mark.parametrize("rule", ASKED, ids=[rule["rule"] for rule in ASKED])
def test_a_rule_of_one_class_is_the_rule_of_two_classes_on_its_rows(rule):
    """Whatever a rule says of two classes it says of one class against the rest, under the class's name."""
    (alone,), (named,) = policy(rule).rules, policy({**rule, "of_class": "late"}).rules
    expected = judge_rule(alone, MetricsContext(evidence(TWO), policy(rule), 7))
    found = judge_rule(named, MetricsContext(made(THREE), policy(rule), 7))
    assert [each.sentence for each in found] == [f"late against the rest: {each.sentence}" for each in expected]
    assert all(each.rule.endswith("late)") for each in found)
    hidden = {"rule": "", "sentence": ""}
    assert [replace(each, **hidden) for each in found] == [replace(each, **hidden) for each in expected]


def test_a_class_that_the_evidence_lacks_never_passes():
    """Old evidence of two classes, or of other classes, is INCONCLUSIVE."""
    (rule,) = policy({**ASKED[0], "of_class": "never"}).rules
    for rows in (TWO, THREE):
        (result,) = rule.judged(MetricsContext(made(rows), policy(ASKED[0]), 7))
        assert result.outcome is RuleOutcome.INCONCLUSIVE
        assert "no class 'never'" in result.sentence


@pytest.mark.parametrize(
    ("rows", "verdict"), [(THREE, Verdict.PROMOTE), (three(holdout(0.9, 0.1)), Verdict.BLOCK)], ids=["good", "bad"]
)
def test_the_gate_tests_itself_on_more_classes(rows, verdict):
    """All mutants of three classes, and of the class that a rule names, are judged as they must be."""
    decision = decide(made(rows), policy(*WHOLE, self_test=1), SHA)
    (result,) = [each for each in decision.results if each.rule == SELF_TEST]
    assert result.outcome is RuleOutcome.PASS, result.sentence
    assert "turned round of late" in result.sentence
    assert decision.verdict is verdict, [each.sentence for each in decision.results]


def test_evidence_of_more_classes_is_archived_and_read_back():
    """Each model's probabilities stand in columns named by class, and the hash is that of the document."""
    whole = made(THREE)
    columns = holdout_columns(whole.holdout)
    assert [name for name in columns if name.startswith("champion")] == [f"champion:{name}" for name in CLASSES]
    document = evidence_document(whole, "0" * 64)
    again = evidence_from(document, columns)
    assert again.holdout.classes == CLASSES
    assert np.array_equal(again.holdout.challenger, THREE.challenger)
    assert np.array_equal(again.holdout.champion, THREE.champion)
    assert evidence_sha256(evidence_document(again, "0" * 64)) == evidence_sha256(document)


def test_predictions_of_one_class_are_nothing_to_judge_by():
    """A challenger without probabilities for one of the classes never passes: its metrics have no value."""
    rows = replace(THREE, challenger=THREE.challenger[:, :2] / THREE.challenger[:, :2].sum(axis=1, keepdims=True))
    (rule,) = policy(WHOLE[2]).rules
    (result,) = rule.judged(MetricsContext(made(rows), policy(WHOLE[2]), 7))
    assert result.outcome is RuleOutcome.INCONCLUSIVE
    assert result.value is None or math.isnan(result.value)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"rule": "metric_bound", "metric": "roc_auc", "min": 0.6}, "of_class: early"),
        ({"rule": "brier_decomposition", "max_reliability": 0.1}, "of_class: early"),
        ({"rule": "parity", "column": "a", "threshold": 0.5, "max_selection_gap": 0.1}, "of_class: early"),
        ({"rule": "monotone", "feature": "a", "direction": "increasing"}, "of_class: early"),
        ({"rule": "metric_bound", "metric": "mae", "max": 1}, "log_loss, brier, error_rate, accuracy"),
        ({"rule": "metric_bound", "metric": "roc_auc", "min": 0.6, "of_class": "nobody"}, "early, late, lost"),
        ({"rule": "metric_bound", "metric": "accuracy", "min": 0.6, "of_class": "late"}, "roc_auc"),
        ({"rule": "data_validated", "of_class": "late"}, "without `of_class`"),
    ],
)
def test_what_more_classes_do_not_have_is_refused_with_what_to_write_instead(rule, words):
    """The check of a use case names the key and the way out; nothing is left for the decision to find."""
    (problem,) = policy_problems(policy(rule), "multiclass", classes=CLASSES)
    assert words in str(problem)
    assert "rules.0" in str(problem)


def test_one_class_cannot_be_asked_of_where_there_are_two():
    """`of_class` is for more than two classes."""
    (problem,) = policy_problems(policy({**ASKED[0], "of_class": "late"}), "classification")
    assert "task: multiclass only" in str(problem)


@pytest.mark.parametrize("name", sorted(RULES))
def test_every_rule_judges_more_classes_or_says_how(name):
    """A rule that looks at predictions is defined for more than two classes, or for one of them against the rest."""
    rule = RULES[name]
    assert "multiclass" in rule.tasks or rule.by_class


def test_a_policy_without_classes_keeps_its_hash():
    """The key stands in the policy's text only where it is used: other policies keep their version."""
    assert "of_class" not in policy(ASKED[0]).text
    assert '"of_class":"late"' in policy({**ASKED[0], "of_class": "late"}).text
    assert {field.name for field in dataclasses.fields(THREE)} >= {"classes"}
