"""The gate tests itself: before each decision it judges mutants made from the evidence at hand, whose answer is known.

What is known of a mutant is known by its making (a copy is not better, turned-round predictions are not good) or by
metrics on all rows with a second statement of which way each metric points. It is never read from the intervals and
comparisons that are being tested. A wrong outcome makes the verdict REVIEW: neither a PROMOTE nor a BLOCK of a gate
that misjudges can be trusted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from gatehouse.core.gate.rules.base import Rule
from gatehouse.core.gate.rules.metrics_context import MetricsContext
from gatehouse.core.gate.self_test.mutants import Mutant, mutants
from gatehouse.core.types import RuleOutcome, RuleResult, Verdict
from gatehouse.formatting import join_names

if TYPE_CHECKING:
    from gatehouse.core.config.gate import GatePolicy
    from gatehouse.core.gate.evidence import Evidence

SELF_TEST = "self_test"
_MOST_RESAMPLES = 400
VerdictFn = Callable[[Sequence[tuple[Rule, RuleResult]]], Verdict]


def self_test(evidence: Evidence, policy: GatePolicy, seed: int, verdict: VerdictFn) -> RuleResult | None:
    """The result of judging all mutants; None when the policy wants none. `verdict` is the gate's way from the results
    of some rules to a verdict: a rule that rightly does not pass must also stop a promotion."""
    if policy.self_test == 0:
        return None
    coarse = policy.model_copy(update={"resamples": min(policy.resamples, _MOST_RESAMPLES)})
    found = [mutant for mutant in _all_mutants(evidence, coarse, seed) if mutant.not_pass or mutant.not_fail]
    wrong = [mistake for mutant in found for mistake in _mistakes(mutant, coarse, seed, verdict)]
    if wrong:
        sentence = (
            f"the gate judges a mutant of this evidence wrongly, so that a person must decide: {join_names(wrong, 3)}"
        )
        return RuleResult(SELF_TEST, RuleOutcome.FAIL, sentence, on_fail="review")
    if not found:
        sentence = "no mutant of this evidence tests a rule of this policy"
        return RuleResult(SELF_TEST, RuleOutcome.WARN, sentence, on_fail="warn")
    names = join_names([mutant.name for mutant in found], most=20)
    sentence = f"the gate judged {len(found)} mutants of this evidence as it must: {names}"
    return RuleResult(SELF_TEST, RuleOutcome.PASS, sentence, on_fail="review")


def _all_mutants(evidence: Evidence, policy: GatePolicy, seed: int) -> Iterator[Mutant]:
    """The mutants of the evidence; for rules that ask of one class those of this class against the rest."""
    named = dict.fromkeys(rule.of_class for rule in policy.rules if rule.of_class in evidence.holdout.classes)
    whole = tuple(rule for rule in policy.rules if rule.of_class is None)
    yield from mutants(evidence, policy.model_copy(update={"rules": whole}), seed)
    for name in named:
        mine = tuple(rule.model_copy(update={"of_class": None}) for rule in policy.rules if rule.of_class == name)
        turned = policy.model_copy(update={"rules": mine})
        for mutant in mutants(evidence.against_rest(str(name)), turned, seed):
            yield replace(mutant, name=f"{mutant.name} of {name}")


def _mistakes(mutant: Mutant, policy: GatePolicy, seed: int, verdict: VerdictFn) -> Iterator[str]:
    measures = MetricsContext(mutant.evidence, policy, seed)
    for rule in mutant.not_fail:
        for result in rule.judge(measures):
            if result.outcome is RuleOutcome.FAIL:
                yield f"{mutant.name}: {result.rule} is FAIL"
    stopping: list[tuple[Rule, RuleResult]] = []
    for rule in mutant.not_pass:
        results = rule.judge(measures)
        if all(result.outcome in (RuleOutcome.PASS, RuleOutcome.WARN) for result in results):
            yield f"{mutant.name}: {rule.rule} is PASS"
        elif rule.mode == "enforce" and rule.on_fail != "warn":
            stopping += [(rule, result) for result in results]
    if stopping and verdict(stopping) is Verdict.PROMOTE:
        yield f"{mutant.name}: the verdict is PROMOTE"
