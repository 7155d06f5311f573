"""A changed limit over the decisions of a use case, from their archived evidence; nothing is stored."""

from __future__ import annotations

from gatehouse.context import UseCaseContext
from gatehouse.core.config.gate import GatePolicy
from gatehouse.core.gate.limit_change import ChangedVerdict, Limit, changed_policy, verdict_with
from gatehouse.pipeline.judge.evidence import archived_evidence
from gatehouse.pipeline.judge.measurements import use_custom_metrics

NEWEST = 20  # decisions: each takes about half a second


def replay_limit(ctx: UseCaseContext, limit: Limit, value: float, newest: int = NEWEST) -> list[ChangedVerdict]:
    """The newest decisions of the use case, each as it would have been with the limit at `value`, the newest first.

    ConfigurationError when the rule of today's policy does not take the value.
    """
    changed_policy(ctx.case.gate, limit.position, limit.key, value)
    found = []
    for decision in reversed(ctx.ledger.decisions.list(ctx.name)[-newest:]):
        file, text = ctx.ledger.decisions.archive(decision.id)
        evidence, _ = archived_evidence(ctx.lake, file)
        with use_custom_metrics(ctx, evidence):
            found.append(verdict_with(decision, evidence, GatePolicy.archived(text), limit, value))
    return found
