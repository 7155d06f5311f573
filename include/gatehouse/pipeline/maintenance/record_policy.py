"""Record a changed gate.yaml, so that the database refuses the acts of those whom it no longer names."""

from __future__ import annotations

from typing import Any

from gatehouse.context import UseCaseContext
from gatehouse.core.config.gate import GatePolicy
from gatehouse.pipeline.maintenance.reconcile import MAINTENANCE

CHANGED = "policy.changed"


def record_policy(ctx: UseCaseContext) -> list[str]:
    """Record who may act by the present gate.yaml, unless the ledger holds people to just that already."""
    policy, known = acting_policy(ctx.case.gate), ctx.ledger.decisions.policy_in_force(ctx.name) or {}
    if {key: known.get(key) for key in policy} == policy:
        return []
    ctx.ledger.audit_log.note(CHANGED, ctx.name, MAINTENANCE, {**policy, "policy": ctx.case.gate.hash})
    return []


def acting_policy(policy: GatePolicy) -> dict[str, Any]:
    """The part of a policy that says who may act."""
    return policy.model_dump(mode="json", include={"review", "override", "four_eyes"})
