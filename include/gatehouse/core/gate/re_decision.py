"""A decision that is made again when more outcomes are there: what a changed verdict means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatehouse.core.types import RuleOutcome, RuleResult, Verdict
from gatehouse.formatting import count

if TYPE_CHECKING:
    from gatehouse.core.gate.evidence import Evidence

BEFORE = "before"  # the key of Evidence.extra: the decision, verdict and number of rows of the earlier time
JUDGED_AGAIN = "judged_again"


def compare_with_earlier(evidence: Evidence, verdict: Verdict) -> RuleResult | None:
    """What the earlier decision says to this one; None for a first decision, and after a HOLD, which was made to be
    made again. A verdict that differs asks a person: somebody has acted upon the earlier one."""
    before = evidence.extra.get(BEFORE)
    if before is None or before["verdict"] == Verdict.HOLD:
        return None
    rows = f"on {count(evidence.holdout.rows)} rows instead of {count(before['rows'])}"
    if before["verdict"] == verdict:
        return RuleResult(JUDGED_AGAIN, RuleOutcome.PASS, f"judged again {rows}, the verdict is the same")
    sentence = (
        f"judged again {rows}, because more outcomes have arrived, the verdict would be {verdict} instead of "
        f"{before['verdict']}: should version {evidence.version} serve?"
    )
    return RuleResult(JUDGED_AGAIN, RuleOutcome.FAIL, sentence, rows=evidence.holdout.rows, on_fail="review")
