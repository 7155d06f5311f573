"""`gate.yaml` as a strict model: what is wrong is refused with what would be right."""

from __future__ import annotations

import json

import pytest
import yaml
from pydantic import ValidationError

from gatehouse.core.config.gate import RULES, GatePolicy
from gatehouse.core.config.gate_for_task import check_policy
from gatehouse.errors import ConfigurationError
from gatehouse.settings import ROOT
from support.evidence_maker import REVIEW, policy

DOCS = ROOT / "docs" / "reference" / "gate.md"
PASSES = {"rule": "data_validated"}


def test_an_unknown_rule_lists_the_rules_there_are():
    """The message names what was found and, from the registry, every rule."""
    with pytest.raises(ValidationError) as error:
        policy({"rule": "looks_fine"})
    assert "looks_fine" in str(error.value)
    assert all(f"'{name}'" in str(error.value) for name in RULES)


@pytest.mark.parametrize("where", ["metric", "rule"])
def test_an_unknown_metric_lists_the_metrics_there_are(where):
    """In the policy's main metric and in a rule."""
    rule = {"rule": "metric_bound", "metric": "exactness", "min": 0} if where == "rule" else PASSES
    with pytest.raises(ValidationError, match="'exactness' is no metric; allowed: log_loss, brier"):
        policy(rule, metric="exactness" if where == "metric" else "log_loss")


@pytest.mark.parametrize(
    "rule",
    [
        {"rule": "data_validated", "strict": True},
        {"rule": "data_validated", "description": ""},
        {"rule": "data_validated", "on_fail": "ignore"},
        {"rule": "data_validated", "mode": "maybe"},
        {"rule": "not_worse_than_champion", "metric": "log_loss"},
        {"rule": "not_worse_than_champion", "metric": "log_loss", "margin": -0.01},
        {"rule": "not_worse_than_champion", "metric": "log_loss", "margin": "0.01"},
        {"rule": "metric_bound", "metric": "log_loss"},
        {"rule": "metric_bound", "metric": "log_loss", "min": 2, "max": 1},
        {"rule": "slice_floor", "column": "origin", "metric": "log_loss", "min": 1, "max": 2},
        {"rule": "slice_floor", "column": "origin", "metric": "log_loss"},
        {"rule": "suspiciously_good", "metric": "log_loss"},
        {"rule": "calibration", "max_gap": 0},
        {"rule": "training_is_fresh", "max_age": "soon"},
        {"rule": "enough_rows", "min_rows": 0},
    ],
)
def test_a_rule_that_says_nothing_sound_is_refused(rule):
    """Unknown keys, wrong types, missing or contradictory limits are errors when the file is read."""
    with pytest.raises(ValidationError):
        policy(rule)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("key", ["min", "max"])
def test_limits_are_finite(number, key):
    """A limit of NaN would fail nothing and pass nothing; it is refused."""
    rule = {"rule": "metric_bound", "metric": "log_loss", "description": "so"}
    text = json.dumps({"metric": "log_loss", "no_champion": "block", "review": REVIEW, "rules": [{**rule, key: 1}]})
    assert GatePolicy.model_validate_json(text)
    with pytest.raises(ValidationError, match="finite"):
        GatePolicy.model_validate_json(text.replace(f'"{key}": 1', f'"{key}": {number}'))


@pytest.mark.parametrize(
    "rules", [[], [{**PASSES, "mode": "dry_run"}], [{**PASSES, "on_fail": "warn"}], [{**PASSES, "mode": "off"}]]
)
def test_a_policy_enforces_something(rules):
    """A policy under which nothing can stop a challenger is no gate."""
    with pytest.raises(ValidationError):
        policy(*rules)


@pytest.mark.parametrize("key", ["no_champion", "review", "metric", "rules"])
def test_what_must_be_explicit_has_no_default(key):
    """What happens to a first model, who reviews, what is measured: somebody must have written it."""
    given = {
        "metric": "log_loss",
        "no_champion": "review",
        "review": REVIEW,
        "rules": [{**PASSES, "description": "so"}],
    }
    GatePolicy.model_validate_json(json.dumps(given))
    del given[key]
    with pytest.raises(ValidationError, match=key):
        GatePolicy.model_validate_json(json.dumps(given))


