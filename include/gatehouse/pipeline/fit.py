"""Fit: one candidate of a retrain run. Several run side by side as mapped tasks; one that fails does not stop the others."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gatehouse.context import UseCaseContext
from gatehouse.core.audit.canonical_json import sha256
from gatehouse.core.retraining.manual_options import requested_estimators
from gatehouse.core.rows.row_keys import KEY
from gatehouse.core.statistics.blocked_rows import effective_rows
from gatehouse.core.statistics.metrics import metrics_for, why_undefined
from gatehouse.core.types import Candidate, Request, TrainingSet
from gatehouse.errors import ModelError
from gatehouse.pipeline.batch_data.labelled_rows import fit_on, labels_in, metric_on, weights_in
from gatehouse.pipeline.batch_data.provenance import provenance
from gatehouse.pipeline.batch_data.row_keys import BATCH, TIME
from gatehouse.pipeline.maintenance.track_mlflow import log_or_keep
from gatehouse.pipeline.reinstate import reinstated_candidate, version_to_reinstate
from gatehouse.pipeline.score import model_inputs
from gatehouse.ports import TrainingRun
from gatehouse.user_code import DATA_SCIENTIST, user_code

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

INNER_SHARE = 0.25


@dataclass(frozen=True)
class Made:
    """A candidate that was fitted and measured, the bytes of its model file, and what is logged of it."""

    estimator: Any
    file: bytes
    params: Mapping[str, Any]
    metrics: dict[str, float]
    plots: Mapping[str, bytes]
    columns: dict[str, str]


def candidate_names(ctx: UseCaseContext, request: Request | None = None) -> list[str]:
    """The names of the use case's estimators; of a request, those that it asks for, or the former champion's."""
    former = version_to_reinstate(ctx, request)
    if former is not None:
        return [former.candidate]
    own = sorted(ctx.case.estimators())
    return requested_estimators(request, own) if request else own


def fit(ctx: UseCaseContext, request_id: str, name: str) -> Candidate:
    """Fit one estimator, measure it, store it and log it; a candidate that was recorded before is returned as it is.

    It is measured on the newest part of its training window after being fitted on the older part, then fitted on the
    whole window (docs/adr/0004). What its code raises becomes the candidate's reason, not the run's failure. A former
    champion that is asked back is recorded as it is.
    """
    for known in ctx.ledger.requests.candidates(request_id):
        if known.name == name:
            return known
    lease = ctx.ledger.attempts.enter(f"{ctx.name}/{request_id}/fit/{name}")
    training_set = ctx.ledger.requests.training_set(request_id)
    former = version_to_reinstate(ctx, ctx.ledger.requests.get(request_id))
    candidate = reinstated_candidate(ctx, training_set, former) if former else _fitted(ctx, training_set, name)
    ctx.ledger.requests.record_candidate(lease, candidate)
    return candidate


def _fitted(ctx: UseCaseContext, training_set: TrainingSet, name: str) -> Candidate:
    frame = ctx.lake.frame(training_set.training)
    try:
        with user_code(ModelError, ctx.case.model_file, f"candidate {name!r}", DATA_SCIENTIST):
            made = make(ctx, frame, name, ctx.tracking.keeps_plots)
    except ModelError as error:
        return _failed(ctx, training_set, name, str(error))
    return _logged(ctx, training_set, name, made)


def make(ctx: UseCaseContext, frame: pd.DataFrame, name: str, plots: bool = False) -> Made:
    """Fit and measure one estimator on labelled rows; ModelError says why that cannot be."""
    task, models = ctx.case.retrain.task, ctx.models
    models.check_storable(name, ctx.case.estimators()[name])
    older, newer = inner_split(frame)
    trial = fit_on(ctx, name, older)
    predictions = models.predict(trial, model_inputs(newer), task)
    metrics = candidate_metrics(ctx, newer, predictions)
    selection_metric = ctx.case.retrain.selection_metric
    if not math.isfinite(metrics[selection_metric]):
        why = why_undefined(selection_metric, labels_in(newer), predictions)
        raise ModelError(
            f"estimator {name!r} cannot be compared: {selection_metric} is not defined on the newest {len(newer):,} rows of the "
            f"training window: {why}"
        )
    estimator = fit_on(ctx, name, frame)
    models.predict(estimator, model_inputs(newer), task)  # a NaN must show here, not at three at night
    return Made(
        estimator,
        models.dump(estimator),
        {"rows": len(frame), "inner_rows": len(newer), **_effective(frame), **models.parameters(estimator)},
        metrics,
        _plots(ctx, trial, newer, predictions) if plots else {},
        {str(column): str(kind) for column, kind in model_inputs(frame).dtypes.items()},
    )


def _logged(ctx: UseCaseContext, training_set: TrainingSet, name: str, made: Made) -> Candidate:
    file = ctx.lake.put(made.file, "models", "skops")
    run = TrainingRun(made.params, made.metrics, made.plots, provenance(ctx, training_set), made.columns)
    return Candidate(training_set.request, name, made.metrics, file, log_or_keep(ctx, training_set, name, run))


def _plots(
    ctx: UseCaseContext, trial: Any, newer: pd.DataFrame, predictions: NDArray[np.float64]
) -> Mapping[str, bytes]:
    policy, labels = ctx.case.retrain, labels_in(newer)
    importance = ctx.models.importance(
        trial, model_inputs(newer), labels, policy.selection_metric, policy.task, policy.seed
    )
    return ctx.models.plots(policy.task, labels, predictions, importance)


def _failed(ctx: UseCaseContext, training_set: TrainingSet, name: str, reason: str) -> Candidate:
    tags = {**provenance(ctx, training_set), "gatehouse.flag": "failed", "gatehouse.reason": reason}
    run = TrainingRun({}, {}, {}, tags)
    return Candidate(training_set.request, name, {}, None, log_or_keep(ctx, training_set, name, run), reason)


def inner_split(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split labelled rows into those to fit on and those to measure on; neither is empty where there are two rows.

    The newest batch is measured on. Of a single batch it is the newest quarter, or, where the times of the rows do not
    say which that is, a quarter of the rows drawn by their keys.
    """
    batches = frame[BATCH].drop_duplicates()
    newest = (
        (frame[BATCH] == batches.iloc[-1]).to_numpy()
        if len(batches) > 1
        else newest_share(frame[TIME], frame[KEY], INNER_SHARE)
    )
    return frame[~newest], frame[newest]


def newest_share(time: pd.Series[Any], keys: pd.Series[Any], share: float) -> NDArray[np.bool_]:
    """Mark the rows newer than a share of all others; where none is, that share of the rows by the hash of their keys."""
    import numpy as np

    newest: NDArray[np.bool_] = np.array(time > time.quantile(1 - share), dtype=bool)
    if newest.any() or len(keys) < 2:
        return newest
    order = np.argsort([sha256(str(key)) for key in keys], kind="stable")
    newest[order[: max(1, int(len(keys) * share))]] = True
    return newest


def candidate_metrics(ctx: UseCaseContext, rows: pd.DataFrame, predictions: NDArray[np.float64]) -> dict[str, float]:
    """Every metric of the task, and the use case's own."""
    names = (*metrics_for(ctx.case.retrain.task), *ctx.case.own_metrics)
    return {name: metric_on(name, rows, predictions) for name in names}


def _effective(frame: pd.DataFrame) -> dict[str, float]:
    """How many rows of equal weight would tell as much; nothing where all rows count alike."""
    weights = weights_in(frame)
    return {} if weights is None else {"effective_rows": effective_rows(weights)}
