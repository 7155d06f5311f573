"""Probation: whether a new champion is worse than the one before it, on outcomes that matured after its promotion."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from gatehouse.core.contract.batch_calendar import Span
from gatehouse.core.gate.rules.comparison import describe_difference
from gatehouse.core.statistics.block_bootstrap import Estimate, block_codes, difference
from gatehouse.core.statistics.metrics import metric_named

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gatehouse.core.config.gate import GatePolicy

OPEN, WORSE, PASSED = "open", "worse", "passed"


@dataclass(frozen=True)
class ProbationResult:
    """The state of a probation after `batches` matured batches; `worse` is by how much the new champion is worse."""

    verdict: str
    sentence: str
    worse: Estimate
    batches: int
    confidence: float

    def document(self) -> dict[str, Any]:
        """What is recorded with the verdict."""
        return {"worse": asdict(self.worse), "batches": self.batches, "confidence": self.confidence}


def judge(
    labels: NDArray[np.float64],
    time: NDArray[np.datetime64],
    champion: NDArray[np.float64],
    former: NDArray[np.float64],
    batches: int,
    policy: GatePolicy,
    seed: int,
) -> ProbationResult:
    """Compare both models on the same matured rows of `batches` batches (one entry a row in each array).

    The comparison is made again with each batch that matures, so each of the n looks gets an n-th of the policy's error
    (Bonferroni): over the whole probation an equal champion is rolled back with at most the policy's one-sided error.
    Too few rows or blocks, or an interval that cannot be computed, never roll back.
    """
    probation = policy.probation
    if probation is None:
        raise ValueError("the policy has no probation")
    confidence = 1 - (1 - policy.confidence) / probation.batches
    span = (
        "1 day" if policy.block_column else policy.resample_by
    )  # entities are not known here; rows of a day belong together
    codes = block_codes(time, Span.parse(span), policy.day_start_utc)
    found = difference(labels, champion, former, codes, policy.metric, policy.resamples, seed, confidence)
    worse = -found if metric_named(policy.metric).better == "higher" else found
    enough = worse.rows >= policy.min_rows and worse.blocks >= policy.min_blocks
    lost = enough and worse.low > probation.margin
    verdict = WORSE if lost else PASSED if batches >= probation.batches else OPEN
    return ProbationResult(verdict, _sentence(verdict, worse, batches, policy, confidence), worse, batches, confidence)


def _sentence(verdict: str, worse: Estimate, batches: int, policy: GatePolicy, confidence: float) -> str:
    limit = policy.probation.margin if policy.probation else 0.0
    measured = describe_difference(policy.metric, worse, confidence, limit).replace(
        "the champion's", "the former champion's"
    )
    ending = {
        WORSE: "it is significantly worse and is rolled back",
        PASSED: "its probation is over, and it stays",
        OPEN: "its probation goes on",
    }
    of = policy.probation.batches if policy.probation else 0
    return f"{measured}, after {batches} of {of} matured batches: {ending[verdict]}"
