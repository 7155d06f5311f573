"""Judge: evidence is gathered and archived, the policy decides, the decision is recorded. Nothing is promoted here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from gatehouse.context import UseCaseContext
from gatehouse.core.config.gate import GatePolicy
from gatehouse.core.gate.decide import decide
from gatehouse.core.gate.evidence_io import evidence_sha256
from gatehouse.core.types import Champion, Decision, FileRef, ModelVersion, RequestState, Verdict
from gatehouse.pipeline.judge.evidence import HoldoutRows, archive_evidence, archived_evidence, gather_evidence
from gatehouse.pipeline.judge.measurements import use_custom_metrics
from gatehouse.pipeline.maintenance.publish_mlflow import publish_decision
from gatehouse.pipeline.maintenance.track_mlflow import projecting


def judge(ctx: UseCaseContext, request_id: str) -> Decision:
    """Decide on a request's challenger. A request that was decided before keeps its decision."""
    decision = ctx.ledger.decisions.of_request(request_id)
    model = next(model for model in ctx.ledger.models.list(ctx.name) if model.request == request_id)
    if decision is None:
        lease = ctx.ledger.attempts.enter(f"{ctx.name}/{request_id}/judge")
        decision, archived = decide_from_evidence(ctx, model, ctx.ledger.models.champion(ctx.name))
        ctx.ledger.decisions.record(lease, decision, archived, ctx.case.gate.text)
    if ctx.keeps_reports:
        with projecting(ctx, f"decision {decision.id[:8]}"):
            publish_decision(ctx, decision, model)
    if decision.verdict is not Verdict.PROMOTE:
        _close(ctx, model, decision)
    return decision


def decide_from_evidence(
    ctx: UseCaseContext,
    model: ModelVersion,
    champion: Champion | None,
    held_out: HoldoutRows | None = None,
    extra: Mapping[str, Any] | None = None,
) -> tuple[Decision, FileRef]:
    """The decision on a model under the use case's policy, and the archived evidence that it follows from. `held_out`
    and `extra` are those of a decision that is made again (`pipeline/judge/re_decide.py`)."""
    evidence = gather_evidence(ctx, model, champion, held_out, extra)
    archived = archive_evidence(ctx, evidence)
    document = json.loads(ctx.lake.read(archived))
    with use_custom_metrics(ctx, evidence):
        return decide(evidence, ctx.case.gate, evidence_sha256(document["evidence"])), archived


def replay_decision(ctx: UseCaseContext, decision_id: str, policy: GatePolicy | None = None) -> Decision:
    """Decide again from the archived evidence, under the archived policy or another one: a pure function of the two."""
    archived, text = ctx.ledger.decisions.archive(decision_id)
    evidence, identity = archived_evidence(ctx.lake, archived)
    with use_custom_metrics(ctx, evidence):
        return decide(evidence, policy or GatePolicy.archived(text), identity)


def _close(ctx: UseCaseContext, model: ModelVersion, decision: Decision) -> None:
    """A HOLD, a BLOCK and a REVIEW that waits for a person end the request: scoring goes on with the present champion."""
    if ctx.ledger.requests.get(model.request).state is RequestState.CLAIMED:
        lease = ctx.ledger.attempts.enter(f"{ctx.name}/{model.request}/close")
        ctx.ledger.requests.close(lease, model.request, RequestState.DECIDED, decision.sentence)
