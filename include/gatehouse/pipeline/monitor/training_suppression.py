"""Whether a batch may ask for a training at all."""

from __future__ import annotations

from gatehouse.context import UseCaseContext
from gatehouse.core.retraining.alarm_reasons import SuppressedReason
from gatehouse.core.retraining.policy import RetrainDecision


def suppression_reason(ctx: UseCaseContext, key: str) -> str:
    """Why a batch asks for no training: it is being backfilled. Empty when it is not."""
    backfill = ctx.ledger.backfills.open(ctx.name)
    if backfill is None or not backfill.covers(key):
        return ""
    after = "one training follows it" if backfill.promote else "no training was wanted"
    return f"a backfill of {backfill.first} to {backfill.last} by {backfill.actor} is under way: {after}"


def suppress(weighed: RetrainDecision, why: str) -> RetrainDecision:
    """The reasons with all that ask held back for `why`; as they are without one."""
    if not why:
        return weighed
    return RetrainDecision((), (*weighed.held_back, *(SuppressedReason(reason, why) for reason in weighed.asked)))
