"""What a changed limit would have decided: the same as deciding again under the changed policy."""

from __future__ import annotations

import pytest

from gatehouse.core.gate.decide import decide
from gatehouse.core.gate.limit_change import Limit, changed_policy, limits_of, verdict_with
from gatehouse.core.types import Verdict
from gatehouse.errors import ConfigurationError
from support.evidence_maker import SHA, decided, evidence, holdout, policy

MARGIN = {"rule": "not_worse_than_champion", "metric": "log_loss", "margin": 0.5}
BOUNDS = [
    {"rule": "metric_bound", "metric": "roc_auc", "min": 0.5},
    {"rule": "metric_bound", "metric": "log_loss", "max": 9.0},
]


def limit(key: str, *rules: dict) -> Limit:
    """The limit of that key in a policy of these rules."""
    return next(each for each in limits_of(policy(*rules)) if each.key == key)


@pytest.mark.parametrize("value", [0.5, 0.05, 0.0])
def test_a_changed_limit_decides_as_the_changed_policy(value: float) -> None:
    """Only one rule is judged again, and the verdict is that of a whole decision under the other policy."""
    rows, rules = holdout(0.9, 0.1), [MARGIN, *BOUNDS]
    decision, found = decided(*rules, rows=rows), evidence(rows)
    changed = verdict_with(decision, found, policy(*rules), limit("margin", *rules), value)
    whole = decide(found, policy({**MARGIN, "margin": value}, *BOUNDS), SHA)
    assert (changed.verdict, changed.was) == (whole.verdict, 0.5)
    assert changed.flips == (whole.verdict is not decision.verdict)
    assert {result.rule: result for _, result in changed.changed}.items() <= {r.rule: r for r in whole.results}.items()


def test_the_right_one_of_several_rules_of_a_kind_changes() -> None:
    """Two bounds differ in their metric; the changed one blocks, and the record says from what to what."""
    rules = [MARGIN, *BOUNDS]
    decision = decided(*rules)
    changed = verdict_with(decision, evidence(), policy(*rules), limit("min", *rules), 0.999)
    assert changed.verdict is Verdict.BLOCK
    assert [(before.rule, str(before.outcome), str(after.outcome)) for before, after in changed.changed] == [
        ("metric_bound(roc_auc min)", "PASS", "FAIL")
    ]


def test_a_policy_without_the_rule_decides_as_before() -> None:
    """An older policy that has no such rule gives its own verdict, and says that it has none."""
    decision = decided(MARGIN)
    changed = verdict_with(decision, evidence(), policy(MARGIN), limit("min", *BOUNDS), 0.999)
    assert (changed.verdict, changed.was, changed.changed) == (decision.verdict, None, ())


def test_what_the_rule_does_not_take_is_named() -> None:
    """A negative margin is refused with the rule's own words."""
    with pytest.raises(ConfigurationError, match="greater than or equal to 0"):
        changed_policy(policy(MARGIN), 0, "margin", -1.0)


@pytest.mark.parametrize("first", ["enforce", "dry_run"])
@pytest.mark.parametrize("which", [0, 1])
def test_of_one_rule_twice_only_the_chosen_one_changes(first: str, which: int) -> None:
    """A policy may have one rule twice, once only to warn. Either limit decides as the policy with that limit changed."""
    rows = holdout(0.9, 0.1)
    rules = [{**MARGIN, "margin": 0.6, "mode": first}, {**MARGIN, "margin": 0.5}, *BOUNDS]
    decision, found = decided(*rules, rows=rows), evidence(rows)
    chosen = [each for each in limits_of(policy(*rules)) if each.key == "margin"][which]
    changed = verdict_with(decision, found, policy(*rules), chosen, 0.0)
    whole = decide(
        found, policy(*(({**rule, "margin": 0.0} if n == which else rule) for n, rule in enumerate(rules))), SHA
    )
    assert (changed.verdict, changed.was) == (whole.verdict, rules[which]["margin"])
    assert [result.outcome for result in decision.results] != [result.outcome for result in whole.results]
    assert len(changed.changed) == 1
