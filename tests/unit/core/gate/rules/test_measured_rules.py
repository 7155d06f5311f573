"""Rules about what was measured with the models at hand: each passes, fails, and is never a PASS without its value."""

from __future__ import annotations

import math

import pytest
from pydantic import ValidationError

from gatehouse.core.config.gate import RULES
from gatehouse.core.gate.measurements import DEFAULT_MEASUREMENTS, Measurement
from gatehouse.core.gate.rules.provenance import signature_changes
from gatehouse.core.types import RuleOutcome
from support.evidence_maker import holdout, judged, policy, weighed

PASS, FAIL, INCONCLUSIVE = RuleOutcome.PASS, RuleOutcome.FAIL, RuleOutcome.INCONCLUSIVE
SHA = "0a" * 32
MONOTONE = {"rule": "monotone", "feature": "rain", "direction": "increasing", "max_violations": 0.1}
STEPS = {"rising": 0.8, "falling": 0.05, "largest_rising": 0.3, "largest_falling": 0.02, "points": 10, "rows": 500}
INVARIANT = {"rule": "invariant", "column": "sex", "max_mean_change": 0.01}
DRIFT = {"rule": "holdout_drift", "limit": 0.1}
FEATURES = {"age": "float64", "city": "text"}
GOLDEN = {"rule": "golden_set", "file": "golden.parquet", "sha256": SHA, "metric": "log_loss"}


def drift(value, noise=0.01):
    return {"columns": {"age": {"value": 0.02, "noise": 0.01}, "city": {"value": value, "noise": noise}}, "rows": 900}


# rule, found that passes, found that fails, the numbers of `found` that must not be NaN
CASES = [
    (MONOTONE, STEPS, {**STEPS, "falling": 0.2}, ["falling"]),
    ({**MONOTONE, "direction": "decreasing"}, {**STEPS, "rising": 0.1}, STEPS, ["rising"]),
    (INVARIANT, {"mean_change": 0.01, "change": 1}, {"mean_change": 0.011, "change": 0}, ["mean_change"]),
    (
        {"rule": "invariant", "column": "sex", "max_change": 0.0},
        {"mean_change": 9, "change": 0},
        {"mean_change": 0, "change": 1e-6},
        ["change"],
    ),
    (
        {"rule": "handles_unseen_values"},
        {"tried": 4, "failures": {}},
        {"tried": 4, "failures": {"a missing": "NaN"}},
        ["tried"],
    ),
    (
        {"rule": "no_dominant_feature", "max_share": 0.6},
        {"features": {"a": 0.6, "b": 0.4, "c": -0.1}},
        {"features": {"a": 0.61, "b": 0.39, "c": -0.1}},
        [],
    ),
    (DRIFT, drift(0.1), drift(0.11), []),
    (DRIFT, drift(0.19, noise=0.2), drift(0.21, noise=0.2), []),
    ({"rule": "lineage_intact"}, {"files": 9, "broken": []}, {"files": 9, "broken": ["model: gone"]}, ["files"]),
    ({"rule": "reproducible"}, {"difference": 0.0, "seed": 1}, {"difference": 1e-6, "seed": 1}, ["difference"]),
    (
        {"rule": "signature_unchanged"},
        {"challenger": FEATURES, "champion": FEATURES},
        {"challenger": {**FEATURES, "rain": "float64"}, "champion": FEATURES},
        [],
    ),
    (
        {"rule": "python", "function": "rules.py:fair"},
        {"value": 1.0, "limit": 2.0, "passed": True, "sentence": "fair enough"},
        {"value": 3.0, "limit": 2.0, "passed": False, "sentence": "not fair"},
        ["value"],
    ),
    (
        {**GOLDEN, "margin": 0.01},
        {"challenger": 0.51, "champion": 0.5, "rows": 90},
        {"challenger": 0.52, "champion": 0.5, "rows": 90},
        ["challenger", "champion"],
    ),
    (
        {**GOLDEN, "metric": "roc_auc", "margin": 0.01},
        {"challenger": 0.7, "champion": 0.705, "rows": 90},
        {"challenger": 0.68, "champion": 0.7, "rows": 90},
        ["challenger", "champion"],
    ),
]
IDS = [f"{case[0]['rule']}-{number}" for number, case in enumerate(CASES)]


