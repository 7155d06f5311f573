"""Choose: the best candidate becomes the challenger and is registered; every other one is flagged with why it lost."""

from __future__ import annotations

import math

from gatehouse.context import UseCaseContext
from gatehouse.core.audit.canonical_json import canonical
from gatehouse.core.statistics.metrics import metric_named
from gatehouse.core.types import Candidate, ModelVersion
from gatehouse.errors import ModelError
from gatehouse.pipeline.batch_data.provenance import requirements
from gatehouse.pipeline.batch_data.reference import reference_of
from gatehouse.pipeline.final_fit import describe_final_fit, served_model
from gatehouse.pipeline.maintenance.track_mlflow import projecting, run_of
from gatehouse.pipeline.reinstate import origin, version_to_reinstate
from gatehouse.pipeline.score import model_inputs
from gatehouse.ports import Registration

EXAMPLE_ROWS = 5


def choose(ctx: UseCaseContext, request_id: str) -> ModelVersion:
    """Register the candidate that did best on the newest part of the training window; ModelError when none was fitted."""
    candidates = ctx.ledger.requests.candidates(request_id)
    ranked = rank(candidates, ctx.case.retrain.selection_metric)
    for model in ctx.ledger.models.list(ctx.name):
        if model.request == request_id:
            return _told(ctx, model)
    if not ranked or ranked[0].file is None:
        metric = ctx.case.retrain.selection_metric
        unmeasured = f"{metric} (selection_metric in retrain.yaml) is not a finite number"
        reasons = "; ".join(f"{candidate.name}: {candidate.reason or unmeasured}" for candidate in candidates)
        raise ModelError(f"no candidate of {ctx.name} could be fitted and measured: {reasons or 'there are none'}")
    lease = ctx.ledger.attempts.enter(f"{ctx.name}/{request_id}/choose")
    training_set = ctx.ledger.requests.training_set(request_id)
    best = ranked[0]
    former = version_to_reinstate(ctx, ctx.ledger.requests.get(request_id))
    file, until = (
        (former.file, former.trained_until) if former else served_model(ctx, training_set, best, ranked[0].file)
    )
    serves = file.sha256 if file != best.file else ""
    known = reference_of(ctx, training_set, best, serves)
    reference = ctx.lake.put(canonical(known.to_document()).encode(), "references", "json")
    asked = ModelVersion(ctx.name, 0, best.name, file, reference, training_set.sha256, request_id, best.run_id, until)
    return _told(ctx, ctx.ledger.models.register(lease, asked))


def _told(ctx: UseCaseContext, model: ModelVersion) -> ModelVersion:
    with projecting(ctx, f"version {model.version}"):
        tell_choice(ctx, model)
    return model


def rank(candidates: list[Candidate], metric: str) -> list[Candidate]:
    """The fitted candidates whose metric is a number, the best first; ties go by name."""
    loss = metric_named(metric).loss
    usable = [c for c in candidates if c.file is not None and math.isfinite(c.metrics.get(metric, math.nan))]
    return sorted(usable, key=lambda candidate: (loss(candidate.metrics[metric]), candidate.name))


def tell_choice(ctx: UseCaseContext, model: ModelVersion) -> None:
    """Register a version in MLflow and flag the candidates of its request; after the ledger, and again without harm."""
    candidates, metric = ctx.ledger.requests.candidates(model.request), ctx.case.retrain.selection_metric
    best = next(candidate for candidate in candidates if candidate.name == model.candidate)
    former = origin(ctx, model)
    chosen = (
        f"version {former.version} again, a former champion"
        if former
        else f"the best of {len(candidates)} candidates by {metric} ({best.metrics.get(metric, math.nan):.4f}) on the newest "
        "batch of its training window"
    )
    description = (
        f"Challenger {model.version} of {ctx.case.contract.title}: {model.candidate}, {chosen}; "
        f"trained on data until {model.trained_until:%Y-%m-%d}. The gate decides whether it serves. "
        f"{describe_final_fit(ctx, model)}"
    ).strip()
    if ctx.tracking.keeps_models:
        ctx.tracking.register(model, _registration(ctx, model, description))
    for candidate in candidates:
        ctx.tracking.flag(run_of(ctx, candidate), _flag(candidate, best, metric, model.version))


def _registration(ctx: UseCaseContext, model: ModelVersion, description: str) -> Registration:
    """The version as MLflow keeps it. `features()` goes with it while the code is the one that made the training set."""
    training_set, contract = ctx.ledger.requests.training_set(model.request), ctx.case.contract
    features = model_inputs(ctx.lake.frame(training_set.training))
    columns = {str(name): str(kind) for name, kind in features.dtypes.items()}
    code = ctx.case.own_code if training_set.model_code in ("", ctx.case.code_sha256) else None
    times = {
        name: [column for column, kind in table.columns.items() if str(kind).startswith("timestamp")]
        for name, table in contract.tables.items()
    }
    tables = {contract.main: times.pop(contract.main), **times}
    return Registration(
        ctx.lake.read(model.file), requirements(), description, ctx.case.retrain.task, columns,
        features.head(EXAMPLE_ROWS), tables if code else {}, code, ctx.case.retrain.class_names,
    )  # fmt: skip


def _flag(candidate: Candidate, best: Candidate, metric: str, version: int) -> dict[str, str]:
    if candidate.name == best.name:
        return {"gatehouse.flag": "challenger", "gatehouse.version": str(version)}
    if candidate.file is None:
        return {"gatehouse.flag": "failed", "gatehouse.reason": candidate.reason}
    value = candidate.metrics.get(metric, math.nan)
    reason = f"{metric} {value:.4f}, {best.name} has {best.metrics.get(metric, math.nan):.4f}"
    return {"gatehouse.flag": "lost", "gatehouse.reason": reason}
