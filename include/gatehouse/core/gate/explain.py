"""Why a decision came out as it did: what decided it, how far from the limit, and what would change it."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from gatehouse.core.audit.canonical_json import finite
from gatehouse.core.gate.alpha_spending import SPENT
from gatehouse.core.gate.counterfactuals import VerdictChange, smallest_verdict_changes
from gatehouse.core.gate.decide import OVERRULE, verdict_for, verdict_of
from gatehouse.core.gate.limit_shifts import standard_error
from gatehouse.core.gate.self_test import SELF_TEST
from gatehouse.core.types import Decision, RuleOutcome, RuleResult, Verdict
from gatehouse.formatting import approximate_count, number

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_TIMES = 100  # times the rows judged: eight years of months, where a month was judged
HOPELESS = "more rows would hardly settle it: the value lies at its limit"
_ROWS = re.compile(r"; about [\d,]+ further matured rows would settle it at this value")


@dataclass(frozen=True)
class DistanceToLimit:
    """How far one result was from its limit.

    `units` is value - limit in units of the measured value, `standard_errors` the same in standard errors, `rows` how
    many further matured rows would settle it; None where there is none.
    """

    rule: str
    outcome: RuleOutcome
    sentence: str
    units: float | None
    standard_errors: float | None
    rows: int | None
    change: str


@dataclass(frozen=True)
class Explanation:
    """What `gatehouse decision explain` tells: `str()` of it is what people read, `document()` its plain values.

    `deciding` holds every result that asked for the verdict (each alone would have sufficed, and all of them must change
    for a less grave one); for PROMOTE, which all results carry together, it holds the one that came nearest to its
    limit. `flips` holds changes that give another verdict, the smallest first. `spent` says what this look at the
    champion spent of its error ("" when nothing was compared).
    """

    verdict: Verdict
    sentence: str
    deciding: tuple[DistanceToLimit, ...]
    change: str
    flips: tuple[VerdictChange, ...] = ()
    spent: str = ""

    def document(self) -> dict[str, Any]:
        """The explanation as plain values."""
        return asdict(self)

    def __str__(self) -> str:
        blocks = [f"{one.rule}: {one.outcome}\n  {one.sentence}\n  {_how_far(one)}" for one in self.deciding]
        smallest = [f"the smallest change that flips it: {self.flips[0]}"] if self.flips else []
        return "\n".join([self.sentence, *blocks, self.change, *smallest, *([self.spent] if self.spent else [])])


def explain(decision: Decision, confidence: float = 0.95) -> Explanation:
    """Explain a decision from its record alone; `confidence` is that of its policy's intervals, which records of before
    standard errors were recorded need."""
    found = smallest_verdict_changes(decision, confidence)
    spent = next((result.sentence for result in decision.results if result.rule == SPENT), "")
    if decision.verdict is Verdict.PROMOTE:
        measured = [_distance(r, confidence) for r in decision.results if r.on_fail in ("block", "review")]
        sure = [one for one in measured if one.standard_errors is not None]
        nearest = sorted(sure, key=lambda one: abs(one.standard_errors or 0.0))[:1]
        first = _first_to_break(nearest)
        return Explanation(decision.verdict, plain_verdict(decision), tuple(nearest), first, found, spent)
    overruling = [r for r in decision.results if r.rule in OVERRULE and r.outcome is RuleOutcome.FAIL]
    deciding = overruling or [result for result in decision.results if verdict_for(result) is decision.verdict]
    others = [result for result in decision.results if result not in deciding]
    distances = tuple(_distance(result, confidence) for result in deciding)
    otherwise = _otherwise(decision.verdict, distances, others)
    return Explanation(decision.verdict, plain_verdict(decision), distances, otherwise, found, spent)


def plain_sentence(result: RuleResult) -> str:
    """A result's sentence for readers: one that names more rows than anybody waits for says just that, and the list of
    mutants that the gate judged as it must stays in the record. A rule that only warns decides nothing, so it names none."""
    if result.on_fail == "warn":
        return _ROWS.sub("", result.sentence)
    if result.rule == SELF_TEST and result.outcome is RuleOutcome.PASS:
        return result.sentence.partition(":")[0]
    return _ROWS.sub(f"; {HOPELESS}", result.sentence) if _hopeless(result) else result.sentence


def plain_verdict(decision: Decision) -> str:
    """A decision's sentence for readers."""
    sentence = decision.sentence
    for result in decision.results:
        sentence = sentence.replace(result.sentence, plain_sentence(result)) if result.sentence else sentence
    return sentence


def _hopeless(result: RuleResult) -> bool:
    """Whether the rows that would settle a result are so many that waiting for them decides nothing."""
    return result.missing_rows is not None and result.missing_rows > MOST_TIMES * max(result.rows, 1000)


def _distance(result: RuleResult, confidence: float) -> DistanceToLimit:
    units = None if result.value is None or result.limit is None else result.value - result.limit
    error = standard_error(result, confidence)
    return DistanceToLimit(
        rule=result.rule,
        outcome=result.outcome,
        sentence=plain_sentence(result),
        units=units,
        standard_errors=finite(units / error) if units is not None and error else None,
        rows=result.missing_rows,
        change=_change(result, units),
    )


def _change(result: RuleResult, units: float | None) -> str:
    """What would make this one result pass."""
    if result.outcome is RuleOutcome.INCONCLUSIVE:
        if result.missing_rows is not None and not _hopeless(result):
            return f"{approximate_count(result.missing_rows)} further matured rows would settle it at the present value"
        if result.missing_rows is not None:
            return HOPELESS
        return "more rows would not settle it" if units is not None else "it must first be possible to measure it"
    if result.outcome is RuleOutcome.PASS or not units or result.value is None or result.limit is None:
        return ""
    too_high = units > 0
    far, near = (result.high, result.low) if too_high else (result.low, result.high)
    needed = far if far is not None else result.value
    way = "lower" if too_high else "higher"
    change = f"it would pass with a value {number(abs(needed - result.limit))} {way}"
    if not needed < 0 <= result.limit:  # margins are not negative
        change += f", or a limit of {number(needed)}"
    if near is not None and near != needed:
        change += f"; {number(abs(near - result.limit))} {way} it would be inconclusive"
    return change


def _how_far(one: DistanceToLimit) -> str:
    parts = []
    if one.units is not None:
        errors = f" ({abs(one.standard_errors):.1f} standard errors)" if one.standard_errors is not None else ""
        side = "above" if one.units > 0 else "below"
        parts.append(f"{number(abs(one.units))} {side} the limit{errors}" if one.units else "exactly at the limit")
    return "; ".join([*parts, one.change] if one.change else parts) or "there is no number to compare"


def _otherwise(verdict: Verdict, deciding: tuple[DistanceToLimit, ...], others: Iterable[RuleResult]) -> str:
    """What the verdict would be without the deciding results."""
    then = verdict_of(others)
    if verdict is Verdict.REVIEW:
        return "a person decides: approving promotes it, rejecting or no answer does not"
    if not deciding:
        return f"no single result decided it; all of them together say {verdict}"
    which = "this one" if len(deciding) == 1 else f"these {len(deciding)}"
    return f"with {which} passed and all else as it is, the verdict would be {then}"


def _first_to_break(nearest: list[DistanceToLimit]) -> str:
    if not nearest:
        return "every enforced rule passed; none of them rests on an interval"
    return f"every enforced rule passed; {nearest[0].rule} came nearest to its limit"
