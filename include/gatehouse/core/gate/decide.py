"""The gate: a decision as a pure function of evidence and policy."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from gatehouse.core.audit.canonical_json import digest
from gatehouse.core.gate.archived_names import from_archived, to_archived
from gatehouse.core.gate.new_types import judge_new_types
from gatehouse.core.gate.re_decision import JUDGED_AGAIN, compare_with_earlier
from gatehouse.core.gate.rules.metrics_context import MetricsContext
from gatehouse.core.gate.self_test import SELF_TEST, self_test
from gatehouse.core.types import Decision, RuleOutcome, RuleResult, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gatehouse.core.config.gate import GatePolicy
    from gatehouse.core.gate.evidence import Evidence
    from gatehouse.core.gate.rules.base import Rule

NO_CHAMPION = "no_champion"
# Results that overrule all others when they fail: then neither a promotion nor a refusal is the gate's to decide.
OVERRULE = (SELF_TEST, JUDGED_AGAIN)
# Fields of a result that were added later: they stand in a document only where they say something.
_ADDED = {"standard_error": None, "bound": ""}


def decide(evidence: Evidence, policy: GatePolicy, evidence_sha256: str) -> Decision:
    """Judge every rule of the policy, in its order; the seed of the bootstrap is the evidence's own hash."""
    seed = int(evidence_sha256[:16], 16)
    measures = MetricsContext(evidence, policy, seed)
    results = (*_no_champion(policy, measures), *_judged(policy, measures), *_spent(policy, measures))
    unseen = judge_new_types(evidence, policy)
    results = (*results, unseen) if unseen is not None else results
    tested = self_test(evidence, policy, seed, _verdict_in_mode)
    results = (*results, tested) if tested is not None else results
    again = compare_with_earlier(evidence, verdict_of(results))
    results = (again, *results) if again is not None else results
    if policy.first_form:
        results = tuple(dataclasses.replace(result, standard_error=None, bound="") for result in results)
    results = tuple(_as_archived(result, policy.result_names) for result in results)
    verdict = verdict_of(results)
    return Decision(
        id=digest({"evidence": evidence_sha256, "policy": policy.hash}),
        use_case=evidence.use_case,
        version=evidence.version,
        verdict=verdict,
        sentence=_sentence(verdict, results, policy),
        results=results,
        evidence=evidence_sha256,
        policy=policy.hash,
        champion=evidence.champion,
        generation=evidence.generation,
    )


def verdict_of(results: Iterable[RuleResult]) -> Verdict:
    """The verdict that the results ask for; the gravest wins: BLOCK, HOLD, REVIEW, PROMOTE. REVIEW whatever the others
    say when the gate failed its own test, or when a decision that was made again comes out differently."""
    results = list(results)
    if any(_overrules(result) for result in results):
        return Verdict.REVIEW
    asked = {verdict_for(result) for result in results}
    gravest_first = (Verdict.BLOCK, Verdict.HOLD, Verdict.REVIEW)
    return next((verdict for verdict in gravest_first if verdict in asked), Verdict.PROMOTE)


def verdict_for(result: RuleResult) -> Verdict:
    """The verdict that one result asks for by itself. `warn` and `dry_run` ask for nothing but PROMOTE."""
    if result.on_fail not in ("block", "review"):
        return Verdict.PROMOTE
    if result.outcome is RuleOutcome.INCONCLUSIVE:
        return Verdict.HOLD
    if result.outcome is RuleOutcome.FAIL:
        return Verdict.BLOCK if result.on_fail == "block" else Verdict.REVIEW
    return Verdict.PROMOTE


def decision_document(decision: Decision) -> dict[str, Any]:
    """The decision as plain values, ready for canonical JSON."""
    results = [dataclasses.asdict(result) for result in decision.results]
    for result in results:
        for name in [name for name, nothing in _ADDED.items() if result[name] == nothing]:
            del result[name]
    return to_archived({**dataclasses.asdict(decision), "results": results})


