"""The champion's quality on outcomes that have arrived: measured, judged, and what tells the kinds of change apart."""

from __future__ import annotations

from dataclasses import asdict
from math import hypot
from typing import TYPE_CHECKING, Any

from gatehouse.context import UseCaseContext
from gatehouse.core.drift import ColumnDrift, impact
from gatehouse.core.drift.alarms import AlarmState
from gatehouse.core.drift.column_distance import measure_values
from gatehouse.core.drift.reference import Reference
from gatehouse.core.performance import decay
from gatehouse.core.performance.change_kinds import PerformanceChange
from gatehouse.core.performance.class_gaps import gap_on_holdout
from gatehouse.core.performance.sudden_change import sudden
from gatehouse.core.profiling import profile_of
from gatehouse.formatting import shown
from gatehouse.pipeline.batch_data.labelled_rows import labels_in, metric_on, weights_in
from gatehouse.pipeline.batch_data.matured_rows import MaturedRows
from gatehouse.pipeline.batch_data.row_keys import LABEL, TIME
from gatehouse.pipeline.batch_data.scored_rows import class_of, scores_of
from gatehouse.pipeline.monitor import input_drift
from gatehouse.pipeline.monitor.asked_level import judge_level

MIN_DAYS = 5  # fewer say too little about how much days differ

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


def measure_performance(
    ctx: UseCaseContext, matured: MaturedRows, reference: Reference
) -> tuple[dict[str, Any], tuple[decay.DecayAssessment, ...]]:
    """The champion's measured quality on the newest matured batch, and those measured with it, judged against its own
    holdout and against the level that is asked for."""
    policy, labelled = ctx.case.retrain, matured.labelled
    metric = policy.triggers.decay.metric if policy.triggers.decay else policy.selection_metric
    time = labelled[TIME].dt.tz_localize(None).to_numpy("datetime64[us]")
    measured = decay.measure(
        labelled[LABEL].to_numpy("float64"),
        scores_of(ctx, labelled),
        time,
        metric,
        matured.scored,
        seed=policy.seed,
        classes=policy.class_names,
        weights=weights_in(labelled),
    )
    interval = reference.intervals.get(metric, ())
    no_skill, floor = judge_level(ctx, matured, measured, reference)
    judged = (*decay.judge(measured, reference.quality[metric], policy, interval), *floor)
    document = {"batch": matured.batch.id.key, **asdict(measured), "judged": [each.to_document() for each in judged]}
    document["no_skill"] = no_skill.to_document() if no_skill else None
    return {**document, "estimate": expected_and_realised(ctx, reference, labelled)}, judged


def expected_and_realised(ctx: UseCaseContext, reference: Reference, labelled: pd.DataFrame) -> dict[str, Any] | None:
    """`estimate` on labelled rows, with what it came to."""
    predicted = scores_of(ctx, labelled)
    expected = estimate_performance(ctx, reference, predicted, weights_in(labelled)) if len(labelled) else None
    if expected is not None:
        expected["realised"] = metric_on(expected["metric"], labelled, predicted)
    return expected


def detect_sudden_change(ctx: UseCaseContext, reference: Reference, matured: MaturedRows) -> PerformanceChange | None:
    """What the newest one or two days say by themselves, where they are unlike the days before; None where they are not.

    It names a change early and asks for no training: two days of it are too few to learn from, and to judge a model by.
    """
    if ctx.case.contract.frequency != "day":
        return None
    days = matured.days(ctx.case.retrain.min_maturity)
    count, judged = sudden(
        [(labels_in(each), scores_of(ctx, each), weights_in(each)) for each in days], ctx.case.retrain
    )
    if not count:
        return None
    import pandas as pd

    newest = pd.concat(days[-count:])
    outcome = classify_performance_change(ctx, reference, newest, judged, expected_and_realised(ctx, reference, newest))
    untold = outcome.label is not None and outcome.label.state is AlarmState.TOO_FEW_ROWS
    return None if untold else outcome  # without the labels' shares a label shift would be called concept drift