@pytest.mark.parametrize(("rule", "good", "bad", "numbers"), CASES, ids=IDS)
def test_a_measured_value_within_its_limit_passes_and_beyond_it_fails(rule, good, bad, numbers):
    """In the direction that the rule says; the sentence is never empty."""
    for found, expected in ((good, PASS), (bad, FAIL)):
        (result,) = weighed(rule, found)
        assert result.outcome is expected
        assert result.sentence


@pytest.mark.parametrize(("rule", "good", "bad", "numbers"), CASES, ids=IDS)
def test_what_was_not_measured_never_passes(rule, good, bad, numbers):
    """Never archived, archived as an error, empty, or NaN (as a number and as canonical JSON writes it)."""
    (never,) = weighed(rule, None)
    assert (never.outcome, "was not measured" in never.sentence) == (INCONCLUSIVE, True)
    (wrong,) = weighed(rule, {"error": "ModelError: no feature 'rain'"})
    assert (wrong.outcome, "no feature 'rain'" in wrong.sentence) == (INCONCLUSIVE, True)
    assert {result.outcome for result in weighed(rule, {})} == {INCONCLUSIVE}
    for number in numbers:
        for nothing in (math.nan, "nan", None):
            assert {found.outcome for found in weighed(rule, {**good, number: nothing})} == {INCONCLUSIVE}


@pytest.mark.parametrize("wrong", [{"age": {"value": math.nan}}, {"age": {}}, {}])
def test_drift_that_was_not_measured_of_a_judged_column_never_passes(wrong):
    """A column without a number, or a named one that is not there, is told by name."""
    (result,) = weighed({**DRIFT, "columns": ["age"]}, {"columns": wrong})
    assert (result.outcome, "age" in result.sentence) == (INCONCLUSIVE, True)


def test_drift_of_the_label_is_judged_only_when_named():
    """`gh_label` is measured with the features; a season of many delays is no fault of the features."""
    found = {"columns": {"age": {"value": 0.0, "noise": 0.0}, "gh_label": {"value": 0.5, "noise": 0.0}}}
    assert weighed(DRIFT, found)[0].outcome is PASS
    assert weighed({**DRIFT, "columns": ["gh_label"]}, found)[0].outcome is FAIL


def test_importance_that_tells_nothing_is_no_pass():
    """All features useless, one of them NaN: which one dominates is not known."""
    rule = {"rule": "no_dominant_feature", "max_share": 0.9}
    for features in ({"a": 0.0, "b": -1.0}, {"a": 1.0, "b": math.nan}, {"a": 1.0, "b": "nan"}):
        assert weighed(rule, {"features": features})[0].outcome is INCONCLUSIVE


def test_accepted_changes_of_the_signature_pass_by_name():
    """Every change must be listed in the words in which it is told; a comparison is nothing without a champion."""
    found = {"challenger": {"age": "int64", "rain": "float64"}, "champion": FEATURES}
    assert signature_changes(found["champion"], found["challenger"]) == [
        "age: float64 -> int64",
        "removed city",
        "added rain",
    ]
    rule = {"rule": "signature_unchanged", "accept": ["age: float64 -> int64", "added rain"]}
    (result,) = weighed(rule, found)
    assert (result.outcome, result.value, "removed city" in result.sentence) == (FAIL, 1, True)
    assert weighed({**rule, "accept": [*rule["accept"], "removed city"]}, found)[0].outcome is PASS
    assert [each.rule for each in weighed(rule, found, holdout(0.1, None))] == ["no_champion"]


def test_the_golden_and_the_recent_rows_must_both_pass():
    """A bound holds on the frozen set and on the holdout; each has its result."""
    rule = {**GOLDEN, "max": 0.6}
    good = {"challenger": 0.5, "champion": 0.5, "rows": 90}
    assert [result.outcome for result in weighed(rule, good)] == [PASS, PASS]
    assert [result.outcome for result in weighed(rule, {**good, "challenger": 0.7})] == [FAIL, PASS]
    late = holdout(3.0, 0.9)
    assert [result.outcome for result in weighed(rule, good, late)] == [PASS, FAIL]
    lower = {**GOLDEN, "metric": "roc_auc", "min": 0.6}
    assert [result.outcome for result in weighed(lower, {"challenger": 0.59})] == [FAIL, PASS]


