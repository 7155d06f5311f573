"""Types that no model in production has held before: a person looks at them once, or trusts them for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatehouse.core.config.trusted_types import matches
from gatehouse.core.types import RuleOutcome, RuleResult
from gatehouse.formatting import join_names

if TYPE_CHECKING:
    from gatehouse.core.config.gate import GatePolicy
    from gatehouse.core.gate.evidence import Evidence

NEW_TYPES = "new_types"  # the result, and the key of Evidence.extra: the names of such types


def judge_new_types(evidence: Evidence, policy: GatePolicy) -> RuleResult | None:
    """What the types of the model file ask for: a review, and of a first model, which `no_champion` decides on, nothing but
    that it is told. None where all are known or trusted."""
    found: list[str] = list(evidence.extra.get(NEW_TYPES, ()))
    names = [name for name in found if not any(matches(pattern, name) for pattern in policy.trusted_types)]
    if not names:
        return None
    sentence = (
        f"the model file holds types that no model in production has held before: {join_names(names)}; "
        "`trusted_types` in gate.yaml trusts them"
    )
    if evidence.champion is None:
        return RuleResult(NEW_TYPES, RuleOutcome.WARN, sentence, on_fail="warn")
    return RuleResult(NEW_TYPES, RuleOutcome.FAIL, sentence, on_fail="review")
