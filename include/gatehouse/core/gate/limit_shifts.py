"""How little would change one result: the limit at which its outcome turns, and the move of the value equal to it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING

from gatehouse.core.types import RuleOutcome, RuleResult

if TYPE_CHECKING:
    from collections.abc import Iterable

AT_MOST, AT_LEAST, MORE_THAN = "at most", "at least", "more than"


@dataclass(frozen=True)
class LimitShift:
    """The smallest change of one result, whose limit is `was`, that gives it another `outcome`.

    Either the limit becomes `limit` (the nearest number beyond it, if `beyond`), or value and interval move by `by`,
    in units of the value; that is `errors` standard errors (None for a value judged as measured).
    """

    rule: str
    outcome: RuleOutcome
    limit: float
    beyond: bool
    by: float
    errors: float | None
    was: float

    def applied(self, result: RuleResult) -> RuleResult:
        """The result with the limit of this step, judged by it. A warning stays: it decides nothing."""
        if (result.rule, result.limit) != (self.rule, self.was) or result.outcome is RuleOutcome.WARN:
            return result
        limit = math.nextafter(self.limit, _outwards(result, self)) if self.beyond else self.limit
        return decided_results(replace(result, limit=limit))


def decided_results(result: RuleResult) -> RuleResult:
    """The result with the outcome that its numbers give; as it is where it has none, or where they do not decide."""
    numbers = _turned(result)
    if numbers is None:
        return result
    low, high, limit, strict = numbers
    passed, failed = (high < limit, low >= limit) if strict else (high <= limit, low > limit)
    return replace(
        result, outcome=RuleOutcome.PASS if passed else RuleOutcome.FAIL if failed else RuleOutcome.INCONCLUSIVE
    )


def decided_by_numbers(result: RuleResult) -> bool:
    """Whether value, interval and limit alone gave the outcome: not so with too few rows, or what was not measured."""
    return _turned(result) is not None and decided_results(result).outcome is result.outcome


def shift_to_outcome(result: RuleResult, outcomes: Iterable[RuleOutcome], confidence: float) -> LimitShift | None:
    """The smallest step from the result's outcome to one of `outcomes`; None when no limit leads there."""
    if not decided_by_numbers(result):
        return None
    found = [step for wanted in outcomes if (step := _step(result, wanted, confidence)) is not None]
    return min(found, key=lambda step: (abs(step.by), step.beyond), default=None)


def standard_error(result: RuleResult, confidence: float) -> float | None:
    """As recorded, or read back from the width of an interval of that confidence; None without one."""
    if result.standard_error is not None:
        return result.standard_error
    if result.low is None or result.high is None:
        return None
    return (result.high - result.low) / 2 / NormalDist().inv_cdf((1 + confidence) / 2)


def limit_side(result: RuleResult) -> str:
    """On which side of the limit the value has to be; "" where neither the record nor its outcome tells."""
    if result.bound or result.value is None or result.limit is None:
        return result.bound
    low, high = _ends(result)
    if result.rule.startswith("better_than_champion"):
        return MORE_THAN
    if result.outcome is RuleOutcome.PASS:
        return AT_MOST if high <= result.limit else AT_LEAST
    if result.outcome in (RuleOutcome.FAIL, RuleOutcome.WARN) and not low <= result.limit <= high:
        return AT_MOST if low > result.limit else AT_LEAST
    return ""


def _step(result: RuleResult, wanted: RuleOutcome, confidence: float) -> LimitShift | None:
    """Raising a limit passes, lowering it fails, in the orientation in which values have to be at most the limit."""
    numbers = _turned(result)
    if numbers is None or result.limit is None or wanted is result.outcome:
        return None
    low, high, now, strict = numbers
    order = (RuleOutcome.FAIL, RuleOutcome.INCONCLUSIVE, RuleOutcome.PASS)
    easier = order.index(wanted) > order.index(result.outcome)
    if wanted is RuleOutcome.INCONCLUSIVE and low == high:
        return None
    if easier:
        at, beyond = (high if wanted is RuleOutcome.PASS else low), strict
    else:
        at, beyond = (low if wanted is RuleOutcome.FAIL else high), not strict
    sign = 1.0 if limit_side(result) == AT_MOST else -1.0
    error = standard_error(result, confidence)
    by = sign * (now - at)
    return LimitShift(
        result.rule, wanted, sign * at + 0.0, beyond, by, abs(by) / error if error else None, result.limit
    )


def _outwards(result: RuleResult, step: LimitShift) -> float:
    """The direction beyond: a limit that has to be passed more easily rises where values have to be below it."""
    order = (RuleOutcome.FAIL, RuleOutcome.INCONCLUSIVE, RuleOutcome.PASS)
    easier = order.index(step.outcome) > order.index(result.outcome)
    return math.inf if easier == (limit_side(result) == AT_MOST) else -math.inf


def _turned(result: RuleResult) -> tuple[float, float, float, bool] | None:
    """low, high, limit so that the value has to be below the limit, and whether strictly."""
    where = limit_side(result)
    if result.value is None or result.limit is None or not where:
        return None
    low, high = _ends(result)
    if where == AT_MOST:
        return low, high, result.limit, False
    return -high, -low, -result.limit, where == MORE_THAN


def _ends(result: RuleResult) -> tuple[float, float]:
    value = result.value if result.value is not None else math.nan
    return (result.low if result.low is not None else value, result.high if result.high is not None else value)