def test_a_python_rule_without_a_plain_answer_is_inconclusive():
    """`passed` is true or false, nothing else; a limit is not needed."""
    rule = {"rule": "python", "function": "rules.py:fair"}
    said = {"value": 1.0, "limit": None, "passed": True, "sentence": "fair"}
    assert weighed(rule, said)[0].outcome is PASS
    for passed in (None, "yes", 1):
        assert weighed(rule, {**said, "passed": passed})[0].outcome is INCONCLUSIVE


def test_a_limit_is_no_part_of_what_is_measured():
    """Another limit is judged from the same archived value; another feature, column, file or function is not."""
    need = {name: policy(MONOTONE | {"max_violations": limit}).rules[0].needs() for name, limit in (("a", 0), ("b", 1))}
    assert need["a"] == need["b"]
    for rule, other in (
        (MONOTONE, {"feature": "wind"}),
        (INVARIANT, {"values": ["f", "m"]}),
        (GOLDEN | {"max": 1.0}, {"sha256": "0b" * 32}),
        ({"rule": "python", "function": "rules.py:fair"}, {"function": "rules.py:cheap"}),
        (DRIFT, {"distance": "ks"}),
    ):
        first, second = (policy(each).rules[0].needs()[0].key for each in (rule, {**rule, **other}))
        assert first != second


def test_keys_of_needs_are_stable():
    """An archived key is found again by later versions: the form is fixed."""
    (need,) = policy(MONOTONE).rules[0].needs()
    assert need.key == 'monotone{"feature":"rain","points":10,"rows":500}'
    assert [need.key for need in DEFAULT_MEASUREMENTS] == ["importance", "signature"]
    assert Measurement.of("a", y=1, x=2) == Measurement.of("a", x=2, y=1)


@pytest.mark.parametrize(("rows", "expected"), [(9000, PASS), (9001, FAIL)], ids=["as many as there are", "one more"])
def test_enough_training_rows(rows, expected):
    """At least so many; too few is FAIL, since no later row reaches this model; unknown is INCONCLUSIVE."""
    rule = {"rule": "enough_training_rows", "min_rows": rows}
    assert judged(rule)[0].outcome is expected
    assert judged(rule, training_rows=0)[0].outcome is INCONCLUSIVE


def test_memory_of_a_prediction():
    """At most so many megabytes; None, as on a system that does not tell, is INCONCLUSIVE."""
    rule = {"rule": "prediction_memory", "max_mb": 10}
    assert judged(rule, memory_bytes=10_000_000)[0].outcome is PASS
    assert judged(rule, memory_bytes=10_000_001)[0].outcome is FAIL
    assert judged(rule)[0].outcome is INCONCLUSIVE


@pytest.mark.parametrize(
    "wrong",
    [
        {**GOLDEN},
        {**GOLDEN, "max": 1.0, "min": 2.0},
        {**GOLDEN, "max": 1.0, "file": "../golden.parquet"},
        {**GOLDEN, "max": 1.0, "file": "/golden.csv"},
        {**GOLDEN, "max": 1.0, "file": "golden.pickle"},
        {**GOLDEN, "max": 1.0, "sha256": "abc"},
        {"rule": "python", "function": "rules.py"},
        {"rule": "python", "function": "../rules.py:fair"},
        {"rule": "invariant", "column": "sex"},
        {**MONOTONE, "direction": "up"},
        {"rule": "no_dominant_feature", "max_share": 1.0},
        {"rule": "brier_decomposition"},
        {"rule": "stable_over_time", "metric": "log_loss"},
    ],
)
def test_a_rule_that_says_nothing_sound_is_refused_when_read(wrong):
    """No limit, contradicting limits, a file outside the folder or of another kind."""
    with pytest.raises(ValidationError):
        policy(wrong)


def test_every_rule_has_words_for_people():
    """Each registered rule has a docstring, which the JSON schema shows to editors."""
    assert all((kind.__doc__ or "").strip() for kind in RULES.values())
