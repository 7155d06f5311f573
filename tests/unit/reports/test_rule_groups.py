"""What decided a decision comes first; what passed is folded by group under the risk owner's sentence."""

from __future__ import annotations

from dataclasses import replace

from gatehouse.core.audit.canonical_json import canonical
from gatehouse.core.gate.explain import HOPELESS, explain, plain_sentence, plain_verdict
from gatehouse.core.gate.rules.registry import registered
from gatehouse.core.types import Decision, RuleOutcome, RuleResult, Verdict
from gatehouse.reports.decision import decision_values
from gatehouse.reports.rule_groups import OTHER, group_of, rule_lines

PASS, HOLD, FAIL = RuleOutcome.PASS, RuleOutcome.INCONCLUSIVE, RuleOutcome.FAIL
POLICY = canonical({"rules": [
    {"rule": "metric_bound", "metric": "log_loss", "description": "The log loss is low."},
    {"rule": "metric_bound", "metric": "roc_auc", "description": "It ranks well."},
    {"rule": "lineage_intact", "description": "Every file is what the ledger says."},
    {"rule": "not_worse_than_champion", "metric": "log_loss", "description": "It is no worse."},
]})  # fmt: skip


def decision(*results: RuleResult, verdict: Verdict = Verdict.HOLD) -> Decision:
    """A decision with these results."""
    sentence = f"{verdict}: {results[0].sentence}"
    return Decision("d", "rides", 2, verdict, sentence, results, "e" * 64, "p" * 64, 1, 1)


def waiting(rows: int, missing: int) -> RuleResult:
    """A comparison that needs `missing` more rows."""
    sentence = f"0.001 worse on {rows:,} rows; about {missing:,} further matured rows would settle it at this value"
    return RuleResult(
        "not_worse_than_champion(log_loss)", HOLD, sentence, 0.001, 0.001, -0.1, 0.1, rows, missing, "block"
    )


def test_every_rule_has_a_group() -> None:
    """A rule that is added to the gate is given its place on the page."""
    ours = [name for name, rule in registered().items() if rule.__module__.startswith("gatehouse.")]
    assert ours
    assert [name for name in ours if group_of(name) == OTHER] == []


def test_what_decided_comes_first_and_what_passed_is_folded() -> None:
    """The order is: deciding, other failures, and the passes by group, each with its sentence from the policy."""
    found = decision(
        waiting(900, 5000),
        RuleResult("lineage_intact", PASS, "whole", on_fail="block"),
        RuleResult("metric_bound(roc_auc)", PASS, "fine", on_fail="block"),
        RuleResult("metric_bound(log_loss)", FAIL, "too high", on_fail="dry_run"),
    )
    read, passed = rule_lines(found, POLICY)
    assert [(line.title, line.decides) for line in read] == [("It is no worse.", True), ("The log loss is low.", False)]
    assert {group: [line.title for line in lines] for group, lines in passed.items()} == {
        "Data": ["Every file is what the ledger says."],
        "Quality": ["It ranks well."],
    }


def test_a_rule_that_stands_twice_decides_once_under_its_own_sentence() -> None:
    """Of one rule with two limits, once only to warn, each result has its own title, and the one that blocks decides."""
    rules = [
        {
            "rule": "better_than_champion",
            "metric": "log_loss",
            "margin": 0,
            "mode": "dry_run",
            "description": "It is better.",
        },
        {"rule": "better_than_champion", "metric": "log_loss", "margin": 1, "description": "It is far better."},
    ]
    name = "better_than_champion(log_loss)"
    found = decision(
        RuleResult(name, RuleOutcome.WARN, "demanded: more than 0", 0.0, 0.0, on_fail="dry_run"),
        RuleResult(name, FAIL, "demanded: more than 1", 0.0, 1.0, on_fail="block"),
        verdict=Verdict.BLOCK,
    )
    read, passed = rule_lines(found, canonical({"rules": rules}))
    assert [(line.title, line.decides) for line in read] == [("It is far better.", True), ("It is better.", False)]
    assert passed == {}


def test_every_comparison_has_one_sign() -> None:
    """0.01 worse reads -0.01 in whatever rule it stands, its interval and limit with it; the sentence stays."""
    rules = [
        {"rule": "not_worse_than_champion", "metric": "log_loss"},
        {"rule": "better_than_champion", "metric": "log_loss"},
    ]
    found = decision(
        RuleResult("not_worse_than_champion(log_loss)", FAIL, "0.01 worse", 0.01, 0.002, 0.005, 0.02, on_fail="block"),
        RuleResult("better_than_champion(log_loss)", FAIL, "0.01 worse", -0.01, 0.0, -0.02, -0.005, on_fail="block"),
        verdict=Verdict.BLOCK,
    )
    numbers = [
        (line.result.value, line.result.limit, line.result.low, line.result.high)
        for line in rule_lines(found, canonical({"rules": rules}))[0]
    ]
    assert numbers == [(-0.01, -0.002, -0.02, -0.005), (-0.01, 0.0, -0.02, -0.005)]


def test_a_rule_that_only_warns_names_no_rows() -> None:
    """More data is named where it could decide; a warning decides nothing."""
    warns = replace(waiting(30_000, 60_000), on_fail="warn")
    assert plain_sentence(warns) == "0.001 worse on 30,000 rows"


def test_rows_that_nobody_waits_for_are_not_named() -> None:
    """A number of rows is told where it could come in time; a hopeless one is told as that, in every place."""
    sensible, hopeless = decision(waiting(30_000, 60_000)), decision(waiting(30_000, 6_900_000_000))
    assert "60,000" in plain_verdict(sensible)
    assert "60,000" in str(explain(sensible))
    assert "6,900,000,000" not in str(explain(hopeless))
    assert HOPELESS in str(explain(hopeless))
    values = decision_values(hopeless, None, POLICY)
    assert "6,900,000,000" not in f"{values['told']}{values['read']}{values['explanation']}".replace(
        hopeless.results[0].sentence, ""
    )
