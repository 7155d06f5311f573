"""Watch: how far a batch lies from the champion's reference, how well the champion does on the outcomes that have
arrived, and whether that is a reason to retrain. Each accepted batch gets exactly one watch verdict."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from gatehouse.context import UseCaseContext
from gatehouse.core.drift import to_document
from gatehouse.core.drift.alarms import Alarm
from gatehouse.core.drift.reference import Reference
from gatehouse.core.performance.change_kinds import ChangeFinding, ChangeKind, classify_changes
from gatehouse.core.performance.incidents import CALM, Incident, update_incidents
from gatehouse.core.retraining.policy import decide_retraining as weigh
from gatehouse.core.retraining.refit_check import RefitFinding
from gatehouse.core.rows.scores import scores_in
from gatehouse.core.types import Batch, BatchId, Champion, MonitoringReport, Request
from gatehouse.errors import ModelError, NotAllowedError, UntrustedModelError
from gatehouse.pipeline.batch_data.known_classes import check_classes
from gatehouse.pipeline.batch_data.matured_rows import measured_before, newest_matured
from gatehouse.pipeline.batch_data.outcome_problems import outcome_problems
from gatehouse.pipeline.batch_data.row_keys import batch_frame
from gatehouse.pipeline.batch_data.scored_rows import with_scores
from gatehouse.pipeline.maintenance import probation
from gatehouse.pipeline.monitor import input_drift
from gatehouse.pipeline.monitor.measure_refits import check_refits
from gatehouse.pipeline.monitor.measured_performance import (
    classify_performance_change,
    detect_sudden_change,
    estimate_performance,
    measure_performance,
)
from gatehouse.pipeline.monitor.never_retrained_baseline import first_champion_score
from gatehouse.pipeline.monitor.retrain_state import expire_stale_request, retrain_state
from gatehouse.pipeline.monitor.training_suppression import suppress, suppression_reason
from gatehouse.pipeline.outcomes import due
from gatehouse.pipeline.score import model_inputs


def monitor_batch(ctx: UseCaseContext, batch_id: BatchId, error: str = "") -> Request | None:
    """Judge a scored batch and record the verdict; returns the retrain request that is open after it, if any.

    Nothing that arrived after the end of the batch's interval is looked at: the same history gives the same verdicts
    whenever it is watched. `error` says why the batch could not be scored: then that is the verdict. What the model code
    or a model raises while the batch is judged is part of the verdict as well (`errors`), and pages.
    """
    if any(report.batch == batch_id for report in ctx.ledger.batches.watches(ctx.name)):
        return ctx.ledger.requests.pending(ctx.name)
    lease = ctx.ledger.attempts.enter(f"{batch_id}/watch")
    batch = ctx.ledger.batches.get(batch_id)
    as_of = batch.interval.end
    expire_stale_request(ctx, as_of)
    champion = ctx.ledger.models.champion(ctx.name)
    body, alarms, changes = _found(ctx, batch, champion, error) if champion else ({"champion": None}, [], [])
    earlier = [report for report in ctx.ledger.batches.watches(ctx.name) if report.as_of < as_of]
    history = [[Alarm.from_document(alarm) for alarm in report.body["alarms"]] for report in earlier]
    by_hand = suppression_reason(ctx, batch_id.key)
    refits = _refits(ctx, body, as_of, champion) if champion and not by_hand else ()
    state = retrain_state(ctx, as_of, champion)
    weighed = suppress(weigh(ctx.case.retrain, [*history, alarms], state, refits), by_hand)
    body |= {
        "alarms": [alarm.to_document() for alarm in alarms],
        "kinds": [each.to_document() for each in changes],
        "incidents": incidents(earlier, changes, batch_id.key, "matured" in body, CALM[ctx.case.contract.frequency]),
        "held_back": [{"sentence": held.reason.sentence, "why": held.why} for held in weighed.held_back],
        "overdue_outcomes": overdue_outcomes(ctx, as_of),
        "outcome_problems": outcome_problems(ctx, as_of),
    }
    if not by_hand:  # a backfilled batch changes no champion, and a probation might
        # before the verdict is on record: a crash in between repeats it
        body["errors"] = [*body.get("errors", ()), *_probation(ctx, batch, champion)]
    report = MonitoringReport(batch_id, as_of, body, weighed.asked)
    return ctx.ledger.batches.watched(lease, report, ctx.case.retrain.model_dump(mode="json"))


def _found(
    ctx: UseCaseContext, batch: Batch, champion: Champion, error: str
) -> tuple[dict[str, Any], list[Alarm], list[ChangeFinding]]:
    """What is known of a batch, or the error that kept it from being known."""
    if not error:
        try:
            return assess_batch(ctx, batch, champion)
        except UntrustedModelError:
            raise
        except ModelError as raised:
            error = f"not judged: {raised}"
    body = {"champion": champion.model.version, "generation": champion.generation, "drift": [], "errors": [error]}
    return body, [], [ChangeFinding(ChangeKind.ERROR, (), error, page=True)]


def _refits(ctx: UseCaseContext, body: dict[str, Any], as_of: datetime, champion: Champion) -> tuple[RefitFinding, ...]:
    """What refits would have given on the batch that was measured first in this report, recorded in it. What a model raises
    there is no fault of the champion: it is told as an error."""
    if "matured" not in body:
        return ()
    try:
        body["refits"], found = check_refits(ctx, body["matured"]["batch"], as_of, champion)
    except UntrustedModelError:
        raise
    except ModelError as error:
        body["errors"] = [*body.get("errors", ()), f"refit check: {error}"]
        return ()
    return found


def _probation(ctx: UseCaseContext, batch: Batch, champion: Champion | None) -> list[str]:
    """What a model raised that is judged beside the champion; the champion's own verdict does not hang on it."""
    try:
        probation.run_probation(ctx, batch, champion)
    except UntrustedModelError:
        raise
    except ModelError as error:
        return [f"probation: {error}"]
    return []


