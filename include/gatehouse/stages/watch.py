"""Watch: how far a batch lies from the champion's reference, how well the champion does on the outcomes that have
arrived, and whether that is a reason to retrain. Each accepted batch gets exactly one watch verdict."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gatehouse.core import decay, impact
from gatehouse.core.alarms import Alarm
from gatehouse.core.change.incidents import CALM, Incident, follow
from gatehouse.core.change.kinds import Finding, Outcome, findings
from gatehouse.core.drift import ColumnDrift, to_document
from gatehouse.core.drift.measure import measure_values
from gatehouse.core.profile import profile_of
from gatehouse.core.records import Batch, BatchId, Champion, Request, WatchReport
from gatehouse.core.reference import SCORE, Reference
from gatehouse.core.retrain import reasons as weigh
from gatehouse.core.statistics.metrics import evaluate
from gatehouse.errors import NotAllowed
from gatehouse.site import Site
from gatehouse.stages import change, probation
from gatehouse.stages.held_back import held_back_by, quiet
from gatehouse.stages.never import never_retrained
from gatehouse.stages.outcomes import due
from gatehouse.stages.rows import LABEL, TIME, batch_frame, newest_revisions, with_labels
from gatehouse.stages.score import model_inputs
from gatehouse.stages.standing import expire, standing

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


def watch(site: Site, batch_id: BatchId) -> Request | None:
    """Judge a scored batch and record the verdict; returns the retrain request that is open after it, if any.

    Nothing that arrived after the end of the batch's interval is looked at: the same history gives the same verdicts
    whenever it is watched.
    """
    if any(report.batch == batch_id for report in site.ledger.batches.watches(site.name)):
        return site.ledger.requests.pending(site.name)
    lease = site.ledger.attempts.enter(f"{batch_id}/watch")
    batch = site.ledger.batches.get(batch_id)
    as_of = batch.interval.end
    expire(site, as_of)
    champion = site.ledger.models.champion(site.name)
    body, alarms, changes = found(site, batch, champion) if champion else ({"champion": None}, [], [])
    earlier = [report for report in site.ledger.batches.watches(site.name) if report.as_of < as_of]
    history = [[Alarm.from_document(alarm) for alarm in report.body["alarms"]] for report in earlier]
    by_hand = held_back_by(site, batch_id.key)
    weighed = quiet(weigh(site.case.retrain, [*history, alarms], standing(site, as_of, champion)), by_hand)
    body |= {
        "alarms": [alarm.to_document() for alarm in alarms],
        "kinds": [each.to_document() for each in changes],
        "incidents": incidents(earlier, changes, batch_id.key, "matured" in body, CALM[site.case.contract.batch]),
        "held_back": [{"sentence": held.reason.sentence, "why": held.why} for held in weighed.held_back],
        "overdue_outcomes": overdue(site, as_of),
    }
    if not by_hand:  # a backfilled batch changes no champion, and a probation might
        probation.follow(site, batch, champion)  # before the verdict is on record: a crash in between repeats it
    report = WatchReport(batch_id, as_of, body, weighed.asked)
    return site.ledger.batches.watched(lease, report, site.case.retrain.model_dump(mode="json"))


def found(site: Site, batch: Batch, champion: Champion) -> tuple[dict[str, Any], list[Alarm], list[Finding]]:
    """What is known of a batch under a champion: drift of inputs, scores and labels with its estimated impact, the
    measured quality, and which kinds of change that is."""
    reference = Reference.from_document(json.loads(site.lake.read(champion.model.reference)))
    frame = model_inputs(batch_frame(site, batch)).assign(**{SCORE: scores(site, batch, champion)})
    estimator = site.models.load(site.lake.read(champion.model.file), champion.model.file.sha256)
    looked = change.look(site, batch, reference, frame, estimator)
    body: dict[str, Any] = {
        "champion": champion.model.version,
        "epoch": champion.epoch,
        "rows": len(frame),
        "estimate": estimate(site, reference, frame[SCORE].to_numpy("float64")),
        "together": looked.together.to_document() if looked.together else None,
        "impact": looked.joint,
    }
    alarms: list[Alarm] = []
    drifts, outcome = list(looked.inputs.drifts), None
    measured = newest_matured(site, batch.interval.end, champion, estimator)
    if measured is not None and not measured_before(site, measured[0].id.key, champion):
        on, labelled, scored_rows = measured
        body["matured"], judged = quality(site, on, labelled, scored_rows, reference)
        body["matured"]["never"] = never_retrained(site, champion, labelled, body["matured"])
        labels = change.judge_labels(site, reference, labelled, any(each.alarm for each in judged))
        outcome = outcome_of(site, reference, labelled, judged, body["matured"]["estimate"])
        outcome = replace(outcome, label=labels, by_classes=by_classes(site, reference, labels))
        drifts += [labels] if labels is not None else []
        alarms += [each.to_alarm() for each in judged if each.alarm]
        alarms += [labels.to_alarm()] if labels is not None and labels.alarm else []
    body["drift"] = to_document(drifts)
    return body, alarms + looked.alarms, findings(looked.inputs, outcome)


def incidents(
    earlier: Sequence[WatchReport], changes: Sequence[Finding], key: str, measured: bool, calm: int
) -> list[dict[str, Any]]:
    """The incidents after this batch, continued from the report before; `calm` batches without one end it."""
    before = earlier[-1].body.get("incidents", []) if earlier else []
    known = [Incident.from_document(each) for each in before]
    return [each.to_document() for each in follow(known, changes, key, measured, calm)]


def estimate(site: Site, reference: Reference, predicted: NDArray[np.float64]) -> dict[str, Any] | None:
    """What the scores themselves expect of the metric on these rows (confidence-based performance estimation), with how
    far that can be trusted; None for regression, whose predictions say nothing about their errors."""
    metric = impact.metric_of(site.case.retrain)
    if site.case.retrain.task != "classification" or not reference.expected:
        return None
    realised, expected = reference.quality[metric], reference.expected[metric]
    off = abs(expected - realised)
    valid = off <= impact.threshold(site.case.retrain)
    warning = (
        "holds while the scores are calibrated and inputs mean what they meant: it cannot see concept drift; "
        f"on the holdout it was off by {off:.3f}{'' if valid else ', too much to be relied on'}"
    )
    value = impact.expected(metric, predicted, predicted)
    return {"metric": metric, "value": value, "holdout": realised, "off_on_holdout": off, "valid": valid} | {
        "warning": warning
    }


def by_classes(site: Site, reference: Reference, labels: ColumnDrift | None) -> float:
    """The metric that the holdout's losses of each class give for the batch's shares of classes: what a label shift
    alone would make of it; NaN where labels did not change."""
    shift = labels.impact["if_real"] if labels is not None and labels.impact is not None else None
    metric = impact.metric_of(site.case.retrain)
    return float("nan") if shift is None else reference.quality[metric] + float(shift)


def outcome_of(
    site: Site,
    reference: Reference,
    labelled: pd.DataFrame,
    judged: tuple[decay.Judged, ...],
    compared: dict[str, Any] | None,
) -> Outcome:
    """The measured quality with what tells the kinds of change apart."""
    margin = impact.threshold(site.case.retrain)
    if compared is None or not len(labelled):
        return Outcome(judged, margin=margin)
    same = []
    for name, known in reference.by_label.items():
        mine = labelled.loc[labelled[LABEL] == float(name), SCORE].to_numpy("float64")
        apart = measure_values(known.columns[SCORE], profile_of({SCORE: mine}, like=known).columns[SCORE], "ks")
        same.append(apart is None or apart.value <= max(2 * apart.noise, 0.1))
    whole = all(same) if same else None
    return Outcome(judged, compared["realised"], compared["value"], same_within_classes=whole, margin=margin)


def scores(site: Site, batch: Batch, champion: Champion) -> Any:
    """The recorded scores of a batch; NotAllowed when it was not scored, or by another champion."""
    for prediction in site.ledger.batches.predictions(site.name):
        if prediction.batch == batch.id:
            return site.lake.frame(prediction.file)["score"].to_numpy("float64")
    raise NotAllowed(
        f"batch {batch.id} is watched before it is scored; champion {champion.model.version} is in production"
    )


def newest_matured(
    site: Site, as_of: datetime, champion: Champion, estimator: Any
) -> tuple[Batch, pd.DataFrame, int] | None:
    """The newest batch whose outcomes arrived by `as_of` and that the champion was not trained on: its labelled rows
    with the champion's scores (`gh_score`), and how many rows it has in all. Batches of a day or a week are too short to
    resample days of: the newest `measure_over` batches are measured together."""
    import pandas as pd

    arrived = site.ledger.batches.outcomes(site.name, as_of)
    accepted = [b for b in newest_revisions(site.ledger.batches.list(site.name)) if b.id.key in arrived]
    fresh = [b for b in accepted if b.interval.start >= champion.model.trained_until and b.interval.end <= as_of]
    if not fresh:
        return None
    pooled = fresh[-site.case.retrain.measured_together(site.case.contract.batch) :]
    frames = [with_labels(site, batch_frame(site, each), arrived[each.id.key]) for each in pooled]
    frame = pd.concat(frames, ignore_index=True)
    labelled = frame[frame[LABEL].notna()]
    predicted: Any = (
        site.models.predict(estimator, model_inputs(labelled), site.case.retrain.task) if len(labelled) else []
    )
    return fresh[-1], labelled.assign(**{SCORE: predicted}), len(frame)


def measured_before(site: Site, key: str, champion: Champion) -> bool:
    """Whether an earlier watch measured this champion on that batch: one late month must not be counted twice."""
    return any(
        report.body.get("matured", {}).get("batch") == key and report.body.get("champion") == champion.model.version
        for report in site.ledger.batches.watches(site.name)
    )


def quality(
    site: Site, batch: Batch, labelled: pd.DataFrame, scored_rows: int, reference: Reference
) -> tuple[dict[str, Any], tuple[decay.Judged, ...]]:
    """The champion's measured quality on one matured batch, judged against its own holdout."""
    policy = site.case.retrain
    metric = policy.reasons.decay.metric if policy.reasons.decay else policy.choose_by
    time = labelled[TIME].dt.tz_localize(None).to_numpy("datetime64[us]")
    measured = decay.measure(
        labelled[LABEL].to_numpy("float64"),
        labelled[SCORE].to_numpy("float64"),
        time,
        metric,
        scored_rows,
        seed=policy.seed,
    )
    interval = reference.intervals.get(metric, ())
    judged = decay.judge(measured, reference.quality[metric], policy, interval, reference.holdout_days)
    document = {"batch": batch.id.key, **asdict(measured), "judged": [each.to_document() for each in judged]}
    known, predicted = labelled[LABEL].to_numpy("float64"), labelled[SCORE].to_numpy("float64")
    expected = estimate(site, reference, predicted) if len(labelled) else None
    if expected is not None:
        expected["realised"] = evaluate(expected["metric"], known, predicted)
    return {**document, "estimate": expected}, judged


def overdue(site: Site, as_of: datetime) -> list[str]:
    """The batches whose outcomes should have arrived by `as_of` and have not."""
    return [batch.id.key for batch in due(site, as_of)]
