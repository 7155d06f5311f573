"""Accept: a person says that the level of the newest measured batch is good enough from now on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from gatehouse.context import UseCaseContext
from gatehouse.core.permissions import Act, require_may
from gatehouse.errors import NotEnoughDataError
from gatehouse.pipeline.monitor.asked_level import ACCEPTED, accepted_level, newest_level

EVER = datetime(9999, 1, 1, tzinfo=UTC)


def accept_level(ctx: UseCaseContext, actor: str, reason: str) -> dict[str, Any]:
    """Record that the champion is held to the newest measured level, and no longer to what was reached before.

    Being worse than a model without skill stays an alarm. An approver of `gate.yaml` may do this; accepting the same level
    again changes nothing. NotEnoughDataError when no batch was measured yet.
    """
    require_may(Act.ACCEPT_LEVEL, actor, ctx.case.gate)
    level = newest_level(ctx, EVER)
    if level is None:
        raise NotEnoughDataError(f"{ctx.name} has no measured batch whose level could be accepted; found 0, needed 1")
    known = accepted_level(ctx)
    if known is None or known["as_of"] != level["as_of"]:
        ctx.ledger.audit_log.note(ACCEPTED, ctx.name, actor, {**level, "reason": reason})
    return level