def assess_batch(
    ctx: UseCaseContext, batch: Batch, champion: Champion
) -> tuple[dict[str, Any], list[Alarm], list[ChangeFinding]]:
    """What is known of a batch under a champion: drift of inputs, scores and labels with its estimated impact, the
    measured quality, and which kinds of change that is."""
    reference = Reference.from_document(json.loads(ctx.lake.read(champion.model.reference)))
    check_classes(ctx, champion.model)
    scores = recorded_scores(ctx, batch, champion)
    frame = with_scores(ctx, model_inputs(batch_frame(ctx, batch)), scores)
    estimator = ctx.models.load(ctx.lake.read(champion.model.file), champion.model.file.sha256)
    looked = input_drift.detect_input_drift(ctx, batch, reference, frame, estimator)
    body: dict[str, Any] = {
        "champion": champion.model.version,
        "generation": champion.generation,
        "rows": len(frame),
        "estimate": estimate_performance(ctx, reference, scores),
        "together": looked.together.to_document() if looked.together else None,
        "impact": looked.joint,
    }
    alarms: list[Alarm] = []
    drifts = list(looked.inputs.drifts)
    outcome = early = None
    measured, errors = newest_matured(ctx, batch.interval.end, champion, estimator)
    if measured is not None and not measured_before(ctx, measured.batch.id.key, champion):
        measured = measured.counted_as(bool(reference.made_by.get("weights")))
        labelled = measured.labelled
        body["matured"], judged = measure_performance(ctx, measured, reference)
        body["matured"]["never"] = first_champion_score(ctx, champion, labelled, body["matured"])
        outcome = classify_performance_change(ctx, reference, labelled, judged, body["matured"]["estimate"])
        early = detect_sudden_change(ctx, reference, measured) if not outcome.alarms else None
        body["sudden"] = [each.to_document() for each in early.judged] if early is not None else []
        drifts += [outcome.label] if outcome.label is not None else []
        alarms += [each.to_alarm() for each in judged if each.alarm]
        alarms += [outcome.label.to_alarm()] if outcome.label is not None and outcome.label.alarm else []
    body |= {"drift": to_document(drifts), "errors": list(errors)}
    broken = [ChangeFinding(ChangeKind.ERROR, (), "; ".join(errors), page=True)] if errors else []
    return body, alarms + looked.alarms, [*classify_changes(looked.inputs, early or outcome), *broken]


def incidents(
    earlier: Sequence[MonitoringReport], changes: Sequence[ChangeFinding], key: str, measured: bool, calm: int
) -> list[dict[str, Any]]:
    """The incidents after this batch, continued from the report before; `calm` batches without one end it."""
    before = earlier[-1].body.get("incidents", []) if earlier else []
    known = [Incident.from_document(each) for each in before]
    return [each.to_document() for each in update_incidents(known, changes, key, measured, calm)]


def recorded_scores(ctx: UseCaseContext, batch: Batch, champion: Champion) -> Any:
    """The recorded scores of a batch; NotAllowedError when it was not scored, or by another champion."""
    for prediction in ctx.ledger.batches.predictions(ctx.name):
        if prediction.batch == batch.id:
            return scores_in(ctx.lake.frame(prediction.file), "score", ctx.case.retrain.class_names)
    raise NotAllowedError(
        f"batch {batch.id} is watched before it is scored; champion {champion.model.version} is in production"
    )


def overdue_outcomes(ctx: UseCaseContext, as_of: datetime) -> list[str]:
    """The batches whose outcomes should have arrived by `as_of` and have not."""
    return [batch.id.key for batch in due(ctx, as_of)]
