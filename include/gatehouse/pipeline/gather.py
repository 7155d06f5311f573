"""Gather: a claimed request becomes a training set, recorded row by row (invariant I9)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gatehouse.context import UseCaseContext
from gatehouse.core.audit.canonical_json import digest
from gatehouse.core.retraining.holdout_split import MaturedBatch, Split, split
from gatehouse.core.retraining.manual_options import requested_by, requested_window
from gatehouse.core.retraining.refit_check import refit_records
from gatehouse.core.rows.outcome_rows import describe
from gatehouse.core.rows.returned_frames import NotTabularError, storable
from gatehouse.core.types import BatchId, FileRef, ModelVersion, Request, RequestState, TrainingSet
from gatehouse.errors import ModelError, NotEnoughDataError, RecordNotFoundError
from gatehouse.model_code import place_of
from gatehouse.pipeline.batch_data.labelled_rows import labelled_frame
from gatehouse.pipeline.batch_data.row_keys import LABEL, newest_revisions
from gatehouse.pipeline.batch_data.suspect_cells import refuse_infinite
from gatehouse.pipeline.batch_data.training_window import choose_window
from gatehouse.pipeline.reinstate import version_to_reinstate
from gatehouse.stacked_tables import stacked
from gatehouse.user_code import DATA_SCIENTIST

if TYPE_CHECKING:
    import pandas as pd

SHORT_SHOWN = 2  # batches that are not mature, in the sentence about a training that has too few


def claim(ctx: UseCaseContext, request_id: str) -> Request:
    """open -> claimed. A request that is claimed or rests already is returned as it is."""
    request = ctx.ledger.requests.get(request_id)
    if request.state is not RequestState.OPEN:
        return request
    lease = ctx.ledger.attempts.enter(f"{ctx.name}/{request_id}/claim")
    return ctx.ledger.requests.claim(lease, request_id)


def build_training_set(ctx: UseCaseContext, request: Request) -> TrainingSet:
    """Split the accepted, matured rows that had arrived by `request.as_of` into training and holdout; record both.
    A former champion that is asked back keeps its own training rows, and is judged on the newest ones.

    Batches less mature than `min_maturity` are left out, and so are rows without an outcome. NotEnoughDataError when there
    is nothing to hold out that lies after everything the champion was trained on.
    """
    try:
        return ctx.ledger.requests.training_set(request.id)
    except RecordNotFoundError:
        lease = ctx.ledger.attempts.enter(f"{ctx.name}/{request.id}/gather")
    champion = ctx.ledger.models.champion(ctx.name)
    frames, errors = labelled(ctx, request.as_of)
    intervals = {batch.id: batch.interval for batch in newest_revisions(ctx.ledger.batches.list(ctx.name))}
    candidates = [MaturedBatch(batch, len(frame), intervals[batch]) for batch, frame in frames.items()]
    former = version_to_reinstate(ctx, request)
    ends = [model.trained_until for model in (champion and champion.model, former) if model]
    try:
        chosen, told = _chosen(ctx, request, former, candidates, frames, max(ends, default=None))
    except NotEnoughDataError as error:
        left_out = [f"batch {batch} is left out: {why}" for batch, why in errors.items()]
        raise NotEnoughDataError(
            "; ".join([str(error), *left_out, *outcomes_short(ctx, request.as_of, frames)])
        ) from error
    if errors:
        told |= {"left_out": errors}
    own = ctx.ledger.requests.training_set(former.request) if former else None
    training = own.training if own else _store(ctx, [frames[batch] for batch in chosen.training])
    holdout = _store(ctx, [frames[batch] for batch in chosen.holdout])
    identity = digest([training.sha256, holdout.sha256])
    batches = own.training_batches if own else chosen.training
    training_set = TrainingSet(
        identity, request.id, training, holdout, batches, chosen.holdout, model_code=ctx.case.code_sha256
    )
    if told:
        ctx.ledger.audit_log.note("training.window", request.id, "gather", told)
    ctx.ledger.requests.record_training_set(lease, training_set)
    return training_set


def _chosen(
    ctx: UseCaseContext,
    request: Request,
    former: ModelVersion | None,
    matured: Sequence[MaturedBatch],
    frames: Mapping[BatchId, pd.DataFrame],
    until: datetime | None,
) -> tuple[Split, dict[str, Any]]:
    """The split, and what is told of it. A former champion that is asked back brings its own training rows."""
    if former is not None:
        return split(matured, ctx.case.retrain, until), {"reinstates": former.version}
    wanted = requested_window(request, ctx.case.retrain.window)
    records = refit_records(ctx.ledger.batches.watches(ctx.name), request.as_of)
    chosen, told = choose_window(ctx, matured, frames, until, wanted, records)
    if asked_by := requested_by(request):
        told |= {"asked_by": asked_by, "batches": len(chosen.training)}
    return chosen, told


def labelled(ctx: UseCaseContext, as_of: datetime) -> tuple[dict[BatchId, pd.DataFrame], dict[str, str]]:
    """The labelled rows of each accepted batch that is mature enough by `as_of`, in the order of time; and the errors of
    those batches that the model code raises on or makes infinite, which are left out. When these are all, this raises."""
    arrived = ctx.ledger.batches.outcomes(ctx.name, as_of)
    frames, errors = {}, {}
    raised: ModelError | None = None
    for batch in newest_revisions(ctx.ledger.batches.list(ctx.name)):
        if batch.interval.end <= as_of and batch.id.key in arrived:
            try:
                frame = labelled_frame(ctx, batch, arrived[batch.id.key])
                refuse_infinite(frame)
            except ModelError as error:
                raised, errors[str(batch.id)] = error, str(error)
                continue
            known = frame[LABEL].notna()
            if len(frame) and known.mean() >= ctx.case.retrain.min_maturity:
                frames[batch.id] = frame[known]
    if raised is not None and not frames:
        raise raised
    return frames, errors


def outcomes_short(ctx: UseCaseContext, as_of: datetime, matured: Collection[BatchId]) -> list[str]:
    """Why batches whose outcomes have arrived are not mature, a sentence for each of the newest ones."""
    arrived = ctx.ledger.batches.outcomes(ctx.name, as_of)
    short = [
        f"outcomes of {batch.id.key}: {sentence}"
        for batch in newest_revisions(ctx.ledger.batches.list(ctx.name))
        if batch.id not in matured and batch.id.key in arrived and (match := arrived[batch.id.key].match) is not None
        if (sentence := describe(match))
    ]
    return short[-SHORT_SHOWN:]


def _store(ctx: UseCaseContext, frames: Sequence[pd.DataFrame]) -> FileRef:
    """The batches one below the other as a file; ModelError for a column of another kind in one batch than in the next."""
    whole = stacked(frames)
    try:
        storable(whole)
    except NotTabularError as error:
        raise ModelError(
            "features() returned values of several kinds over the batches of the training set",
            where=place_of(ctx.case.model_file, "features"),
            found=error.found,
            allowed=error.allowed,
            owner=DATA_SCIENTIST,
        ) from error
    return ctx.lake.put_frame(whole, "training")


def latest_interval_end(ctx: UseCaseContext, batches: Sequence[BatchId]) -> datetime:
    """The end of the newest batch that a model was trained on."""
    intervals = [ctx.ledger.batches.get(batch).interval for batch in batches]
    return max(interval.end for interval in intervals)
