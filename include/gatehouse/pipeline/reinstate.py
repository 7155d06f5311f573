"""Reinstate: a former champion is a candidate again. Nothing is fitted; its rows, file and numbers are those on record.

It becomes a new version with the same file, so that gate, decision, promotion, MLflow and rollback treat it as any challenger.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from gatehouse.context import UseCaseContext
from gatehouse.core.retraining.reinstatement import reinstated_version
from gatehouse.core.types import BatchState, Candidate, Champion, ModelVersion, Request, TrainingSet
from gatehouse.pipeline.batch_data.provenance import provenance
from gatehouse.pipeline.maintenance.track_mlflow import log_or_keep
from gatehouse.pipeline.score import model_inputs
from gatehouse.ports import TrainingRun

if TYPE_CHECKING:
    from gatehouse.core.types import Batch, BatchId


def version_to_reinstate(ctx: UseCaseContext, request: Request | None) -> ModelVersion | None:
    """The former champion that a request asks back; None where it asks for a training."""
    version = reinstated_version(request) if request else None
    return None if version is None else ctx.ledger.models.get(ctx.name, version)


def origin(ctx: UseCaseContext, model: ModelVersion) -> ModelVersion | None:
    """The version that a model is again; None where it was trained."""
    return version_to_reinstate(ctx, ctx.ledger.requests.get(model.request))


def first_versions(ctx: UseCaseContext) -> dict[str, ModelVersion]:
    """The oldest version that has a model file, by the file's hash: what a reinstated version is again."""
    found: dict[str, ModelVersion] = {}
    for model in ctx.ledger.models.list(ctx.name):
        found.setdefault(model.file.sha256, model)
    return found


def former_champions(ctx: UseCaseContext, champion: Champion) -> list[ModelVersion]:
    """The former champions that can be reinstated, the last to serve first: of each file the oldest version, and not the
    champion's own.

    The use case's `model.py` is still the one that made their rows, and these rows are still accepted.
    """
    batches, first = {batch.id: batch for batch in ctx.ledger.batches.list(ctx.name)}, first_versions(ctx)
    served = {model.version: model.file.sha256 for model in ctx.ledger.models.list(ctx.name)}
    files = dict.fromkeys(served[each.version] for each in reversed(ctx.ledger.models.promotions(ctx.name)))
    known = [first[each] for each in files if each != champion.model.file.sha256]
    return [model for model in known if _still_valid(ctx, model, batches)]


def _still_valid(ctx: UseCaseContext, model: ModelVersion, batches: Mapping[BatchId, Batch]) -> bool:
    rows = ctx.ledger.requests.training_set(model.request)
    states = {batches[each].state for each in rows.training_batches if each in batches}
    return rows.model_code == ctx.case.code_sha256 and states == {BatchState.ACCEPTED}


def reinstated_candidate(ctx: UseCaseContext, training_set: TrainingSet, former: ModelVersion) -> Candidate:
    """The former champion as the one candidate of a request, with the metrics of its own training."""
    known = next(each for each in ctx.ledger.requests.candidates(former.request) if each.name == former.candidate)
    columns = model_inputs(ctx.lake.frame(training_set.training)).dtypes.items()
    tags = {**provenance(ctx, training_set), "gatehouse.reinstates": str(former.version)}
    metrics = dict(known.metrics)
    run = TrainingRun(
        {"reinstates": former.version}, metrics, {}, tags, {str(name): str(kind) for name, kind in columns}
    )
    run_id = log_or_keep(ctx, training_set, former.candidate, run)
    return Candidate(training_set.request, former.candidate, metrics, former.file, run_id)
