"""The level that the champion is held to: what the reports of earlier batches, the training and people say."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gatehouse.context import UseCaseContext
from gatehouse.core.drift.reference import LABEL as LABEL_COLUMN
from gatehouse.core.drift.reference import Reference
from gatehouse.core.performance.decay import DAY, DecayAssessment, MeasuredPerformance
from gatehouse.core.performance.quality_floor import Level, NoSkill, against_no_skill, judge_floor, sustained
from gatehouse.core.profiling import CategoricalProfile, NumericProfile
from gatehouse.core.statistics.block_bootstrap import block_codes
from gatehouse.core.statistics.metrics import metric_named
from gatehouse.core.types import MonitoringReport
from gatehouse.pipeline.batch_data.labelled_rows import weights_in
from gatehouse.pipeline.batch_data.row_keys import LABEL, TIME
from gatehouse.pipeline.batch_data.scored_rows import scores_of

if TYPE_CHECKING:
    from gatehouse.pipeline.batch_data.matured_rows import MaturedRows

ACCEPTED = "level.accepted"
MARGIN, MIN_ROWS = 0.0, 500  # where `retrain.yaml` has no decay


def judge_level(
    ctx: UseCaseContext, matured: MaturedRows, measured: MeasuredPerformance, reference: Reference
) -> tuple[NoSkill | None, tuple[DecayAssessment, ...]]:
    """The measured rows against no skill, and against the best level that is known."""
    earlier = measured_reports(ctx, matured.as_of)
    before = [report.body["matured"] for report in earlier if report.body["matured"]["batch"] != matured.batch.id.key]
    labelled, decay = matured.labelled, ctx.case.retrain.triggers.decay
    time = labelled[TIME].dt.tz_localize(None).to_numpy("datetime64[us]")
    classes = ctx.case.retrain.class_names
    no_skill = against_no_skill(
        labelled[LABEL].to_numpy("float64"),
        scores_of(ctx, labelled),
        block_codes(time, DAY),
        measured.metric,
        known_mean(before, reference) if not classes else known_shares(before, reference, classes),
        ctx.case.retrain.seed,
        weights_in(labelled),
    )
    margin, least = (decay.margin, decay.min_rows) if decay else (MARGIN, MIN_ROWS)
    levels = asked_levels(ctx, earlier, measured.metric, reference) if decay else ()
    return no_skill, judge_floor(measured, no_skill, levels, margin, least, ctx.case.retrain.min_maturity)


def measured_reports(ctx: UseCaseContext, as_of: datetime) -> list[MonitoringReport]:
    """The reports before `as_of` that measured a batch, the oldest first."""
    reports = [each for each in ctx.ledger.batches.watches(ctx.name) if each.as_of < as_of and "matured" in each.body]
    return sorted(reports, key=lambda each: each.as_of)


def known_mean(before: Sequence[Mapping[str, Any]], reference: Reference) -> float:
    """The mean label of the newest batch that was measured before; of the training rows, where none was."""
    if before and isinstance(before[-1].get("observed"), (int, float)):
        return float(before[-1]["observed"])
    labels = reference.inputs.columns.get(LABEL_COLUMN)
    return labels.moments.mean if isinstance(labels, NumericProfile) else float("nan")


def known_shares(before: Sequence[Mapping[str, Any]], reference: Reference, classes: Sequence[str]) -> dict[str, float]:
    """As `known_mean`, the share of each of more than two classes."""
    if before and isinstance(before[-1].get("observed"), Mapping):
        return {name: float(before[-1]["observed"].get(name, 0.0)) for name in classes}
    labels = reference.inputs.columns.get(LABEL_COLUMN)
    if not isinstance(labels, CategoricalProfile):
        return dict.fromkeys(classes, float("nan"))
    rows = dict(zip(labels.categories, labels.cells, strict=False))
    return {name: float(rows.get(name, 0) / max(labels.values, 1)) for name in classes}


def asked_levels(
    ctx: UseCaseContext, earlier: Sequence[MonitoringReport], metric: str, reference: Reference
) -> tuple[Level, ...]:
    """What the use case has sustained, what the champion's training promised, and what a person has accepted instead."""
    accepted = accepted_level(ctx)
    if accepted is not None:
        earlier = [report for report in earlier if report.as_of > datetime.fromisoformat(accepted["as_of"])]
    held = sustained([report.body["matured"] for report in earlier], metric)
    found = [held] if held is not None else []
    if accepted is not None:
        found.append(Level(f"the level that {accepted['actor']} accepted", accepted["loss"], accepted["excess"]))
    elif reference.promised and metric in reference.intervals:
        low, high = reference.intervals[metric]
        loss, excess = reference.promised["loss"], reference.promised["excess"]
        found.append(Level("its training promised", loss, excess, (high - low) / 2))
    return tuple(found)


def accepted_level(ctx: UseCaseContext) -> dict[str, Any] | None:
    """The newest level that a person accepted; None where nobody did."""
    entry = ctx.ledger.audit_log.newest(ctx.name, [ACCEPTED])
    return None if entry is None else {**json.loads(entry.body), "actor": entry.actor}


def newest_level(ctx: UseCaseContext, as_of: datetime) -> dict[str, Any] | None:
    """The level of the newest measured batch, as `accepted_level` keeps it."""
    for report in reversed(measured_reports(ctx, as_of)):
        matured = report.body["matured"]
        excess = ((matured.get("no_skill") or {}).get("excess") or {}).get("value")
        value = (matured.get("value") or {}).get("value")
        if isinstance(excess, (int, float)) and isinstance(value, (int, float)):
            loss = metric_named(matured["metric"]).loss(float(value))
            return {"batch": matured["batch"], "as_of": report.as_of.isoformat(), "loss": loss, "excess": float(excess)}
    return None
