"""What a change does to the last batches: rows, verdicts and the metric before and after it, each with pass or fail."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

ACCEPTED = "accepted"


@dataclass(frozen=True)
class BatchResult:
    """What a replay made of a batch. `errors` are what its steps raised; the metric is NaN where nothing was measured."""

    key: str
    state: str
    rows: int
    quarantined: int
    metric: float = math.nan
    errors: tuple[str, ...] = ()

    @property
    def refused(self) -> int:
        """The rows that no model may use: the quarantined ones, or all of a batch that is not accepted."""
        return self.quarantined if self.state == ACCEPTED else self.rows


@dataclass(frozen=True)
class FlippedVerdict:
    """A decision that the changed policy would make differently. `saved` is the mean of the metric's differences on `rows`
    matured rows, positive where the changed policy would have been better; NaN where the same model serves."""

    decision: str
    was: str
    now: str
    sentence: str
    saved: float = math.nan
    rows: int = 0


@dataclass(frozen=True)
class Limits:
    """How much worse a change may make things: the share of rows that are newly refused, and of the metric."""

    refused: float = 0.01
    worse: float = 0.01


@dataclass(frozen=True)
class Finding:
    """One part of a change: what it means in a sentence, in which file it was changed, and whether it passes."""

    part: str
    file: str
    passed: bool
    sentence: str
    details: tuple[str, ...] = ()


def contract_finding(base: Sequence[BatchResult], head: Sequence[BatchResult], limits: Limits) -> Finding:
    """Rows that would newly be refused or accepted. It fails when a batch is newly quarantined as a whole, a step newly
    raises, or more rows are newly refused than the limit allows."""
    before = {each.key: each for each in base}
    pairs = [(before.get(each.key, BatchResult(each.key, "", 0, 0)), each) for each in head]
    refused = sum(max(0, new.refused - old.refused) for old, new in pairs)
    accepted = sum(max(0, old.refused - new.refused) for old, new in pairs)
    rows = sum(each.rows for each in head)
    lost = [new.key for old, new in pairs if old.state == ACCEPTED != new.state]
    raised = [f"{new.key}: {error}" for old, new in pairs for error in new.errors if error not in old.errors]
    details = [
        f"{new.key}: {old.refused:,} of {old.rows:,} rows refused before, {new.refused:,} of {new.rows:,} now"
        for old, new in pairs
        if old.refused != new.refused
    ]
    sentence = f"{refused:,} of {rows:,} rows would newly be refused and {accepted:,} newly accepted"
    if lost:
        sentence += f"; no longer accepted: {', '.join(lost)}"
    passed = not lost and not raised and refused <= limits.refused * rows
    return Finding("contract", "contract.yaml", passed, sentence, (*details, *raised))


def policy_finding(flipped: Sequence[FlippedVerdict], decisions: int, metric: str) -> Finding:
    """Verdicts that the changed policy flips. It fails when the matured rows say that its verdicts would have been worse."""
    known = [each for each in flipped if math.isfinite(each.saved) and each.rows]
    rows = sum(each.rows for each in known)
    saved = sum(each.saved * each.rows for each in known) / rows if rows else 0.0
    sentence = f"{len(flipped)} of {decisions} verdicts would flip"
    if rows:
        sentence += f"; {metric} would have been {abs(saved):.4f} {'worse' if saved < 0 else 'better'} on {rows:,} rows"
    elif flipped:
        sentence += "; no matured row tells which verdicts were better"
    details = tuple(f"{each.decision[:8]}: {each.was} would be {each.now}: {each.sentence}" for each in flipped)
    return Finding("policy", "gate.yaml", saved >= 0, sentence, details)


def model_finding(
    base: Sequence[BatchResult],
    head: Sequence[BatchResult],
    metric: str,
    loss: Callable[[float], float],
    limits: Limits,
) -> Finding:
    """The mean of the served models' metric on the batches that both sides measured. It fails when that is worse by more
    than the limit, or when nothing is measured any more."""
    old, new = _measured(base), _measured(head)
    both = sorted(set(old) & set(new))
    if not both:
        gone = bool(old)
        why = (
            "the changed use case measures nothing that could be compared"
            if gone
            else "no batch has a metric to compare"
        )
        return Finding("model", "model.py", not gone, why)
    before, after = (sum(side[key] for key in both) / len(both) for side in (old, new))
    worse = loss(after) - loss(before)
    sentence = f"mean {metric} over {len(both)} batches: {before:.4f} before, {after:.4f} now"
    details = tuple(f"{key}: {old[key]:.4f} before, {new[key]:.4f} now" for key in both)
    return Finding("model", "model.py", worse <= limits.worse * abs(before), sentence, details)


def _measured(side: Sequence[BatchResult]) -> Mapping[str, float]:
    return {each.key: each.metric for each in side if math.isfinite(each.metric)}
