"""Fit: one candidate of a retrain run. Several run side by side as mapped tasks; one that fails does not stop the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gatehouse.core.records import Candidate, Request, TrainingSet
from gatehouse.core.statistics.metrics import evaluate, metrics_for
from gatehouse.core.wishes import wished_estimators
from gatehouse.errors import ModelError, UntrustedModel
from gatehouse.ports import Fit
from gatehouse.site import Site
from gatehouse.stages.provenance import provenance
from gatehouse.stages.rows import BATCH, LABEL, TIME
from gatehouse.stages.score import model_inputs

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

INNER_SHARE = 0.25


def names(site: Site, request: Request | None = None) -> list[str]:
    """The names of the use case's estimators; of a request, those that it asks for."""
    own = sorted(_estimators(site))
    return wished_estimators(request, own) if request else own


def fit(site: Site, request_id: str, name: str) -> Candidate:
    """Fit one estimator, measure it, store it and log it; a candidate that was recorded before is returned as it is.

    It is measured on the newest part of its training window after being fitted on the older part, then fitted on the
    whole window (docs/adr/0004). What its code raises becomes the candidate's reason, not the run's failure.
    """
    for known in site.ledger.requests.candidates(request_id):
        if known.name == name:
            return known
    lease = site.ledger.attempts.enter(f"{site.name}/{request_id}/fit/{name}")
    training_set = site.ledger.requests.training_set(request_id)
    try:
        candidate = _fitted(site, training_set, name)
    except (ModelError, UntrustedModel) as error:
        candidate = _failed(site, training_set, name, str(error))
    site.ledger.requests.record_candidate(lease, candidate)
    return candidate


def _fitted(site: Site, training_set: TrainingSet, name: str) -> Candidate:
    frame = site.lake.frame(training_set.training)
    older, newer = inner_split(frame)
    trial = site.models.fit(name, _estimators(site)[name], model_inputs(older), _labels(older))
    predictions = site.models.predict(trial, model_inputs(newer), site.case.retrain.task)
    metrics = measured(site, _labels(newer), predictions)
    estimator = site.models.fit(name, _estimators(site)[name], model_inputs(frame), _labels(frame))
    site.models.predict(
        estimator, model_inputs(newer), site.case.retrain.task
    )  # a NaN must show here, not at three at night
    file = site.lake.put(site.models.dump(estimator), "models", "skops")
    plots = _plots(site, trial, newer, predictions) if site.tracking.keeps_plots else {}
    params = {"rows": len(frame), "inner_rows": len(newer), **_params(estimator)}
    columns = {str(column): str(kind) for column, kind in model_inputs(frame).dtypes.items()}
    run = Fit(params, metrics, plots, provenance(site, training_set), columns)
    run_id = site.tracking.log_candidate(site.name, training_set.request, name, run, training_set)
    return Candidate(training_set.request, name, metrics, file, run_id)


def _plots(site: Site, trial: Any, newer: pd.DataFrame, predictions: NDArray[np.float64]) -> Mapping[str, bytes]:
    policy, labels = site.case.retrain, _labels(newer)
    importance = site.models.importance(trial, model_inputs(newer), labels, policy.choose_by, policy.task, policy.seed)
    return site.models.plots(policy.task, labels, predictions, importance)


def _failed(site: Site, training_set: TrainingSet, name: str, reason: str) -> Candidate:
    tags = {**provenance(site, training_set), "gatehouse.flag": "failed", "gatehouse.reason": reason}
    run = Fit({}, {}, {}, tags)
    run_id = site.tracking.log_candidate(site.name, training_set.request, name, run, training_set)
    return Candidate(training_set.request, name, {}, None, run_id, reason)


def inner_split(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The older rows to fit on and the newest batch to measure on; the newest quarter when there is one batch only."""
    batches = frame[BATCH].drop_duplicates()
    last_quarter = frame[TIME] > frame[TIME].quantile(1 - INNER_SHARE)
    newest = frame[BATCH] == batches.iloc[-1] if len(batches) > 1 else last_quarter
    return frame[~newest], frame[newest]


def measured(site: Site, labels: NDArray[np.float64], predictions: NDArray[np.float64]) -> dict[str, float]:
    """Every metric of the task, and the use case's own."""
    names = (*metrics_for(site.case.retrain.task), *site.case.own_metrics)
    return {name: evaluate(name, labels, predictions) for name in names}


def _labels(frame: pd.DataFrame) -> NDArray[np.float64]:
    return frame[LABEL].to_numpy("float64")


def _estimators(site: Site) -> dict[str, Any]:
    try:
        return site.case.model.estimators(site.case.retrain.seed)
    except Exception as error:
        where = site.case.folder / "model.py"
        raise ModelError(
            f"{where}: estimators() raised {type(error).__name__}: {error}; the data scientist's to change"
        ) from error


def _params(estimator: Any) -> dict[str, Any]:
    """The parameters of a pipeline's last step: what a data scientist compares runs by."""
    final = estimator[-1] if hasattr(estimator, "steps") else estimator
    return {f"{type(final).__name__}.{name}": value for name, value in final.get_params(deep=False).items()}
