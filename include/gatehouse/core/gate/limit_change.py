"""What a decision would have been with one limit of its policy changed: a pure function of evidence and policy.

Only the changed rule is judged again; every other result stays as it is on record. So the answer takes a fraction of the
time of a whole replay, and is the same where no other rule reads the limit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from gatehouse.core.config.gate import GatePolicy
from gatehouse.core.gate.decide import judge_rule, verdict_of
from gatehouse.core.gate.rules.metrics_context import MetricsContext
from gatehouse.errors import ConfigurationError

if TYPE_CHECKING:
    from gatehouse.core.gate.evidence import Evidence
    from gatehouse.core.gate.rules.base import Rule
    from gatehouse.core.types import Decision, RuleResult, Verdict

SAME = (
    "rule",
    "metric",
    "column",
    "feature",
    "function",
    "file",
    "of_class",
)  # what makes two rules the same requirement


@dataclass(frozen=True)
class Limit:
    """One number of one rule: the rule's place in the policy, the key, the number and the risk owner's sentence. `repeat`
    counts the rules before it that are the same requirement: a policy may demand more of one only to warn."""

    position: int
    key: str
    value: float
    rule: str
    about: str
    title: str
    repeat: int = 0

    @property
    def name(self) -> str:
        """How an address names it."""
        return f"{self.position}.{self.key}"


@dataclass(frozen=True)
class ChangedVerdict:
    """A decision, its verdict with the changed limit, and the results that changed (before, after). `was` is the limit
    that its policy had; None where that policy has no such rule, and nothing changes."""

    decision: Decision
    verdict: Verdict
    was: float | None
    changed: tuple[tuple[RuleResult, RuleResult], ...] = ()

    @property
    def flips(self) -> bool:
        return self.verdict is not self.decision.verdict


def limits_of(policy: GatePolicy) -> list[Limit]:
    """Every number of every rule that judges."""
    found: list[Limit] = []
    for position, rule in enumerate(policy.rules):
        name, about = _identity(rule)
        repeat = [_identity(each) for each in policy.rules[:position]].count((name, about))
        found += [
            Limit(position, key, float(value), name, about, rule.description, repeat)
            for key, value in rule.model_dump(mode="json").items()
            if rule.mode != "off" and isinstance(value, int | float) and not isinstance(value, bool)
        ]
    return found


def changed_policy(policy: GatePolicy, position: int, key: str, value: float) -> GatePolicy:
    """The policy with one number changed; ConfigurationError when the rule does not take it."""
    document = policy.model_dump(mode="json")
    known = document["rules"][position][key]
    document["rules"][position][key] = int(value) if isinstance(known, int) and value == int(value) else value
    try:
        return GatePolicy.model_validate_json(json.dumps(document))
    except ValidationError as error:
        told = "; ".join(each["msg"] for each in error.errors()[:3])
        raise ConfigurationError(
            "the rule does not take this limit", where=f"rules.{position}.{key}", found=f"{value:g}", allowed=told
        ) from None


def verdict_with(
    decision: Decision, evidence: Evidence, archived: GatePolicy, limit: Limit, value: float
) -> ChangedVerdict:
    """What the decision would have been under its own policy with the limit at `value`."""
    alike = [at for at, rule in enumerate(archived.rules) if _identity(rule) == (limit.rule, limit.about)]
    if len(alike) <= limit.repeat:
        return ChangedVerdict(decision, decision.verdict, None)
    position = alike[limit.repeat]
    was = archived.rules[position].model_dump(mode="json").get(limit.key)
    policy = changed_policy(archived, position, limit.key, value)
    rule = policy.rules[position]
    if rule.mode == "off" or (rule.compares and evidence.champion is None):
        return ChangedVerdict(decision, decision.verdict, was)
    seed = int(decision.evidence[:16], 16)
    again = {_today(archived, each.rule): each for each in judge_rule(rule, MetricsContext(evidence, policy, seed))}
    results = [again.get(result.rule, result) for result in decision.results]
    if len(alike) > 1:  # another rule may have a result of the same name: only those of this rule change
        own = {_text(each) for each in judge_rule(archived.rules[position], MetricsContext(evidence, archived, seed))}
        pairs = zip(decision.results, results, strict=True)
        results = [after if _text(before) in own else before for before, after in pairs]
    return ChangedVerdict(decision, verdict_of(results), was, _differing(decision.results, results))


def _text(result: RuleResult) -> tuple[str, str]:
    """What tells the results of two rules of one kind apart, as it is on record."""
    return result.sentence, result.on_fail


def _identity(rule: Rule) -> tuple[str, str]:
    values = rule.model_dump(mode="json")
    return rule.rule, next((str(values[key]) for key in SAME[1:] if values.get(key)), "")


def _today(policy: GatePolicy, name: str) -> str:
    """The name that results of an archived policy have on record."""
    names: Mapping[str, str] = policy.result_names
    rule, bracket, subject = name.partition("(")
    return f"{names.get(rule, rule)}{bracket}{subject}"


def _differing(before: Sequence[Any], after: Sequence[Any]) -> tuple[tuple[Any, Any], ...]:
    pairs = zip(before, after, strict=True)
    return tuple((one, other) for one, other in pairs if (one.outcome, one.limit) != (other.outcome, other.limit))