def estimate_performance(
    ctx: UseCaseContext,
    reference: Reference,
    predicted: NDArray[np.float64],
    weights: NDArray[np.float64] | None = None,
) -> dict[str, Any] | None:
    """What the scores themselves expect of the metric on these rows (confidence-based performance estimation), with how
    far that can be trusted; None for regression, whose predictions say nothing about their errors."""
    metric = impact.drift_metric(ctx.case.retrain)
    if ctx.case.retrain.task == "regression" or not reference.expected:
        return None
    realised, expected = reference.quality[metric], reference.expected[metric]
    off = abs(expected - realised)
    valid = off <= impact.alarm_threshold(ctx.case.retrain)
    warning = (
        "holds while the scores are calibrated and inputs mean what they meant: it cannot see concept drift; "
        f"on the holdout it was off by {shown(off)}{'' if valid else ', too much to be relied on'}"
    )
    value = impact.expected(metric, predicted, predicted, weights)
    return {"metric": metric, "value": value, "holdout": realised, "off_on_holdout": off, "valid": valid} | {
        "warning": warning
    }


def expected_under_label_shift(ctx: UseCaseContext, reference: Reference, labels: ColumnDrift | None) -> float:
    """The metric that the holdout's losses of each class give for the batch's shares of classes: what a label shift
    alone would make of it; NaN where labels did not change."""
    shift = labels.impact["if_real"] if labels is not None and labels.impact is not None else None
    metric = impact.drift_metric(ctx.case.retrain)
    return float("nan") if shift is None else reference.quality[metric] + float(shift)


def classify_performance_change(
    ctx: UseCaseContext,
    reference: Reference,
    labelled: pd.DataFrame,
    judged: tuple[decay.DecayAssessment, ...],
    compared: dict[str, Any] | None,
) -> PerformanceChange:
    """The measured quality of some rows with what tells the kinds of change apart, their labels among it."""
    labels = input_drift.detect_label_shift(ctx, reference, labelled, any(each.alarm for each in judged))
    margin = impact.alarm_threshold(ctx.case.retrain)
    if compared is None or not len(labelled):
        return PerformanceChange(judged, margin=margin, label=labels)
    same, names = [], class_of(ctx, labelled)
    for name, known in reference.by_label.items():
        mine = profile_of(labelled.loc[names == name, list(known.columns)], like=known)
        for column, profile in known.columns.items():
            apart = measure_values(profile, mine.columns[column], "ks")
            same.append(apart is None or apart.value <= max(2 * apart.noise, 0.1))
    whole = all(same) if same else None
    shares, metric = expected_under_label_shift(ctx, reference, labels), impact.drift_metric(ctx.case.retrain)
    then = reference.quality[metric] - reference.expected[metric]
    return PerformanceChange(
        judged,
        compared["realised"],
        compared["value"],
        shares,
        whole,
        labels,
        margin,
        excess_then=then,
        excess_low=excess_low(ctx, reference, labelled, metric, compared["realised"] - compared["value"] - then),
        gap_then=_gap_then(reference, judged),
    )


def _gap_then(reference: Reference, judged: tuple[decay.DecayAssessment, ...]) -> float:
    """The gap on the holdout; of more than two classes that of the class which the alarm is about."""
    about = next((each.more["class"] for each in judged if each.kind == "calibration" and "class" in each.more), "")
    return gap_on_holdout(reference, about) if about else reference.quality.get("calibration_gap", float("nan"))


def excess_low(ctx: UseCaseContext, reference: Reference, labelled: pd.DataFrame, metric: str, more: float) -> float:
    """The lower end of the 95 % interval of how much more the loss exceeds the scores' expectation than on the holdout.

    Whole days of this batch, and the holdout's own interval: their arms add up like the sides of a right angle (`decay`). NaN
    for fewer than five days.
    """
    low, high = reference.intervals.get(metric, (0.0, 0.0))
    scores, labels = scores_of(ctx, labelled), labelled[LABEL].to_numpy("float64")
    surprise = impact.row_losses(metric, labels, scores) - impact.expected_row_losses(metric, scores)
    by_day = labelled.assign(surprise=surprise).groupby(labelled[TIME].dt.floor("D"))["surprise"]
    days = by_day.mean().to_list()
    found = decay.interval_of_days(more, days, len(days)) if len(days) >= MIN_DAYS else None
    return float("nan") if found is None else more - hypot(more - found[0], (high - low) / 2)
