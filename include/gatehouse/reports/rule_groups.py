"""The results of a decision as a reader takes them in: what decided it first, then what else did not pass, the rest by group."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gatehouse.core.config.renamed_keys import GATE, archived_result_name
from gatehouse.core.gate.explain import explain, plain_sentence
from gatehouse.core.types import RuleOutcome
from gatehouse.reports.labels import WORST_FIRST

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gatehouse.core.types import Decision, RuleResult

GROUPS: Mapping[str, tuple[str, ...]] = {
    "Data": ("data_validated", "enough_rows", "enough_training_rows", "holdout_drift", "lineage_intact", "training_is_fresh"),
    "Model file": ("loads_in_clean_process", "model_size", "prediction_speed", "prediction_memory", "reproducible",
                   "signature_unchanged", "new_types"),
    "Behaviour": ("golden_set", "handles_unseen_values", "invariant", "monotone", "no_dominant_feature", "predictions_vary",
                  "python", "self_test"),
    "Quality": ("brier_decomposition", "calibration", "metric_bound", "parity", "slice_floor", "stable_over_time"),
    "Comparison": ("better_than_champion", "not_worse_than_champion", "slice_not_worse", "suspiciously_good", "no_champion",
                   "error_spent", "judged_again"),
}  # fmt: skip
# Comparisons whose results hold by how much the challenger is worse; the others hold by how much it is better.
WORSE_IS_POSITIVE = ("not_worse_than_champion", "slice_not_worse")
OTHER = "Other"  # results under names that this version does not know


@dataclass(frozen=True)
class RuleLine:
    """One result, with positive numbers in a comparison for a better challenger.

    `title` is the risk owner's sentence in `gate.yaml` (empty where the result has no rule there), `decides` whether the
    verdict rests on it."""

    result: RuleResult
    title: str
    group: str
    sentence: str
    decides: bool = False


def rule_lines(decision: Decision, policy: str) -> tuple[list[RuleLine], dict[str, list[RuleLine]]]:
    """The results to read (what decided, then the worst first), and those that passed and decided nothing, by group."""
    deciding = [(one.rule, one.outcome, one.sentence) for one in explain(decision).deciding]
    rules = [rule for rule in GATE.current(json.loads(policy)).get("rules", ()) if rule.get("mode") != "off"]
    names = [result.rule for result in decision.results]
    lines = [_line(each, rules, names[:at].count(each.rule), deciding) for at, each in enumerate(decision.results)]
    read = [line for line in lines if line.decides or line.result.outcome is not RuleOutcome.PASS]
    read.sort(key=lambda line: (not line.decides, WORST_FIRST.index(line.result.outcome)))
    passed = {name: [line for line in lines if line not in read and line.group == name] for name in (*GROUPS, OTHER)}
    return read, {name: found for name, found in passed.items() if found}


def group_of(rule: str) -> str:
    """The group of a rule or a result, by its name of today."""
    return next((group for group, names in GROUPS.items() if rule in names), OTHER)


def _line(
    result: RuleResult,
    rules: Sequence[Mapping[str, Any]],
    repeat: int,
    deciding: Sequence[tuple[str, RuleOutcome, str]],
) -> RuleLine:
    """The line of a result; `repeat` counts the results of its name before it, because a policy may have a rule twice."""
    name, _, subject = archived_result_name(result.rule).partition("(")
    subject = subject.removesuffix(")")
    of_kind = [rule for rule in rules if rule.get("rule") == name]
    about = [rule for rule in of_kind if subject and any(str(value) in subject for value in _subjects(rule))]
    known, sentence = about or of_kind or [{}], plain_sentence(result)
    found = known[min(repeat, len(known) - 1)]
    decides = (result.rule, result.outcome, sentence) in deciding
    if name in WORSE_IS_POSITIVE:
        result = _turned(result)
    return RuleLine(result, str(found.get("description", "")), group_of(name), sentence, decides)


def _turned(result: RuleResult) -> RuleResult:
    """A result with the signs of its numbers turned, and so the ends of its interval exchanged."""
    value, limit, low, high = (
        None if number is None else 0.0 - number for number in (result.value, result.limit, result.high, result.low)
    )
    return replace(result, value=value, limit=limit, low=low, high=high)


def _subjects(rule: Mapping[str, Any]) -> list[Any]:
    """What tells rules of one kind apart: the metric, column or slice that they name."""
    return [
        value for key, value in rule.items() if key in ("metric", "column", "feature", "function", "file") and value
    ]
