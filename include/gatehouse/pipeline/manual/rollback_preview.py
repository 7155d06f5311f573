"""Foresee: what a rollback would change, told before anybody does it."""

from __future__ import annotations

import json
from typing import Any

from gatehouse.context import UseCaseContext
from gatehouse.core.audit.canonical_json import finite
from gatehouse.core.drift.reference import Reference
from gatehouse.core.statistics.metrics import metric_named
from gatehouse.core.types import ModelVersion, Promotion
from gatehouse.pipeline.promote import RollbackPlan, plan_rollback
from gatehouse.pipeline.score import unscored_batches


def preview_rollback(ctx: UseCaseContext, version: int | None) -> list[str]:
    """One sentence a line: what serves now and since when, what would serve, by which decision each became champion,
    how good each was measured to be, and what follows. NotAllowedError where `plan_rollback` refuses."""
    plan = plan_rollback(ctx, version)
    history = ctx.ledger.models.promotions(ctx.name)
    now, to = (ctx.ledger.models.get(ctx.name, each) for each in (plan.now, plan.to))
    return [
        f"{ctx.name}: version {plan.now} would be replaced by version {plan.to}, "
        f"generation {plan.generation} by {plan.generation + 1}; "
        "nothing has changed yet",
        f"serves now: {_story(ctx, now, history)}",
        f"would serve: {_story(ctx, to, history)}",
        _compared(ctx, now, to),
        _after(ctx, plan),
    ]


def _story(ctx: UseCaseContext, model: ModelVersion, history: list[Promotion]) -> str:
    """A version in a sentence: what it is, the spans it served, what made it champion, its measured quality."""
    spans = []
    for place, promotion in enumerate(history):
        if promotion.version == model.version:
            until = history[place + 1].at if place + 1 < len(history) else None
            spans.append(f"{_moment(promotion.at)} to {_moment(until) if until else 'now'}")
    last = [promotion for promotion in history if promotion.version == model.version][-1]
    return (
        f"version {model.version} ({model.candidate}, trained on data until {model.trained_until:%Y-%m-%d}), champion from "
        f"{', '.join(spans)}, by {_behind(last)}; {_quality(ctx, model)}"
    )


def _behind(promotion: Promotion) -> str:
    decision = f" {promotion.decision[:8]}" if promotion.decision else ""
    return f"{promotion.kind}{decision} of {promotion.actor}: {promotion.reason}"


def _quality(ctx: UseCaseContext, model: ModelVersion) -> str:
    metric = _metric(ctx)
    own = finite(_held_out(ctx, model).get(metric))
    told = [f"{metric} {own:.4f} on its own holdout"] if own is not None else []
    measured = _measured(ctx, model.version)
    if measured is not None:
        told.append(
            f"{measured['value']['value']:.4f} on {measured['batch']} ({measured['rows']:,} rows), measured last"
        )
    return ", ".join(told) or "its quality was never measured"


def _compared(ctx: UseCaseContext, now: ModelVersion, to: ModelVersion) -> str:
    """The last measured qualities side by side, with the warning that they are of different months where they are."""
    one, other = _measured(ctx, now.version), _measured(ctx, to.version)
    if one is None or other is None:
        return "they were not both measured in production: the comparison rests on each version's own holdout"
    loss = metric_named(one["metric"]).loss
    worse = loss(other["value"]["value"]) - loss(one["value"]["value"])
    said = "worse" if worse > 0 else "better"
    on = (
        f"on the same batch {one['batch']}"
        if one["batch"] == other["batch"]
        else "on different batches: read with care"
    )
    return f"measured last, the earlier version was {said} by {abs(worse):.4f} of {one['metric']}, {on}"


def _after(ctx: UseCaseContext, plan: RollbackPlan) -> str:
    waits = len(unscored_batches(ctx))
    pending = ctx.ledger.requests.pending(ctx.name)
    training = f"; retrain request {pending.id[:8]} is {pending.state} and goes on" if pending else ""
    return (
        f"batches that were scored keep their scores; {waits} accepted and not yet watched would be scored by version "
        f"{plan.to}; decisions made against generation {plan.generation} can promote nothing any more; "
        f"MLflow's alias champion moves; "
        f"it is undone by a rollback to version {plan.now}{training}"
    )


def _metric(ctx: UseCaseContext) -> str:
    policy = ctx.case.retrain
    return policy.triggers.decay.metric if policy.triggers.decay else policy.selection_metric


def _held_out(ctx: UseCaseContext, model: ModelVersion) -> dict[str, float]:
    return dict(Reference.from_document(json.loads(ctx.lake.read(model.reference))).quality)


def _measured(ctx: UseCaseContext, version: int) -> dict[str, Any] | None:
    """What the newest watch measured of a version on matured outcomes; None when it never did."""
    for report in reversed(ctx.ledger.batches.watches(ctx.name)):
        matured = report.body.get("matured")
        value = (matured or {}).get("value") or {}
        if report.body.get("champion") == version and isinstance(value.get("value"), int | float):
            return dict(matured or {})
    return None


def _moment(at: Any) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "an unknown time"
