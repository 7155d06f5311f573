"""The error of a false promotion, spent over the life of a champion: a gate that is asked every week is not fooled.

Each decision against the same champion is one look. The looks' shares of the error add up to one, so by Bonferroni's
inequality the probability that ever a challenger passes that should not is at most the policy's error, however the
challengers depend on each other. Until the first false pass every look has told the same, "not better", so that
challengers which were chosen by what earlier looks told, on the same held-out rows, change nothing (Blum and Hardt
2015, "The Ladder"). Spending by looks: Lan and DeMets (1983), "Discrete Sequential Boundaries for Clinical Trials";
shares that never end: Foster and Stine (2008), "Alpha-investing". docs/adr/0008 says why not e-values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatehouse.core.types import RuleOutcome, RuleResult
from gatehouse.formatting import number

if TYPE_CHECKING:
    from gatehouse.core.config.gate import GatePolicy
    from gatehouse.core.gate.evidence import Evidence

SPENT = "error_spent"


@dataclass(frozen=True)
class InterimLook:
    """One look at a champion: the `number`th (from 1). `total` is the one-sided error of its life, `error` this look's."""

    number: int
    total: float
    half_by: int

    @property
    def error(self) -> float:
        return self.total * error_share(self.number, self.half_by)

    @property
    def left(self) -> float:
        """What later looks have, all together."""
        return self.total * self.half_by / (self.number + self.half_by)

    def result(self, champion: int | None) -> RuleResult:
        """What every report tells of it. It asks for nothing."""
        sentence = (
            f"look {self.number} at version {champion} as champion: of the {_percent(self.total)} risk of a false "
            f"promotion in its life this look has {_percent(self.error)}; {_percent(self.left)} is left for later looks"
        )
        return RuleResult(SPENT, RuleOutcome.PASS, sentence, value=self.left, on_fail="warn")


def error_share(look: int, half_by: int = 1) -> float:
    """The share of look 1, 2, 3, ...: h / ((look + h - 1) (look + h)), of which half is spent by look h.

    The shares of all looks add up to 1; after `look` of them h / (look + h) is left. With h = 1 they are 1/2, 1/6,
    1/12, 1/20: the first looks keep most of the power, since the arm of an interval grows like the root of the
    logarithm of the looks only.
    """
    return half_by / ((look + half_by - 1) * (look + half_by))


def interim_look(evidence: Evidence, policy: GatePolicy) -> InterimLook | None:
    """The look that a decision on this evidence is; None when the policy has its error at each look anew."""
    if policy.error_budget == "decision" or evidence.champion is None:
        return None
    return InterimLook(evidence.looks + 1, (1 - policy.confidence) / 2, policy.error_half_life_looks)


def _percent(share: float) -> str:
    return f"{number(100 * share)} %"
