"""What another policy would have cost or saved: its verdicts on all past evidence, and the outcomes that matured since."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from gatehouse.context import UseCaseContext
from gatehouse.core.config.gate import GatePolicy
from gatehouse.core.statistics.metrics import metric_named
from gatehouse.core.types import BatchId, Decision, ModelVersion, Prediction, Verdict
from gatehouse.formatting import shown
from gatehouse.pipeline.batch_data.labelled_rows import labelled_frame, metric_on
from gatehouse.pipeline.batch_data.row_keys import LABEL, by_key
from gatehouse.pipeline.judge.judge_challenger import replay_decision
from gatehouse.pipeline.score import model_inputs

_EVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class PolicyOutcome:
    """What served and what would have, on the same matured rows of batches that were scored after the decision.

    `saved` is the mean of the batches' differences in the use case's main metric, weighted by rows and turned so that
    positive means that the other policy would have been better; NaN when nothing has matured yet.
    """

    served: int
    instead: int
    batches: tuple[BatchId, ...]
    rows: int
    saved: float


@dataclass(frozen=True)
class ReplayedDecision:
    """A decision and what the other policy makes of its evidence; `regret` is None when the same model serves."""

    decision: Decision
    again: Decision
    regret: PolicyOutcome | None


def consequence(found: PolicyOutcome | None, metric: str) -> str:
    """`version 2 instead of 4: cost 0.0123 of log_loss`."""
    if found is None:
        return "the same model serves"
    which = f"version {found.instead} instead of {found.served}"
    if not found.rows:
        return f"{which}: nothing has matured since"
    if not found.saved:
        return f"{which}: no difference in {metric}"
    return f"{which}: {'saved' if found.saved > 0 else 'cost'} {shown(abs(found.saved), '.4g')} of {metric}"


def compare_policies(ctx: UseCaseContext, policy: GatePolicy) -> list[ReplayedDecision]:
    """Every decision of the use case under another policy, in the order in which they were made.

    Each is judged as it stood then, against the champion that served then: a flip does not change the decisions after
    it. A REVIEW under the other policy promotes nothing, unless a person approved the very REVIEW that was archived.
    """
    found = []
    for decision in ctx.ledger.decisions.list(ctx.name):
        again = replay_decision(ctx, decision.id, policy)
        found.append(ReplayedDecision(decision, again, regret_of(ctx, decision, again.verdict)))
    return found


def regret_of(ctx: UseCaseContext, decision: Decision, verdict: Verdict) -> PolicyOutcome | None:
    """What another verdict would have meant for the batches scored since; None when the same model serves."""
    promoted = [p for p in ctx.ledger.models.promotions(ctx.name) if p.decision == decision.id]
    kept = verdict is Verdict.REVIEW and decision.verdict is Verdict.REVIEW and bool(promoted)
    would = verdict is Verdict.PROMOTE or kept
    if would == bool(promoted) or decision.champion is None:
        return None
    generation = promoted[0].generation if promoted else decision.generation
    instead = decision.champion if promoted else decision.version
    model = ctx.ledger.models.get(ctx.name, decision.version)
    asked = ctx.ledger.requests.get(model.request).as_of
    scored = [p for p in ctx.ledger.batches.predictions(ctx.name) if p.generation == generation]
    after = [p for p in scored if ctx.ledger.batches.get(p.batch).interval.start >= asked]
    served = decision.version if promoted else decision.champion
    return _measured(ctx, after, served, ctx.ledger.models.get(ctx.name, instead))


def _measured(ctx: UseCaseContext, scored: list[Prediction], served: int, instead: ModelVersion) -> PolicyOutcome:
    arrived = ctx.ledger.batches.outcomes(ctx.name, _EVER)
    metric = metric_named(ctx.case.gate.metric)
    estimator = ctx.models.load(ctx.lake.read(instead.file), instead.file.sha256)
    batches, rows, total = [], 0, 0.0
    for prediction in scored:
        frame = labelled_frame(ctx, ctx.ledger.batches.get(prediction.batch), arrived.get(prediction.batch.key))
        known = frame[LABEL].notna()
        if not len(frame) or known.mean() < ctx.case.retrain.min_maturity:
            continue
        matured = frame[known]
        other = ctx.models.predict(estimator, model_inputs(matured), ctx.case.retrain.task)
        was, would = (
            metric_on(metric.name, matured, by_key(ctx, matured, ctx.lake.frame(prediction.file))),
            metric_on(metric.name, matured, other),
        )
        if math.isnan(was) or math.isnan(would):
            continue
        batches.append(prediction.batch)
        rows += len(matured)
        total += len(matured) * (metric.loss(was) - metric.loss(would))
    return PolicyOutcome(served, instead.version, tuple(batches), rows, total / rows if rows else math.nan)