def test_on_timeout_never_promotes():
    """The answer that nobody gave is reject, and cannot be configured otherwise."""
    assert policy(PASSES).review.on_timeout == "reject"
    with pytest.raises(ValidationError):
        policy(PASSES, review={**REVIEW, "on_timeout": "approve"})


def test_the_hash_is_of_the_meaning():
    """Writing a default out changes nothing; any change of meaning, also of the words for people, does."""
    assert policy(PASSES).hash == policy({**PASSES, "on_fail": "block"}, confidence=0.95).hash
    assert (
        len({policy(PASSES).hash, policy(PASSES, confidence=0.9).hash, policy({**PASSES, "description": "else"}).hash})
        == 3
    )


@pytest.mark.parametrize(
    ("rule", "task", "found"),
    [
        ({"rule": "metric_bound", "metric": "roc_auc", "min": 0.6}, "regression", "roc_auc"),
        ({"rule": "calibration", "max_gap": 1, "max_ece": 1}, "regression", "ece"),
        ({"rule": "better_than_champion", "metric": "rmse"}, "classification", "rmse"),
    ],
)
def test_a_metric_of_the_other_task_is_refused(rule, task, found):
    """The error names the rule, what was found and which metrics the task has."""
    main = {"regression": "mae", "classification": "log_loss"}[task]
    with pytest.raises(ConfigurationError) as error:
        check_policy(policy(PASSES, rule, metric=main), task)
    for part in (f"rules.1 ({rule['rule']})", repr(found), main, "risk owner"):
        assert part in str(error.value)


def test_a_policy_of_the_right_task_is_accepted():
    """The gap of mean prediction and mean outcome is defined for numbers too."""
    check_policy(policy({"rule": "calibration", "max_gap": 1}, metric="mae"), "regression")
    with pytest.raises(ConfigurationError, match=r"gate.yaml: metric: .*'log_loss'"):
        check_policy(policy(PASSES), "regression")


@pytest.mark.parametrize("name", RULES)
def test_every_rule_is_documented_with_its_keys(name):
    """docs/reference/gate.md has an entry a rule that names each of its own keys and what makes it INCONCLUSIVE."""
    text = DOCS.read_text(encoding="utf-8")
    assert f"\n### `{name}`\n" in text, f"docs/reference/gate.md has no entry for {name}"
    entry = text.split(f"\n### `{name}`\n")[1].split("\n### ")[0].split("\n## ")[0]
    shared = {"rule", "description", "on_fail", "mode", "of_class"}
    missing = [key for key in RULES[name].model_fields if key not in shared and f"`{key}`" not in entry]
    assert not missing, f"docs/reference/gate.md: the entry for {name} does not explain {missing}"
    assert "INCONCLUSIVE" in entry


@pytest.mark.parametrize("key", GatePolicy.model_fields)
def test_every_key_of_the_policy_is_documented(key):
    """docs/reference/gate.md explains each key of gate.yaml."""
    assert f"`{key}`" in DOCS.read_text(encoding="utf-8")


def test_the_gate_of_the_guide_can_be_read():
    """The example in docs/how-to/write-a-gate.md is a policy for a classification."""
    guide = (DOCS.parents[1] / "how-to" / "write-a-gate.md").read_text(encoding="utf-8")
    example = yaml.safe_load(guide.partition("```yaml\n")[2].partition("```")[0])
    read = GatePolicy.model_validate_json(json.dumps(example))
    check_policy(read, "classification")
    assert [rule.rule for rule in read.rules] == ["enough_rows", "not_worse_than_champion", "slice_floor"]


@pytest.mark.parametrize(
    ("better", "given", "expected"),
    [
        ({}, {}, False),
        ({"mode": "dry_run"}, {}, True),
        ({"on_fail": "warn"}, {}, True),
        ({"mode": "off"}, {}, True),
        ({}, {"final_fit": True}, True),
        ({"mode": "dry_run"}, {"final_fit": False}, False),
    ],
)
def test_a_demand_for_more_than_the_champion_leaves_the_final_fit_out(better, given, expected):
    """A twin equal to the champion could never pass such a rule; the key itself always decides."""
    rule = {"rule": "better_than_champion", "metric": "log_loss", "margin": 0.0, **better}
    assert policy(PASSES, rule, **given).fits_on_all_rows is expected


def test_there_is_a_final_fit_by_default():
    """Without a rule that demands more than the champion the version that serves is fitted on all rows."""
    assert policy(PASSES).fits_on_all_rows
