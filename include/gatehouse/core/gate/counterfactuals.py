"""The smallest changes that give a decision another verdict: which results would have to move, and by how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatehouse.core.audit.canonical_json import finite
from gatehouse.core.gate.decide import OVERRULE, verdict_for, verdict_of
from gatehouse.core.gate.limit_shifts import LimitShift, shift_to_outcome
from gatehouse.core.types import RuleOutcome, Verdict
from gatehouse.formatting import number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gatehouse.core.types import Decision, RuleResult

_LEAVING = {Verdict.HOLD: (RuleOutcome.PASS, RuleOutcome.FAIL)}


@dataclass(frozen=True)
class VerdictChange:
    """Results that change together, and the verdict that follows.

    `errors` is the largest of the moves in standard errors: moves that are all smaller than that, of whatever results
    that have a standard error, give the same verdict as before. None when one of the results has none.
    """

    verdict: Verdict
    steps: tuple[LimitShift, ...]

    @property
    def errors(self) -> float | None:
        errors = [step.errors for step in self.steps]
        return None if None in errors else max(error for error in errors if error is not None)

    def __str__(self) -> str:
        return f"{'; '.join(_told(step) for step in self.steps)}: then {self.verdict}"


def smallest_verdict_changes(decision: Decision, confidence: float) -> tuple[VerdictChange, ...]:
    """The changes that flip the verdict, the smallest first; none when a person has to decide whatever the numbers.

    Sizes are compared in standard errors. Changes of values that were judged as measured have none: they come last,
    those that are small compared with their limit first.
    """
    if any(result.rule in OVERRULE and result.outcome is RuleOutcome.FAIL for result in decision.results):
        return ()
    found: list[VerdictChange] = []
    for steps in _candidates(decision, confidence):
        verdict = verdict_of(apply_shifts(decision.results, steps))
        if verdict is not decision.verdict and steps not in [flip.steps for flip in found]:
            found.append(VerdictChange(verdict, steps))
    return tuple(sorted(found, key=_size))


def apply_shifts(results: Sequence[RuleResult], steps: Sequence[LimitShift]) -> list[RuleResult]:
    """The results after the steps."""
    by_result = {(step.rule, step.was): step for step in steps}
    return [by_result[key].applied(r) if (key := (r.rule, r.limit)) in by_result else r for r in results]


def _candidates(decision: Decision, confidence: float) -> Iterator[tuple[LimitShift, ...]]:
    """All results that asked for the verdict together; each result that asks for anything alone."""
    asking = [result for result in decision.results if result.on_fail in ("block", "review")]
    deciding = [result for result in asking if verdict_for(result) is decision.verdict]
    if decision.verdict is not Verdict.PROMOTE:
        for outcomes in (
            _LEAVING.get(decision.verdict, (RuleOutcome.INCONCLUSIVE, RuleOutcome.PASS)),
            (RuleOutcome.PASS,),
        ):
            steps = [shift_to_outcome(result, outcomes, confidence) for result in deciding]
            if deciding and None not in steps:
                yield tuple(step for step in steps if step is not None)
    for result in asking:
        for outcome in (RuleOutcome.PASS, RuleOutcome.INCONCLUSIVE, RuleOutcome.FAIL):
            step = shift_to_outcome(result, (outcome,), confidence)
            if step is not None:
                yield (step,)


def _size(flip: VerdictChange) -> tuple[bool, float, bool]:
    errors = flip.errors
    if errors is not None:
        return False, errors, flip.steps[0].beyond
    return True, max(abs(step.by) / (abs(step.limit) or 1.0) for step in flip.steps), flip.steps[0].beyond


def _told(step: LimitShift) -> str:
    way = "lower" if step.by < 0 else "higher"
    errors = f" ({step.errors:.2g} standard errors)" if finite(step.errors) is not None else ""
    limit = f"a limit {'beyond' if step.beyond else 'of'} {number(step.limit)}"
    return f"{step.rule} with a value {number(abs(step.by))} {way}{errors}, or {limit}"