def decision_from_document(document: Mapping[str, Any]) -> Decision:
    """The decision of a `decision_document`."""
    results = tuple(RuleResult.from_document(result) for result in document["results"])
    return Decision(**{**from_archived(document), "verdict": Verdict(document["verdict"]), "results": results})


def _no_champion(policy: GatePolicy, measures: MetricsContext) -> list[RuleResult]:
    """Without a champion nothing can be compared: the policy's explicit choice stands in for all comparisons."""
    if measures.has_champion:
        return []
    if policy.no_champion == "promote":
        sentence = "there is no champion yet; the policy promotes a first model that satisfies all other rules"
        return [RuleResult(NO_CHAMPION, RuleOutcome.PASS, sentence)]
    choice = "asks a person about a first model" if policy.no_champion == "review" else "blocks a first model"
    sentence = f"there is no champion yet; the policy {choice}"
    return [RuleResult(NO_CHAMPION, RuleOutcome.FAIL, sentence, on_fail=policy.no_champion)]


def _as_archived(result: RuleResult, names: Mapping[str, str]) -> RuleResult:
    """A result under the name that decisions by an archived policy gave it: they come out byte for byte."""
    rule, bracket, subject = result.rule.partition("(")
    return dataclasses.replace(result, rule=f"{names[rule]}{bracket}{subject}") if rule in names else result


def _judged(policy: GatePolicy, measures: MetricsContext) -> list[RuleResult]:
    applying = [rule for rule in policy.rules if rule.mode != "off" and (measures.has_champion or not rule.compares)]
    return [result for rule in applying for result in judge_rule(rule, measures)]


def judge_rule(rule: Rule, measures: MetricsContext) -> list[RuleResult]:
    """The results of one rule, as its mode and `on_fail` have it."""
    return [_in_mode(rule, result) for result in rule.judged(measures)]


def _spent(policy: GatePolicy, measures: MetricsContext) -> list[RuleResult]:
    """What this look at the champion spends of the error, when a rule compares with it."""
    if measures.look is None or not any(rule.spends and rule.mode != "off" for rule in policy.rules):
        return []
    return [measures.look.result(measures.evidence.champion)]


def _verdict_in_mode(results: Sequence[tuple[Rule, RuleResult]]) -> Verdict:
    return verdict_of(_in_mode(rule, result) for rule, result in results)


def _overrules(result: RuleResult) -> bool:
    return result.rule in OVERRULE and result.outcome is RuleOutcome.FAIL


def _in_mode(rule: Rule, result: RuleResult) -> RuleResult:
    """A FAIL of a rule that only warns is a WARN; a dry run says what it would have done."""
    if result.outcome is RuleOutcome.FAIL and rule.on_fail == "warn":
        result = dataclasses.replace(result, outcome=RuleOutcome.WARN)
    if rule.mode == "dry_run" and result.outcome in (RuleOutcome.FAIL, RuleOutcome.INCONCLUSIVE):
        would = verdict_for(dataclasses.replace(result, on_fail=rule.on_fail))
        result = dataclasses.replace(result, sentence=f"{result.sentence} (dry run; enforced it would ask for {would})")
    return result


def _sentence(verdict: Verdict, results: tuple[RuleResult, ...], policy: GatePolicy) -> str:
    """One sentence: the first result that asked for the verdict, and how many others did."""
    deciding = sorted((result for result in results if verdict_for(result) is verdict), key=lambda r: not _overrules(r))
    if verdict is not Verdict.PROMOTE:
        more = f" (and {len(deciding) - 1} more)" if len(deciding) > 1 else ""
        return f"{verdict}: {deciding[0].sentence}{more}"
    warned = [result for result in results if result.outcome is RuleOutcome.WARN]
    main = next((result for result in results if result.rule in _comparisons(policy)), results[0])
    noted = f"; {len(warned)} warnings" if len(warned) > 1 else "; 1 warning" if warned else ""
    return f"{verdict}: {main.sentence}{noted}"


def _comparisons(policy: GatePolicy) -> tuple[str, str]:
    """The results that speak for a promotion: the comparisons of the policy's main metric."""
    return f"better_than_champion({policy.metric})", f"not_worse_than_champion({policy.metric})"
