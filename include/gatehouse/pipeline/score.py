"""Score: the champion, resolved once from the ledger, predicts an accepted batch. Whose turn it is, is decided here too."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from gatehouse.context import PartitionWork, UseCaseContext
from gatehouse.core.contract.batch_calendar import Span
from gatehouse.core.rows.row_keys import KEY
from gatehouse.core.rows.scores import score_columns
from gatehouse.core.types import Batch, BatchId, BatchState, Champion, Prediction
from gatehouse.errors import ModelError, NotAllowedError
from gatehouse.pipeline.batch_data.known_classes import check_classes
from gatehouse.pipeline.batch_data.row_keys import batch_frame, newest_revisions
from gatehouse.pipeline.batch_data.suspect_cells import suspect
from gatehouse.pipeline.partitions import partition_score
from gatehouse.pipeline.partitions.partition_reader import is_partitioned


def unscored_batches(ctx: UseCaseContext) -> list[Batch]:
    """The accepted batches that have no watch verdict yet, in the order of time."""
    watched = {report.batch for report in ctx.ledger.batches.watches(ctx.name)}
    return [batch for batch in newest_revisions(ctx.ledger.batches.list(ctx.name)) if batch.id not in watched]


def blocked_by(ctx: UseCaseContext, batch: BatchId, waited: float) -> str:
    """Why it is not this batch's turn to be scored and watched; empty when it is.

    Batches are watched in the order of time, and a batch waits for the retrain request that an earlier one opened:
    so a backlog gives the same champions as the same batches one at a time. `waited` is how many seconds this batch
    has waited; beyond the policy's patience it goes ahead, because production scoring must not stop for a training.
    """
    if waited > _seconds(ctx.case.retrain.max_scoring_wait):
        return ""
    earlier = [other.id for other in unscored_batches(ctx) if other.id < batch]
    if earlier:
        return f"batch {earlier[0].key} comes first"
    request = ctx.ledger.requests.pending(ctx.name)
    return f"retrain request {request.id[:8]} of batch {request.opened_by} is {request.state}" if request else ""


def score(ctx: UseCaseContext, batch_id: BatchId, done: Sequence[PartitionWork] = ()) -> Prediction | None:
    """Predict every accepted row with the champion; None while there is no champion. Each row of the file carries the
    one (version, sha256, generation) that made it. A batch scored before keeps its predictions. `done` is what other tasks have
    scored of a divided batch; what was scored by another champion than the present one is scored again."""
    lease = ctx.ledger.attempts.enter(f"{batch_id}/score")
    scored = [prediction for prediction in ctx.ledger.batches.predictions(ctx.name) if prediction.batch == batch_id]
    if scored:
        return scored[0]
    champion = ctx.ledger.models.champion(ctx.name)
    if champion is None:
        return None
    batch = ctx.ledger.batches.get(batch_id)
    if batch.state is not BatchState.ACCEPTED:
        raise NotAllowedError(f"batch {batch_id} is {batch.state}; only an accepted batch is scored")
    if is_partitioned(ctx, batch):
        file = partition_score.merge_scores(ctx, batch, champion, done) or partition_score.score_all(
            ctx, batch, champion
        )
    else:
        file = ctx.lake.put_frame(predictions_frame(ctx, champion, batch), "predictions")
    prediction = Prediction(batch_id, champion.model.version, champion.model.file.sha256, champion.generation, file)
    ctx.ledger.batches.scored(lease, prediction)
    return prediction


def predictions_frame(ctx: UseCaseContext, champion: Champion, batch: Batch) -> Any:
    """Row keys and scores of a batch by the champion, with what made them (a pandas DataFrame)."""
    frame = batch_frame(ctx, batch)
    return predict_frame(ctx, champion, frame[KEY], model_inputs(frame))


def predict_frame(ctx: UseCaseContext, champion: Champion, keys: Any, features: Any) -> Any:
    """Row keys and scores of these rows by the champion, with what made them."""
    return predict_rows(ctx, champion, open_champion(ctx, champion), keys, features)


def open_champion(ctx: UseCaseContext, champion: Champion) -> Any:
    """The champion's estimator, from the bytes that the ledger recorded."""
    check_classes(ctx, champion.model)
    return ctx.models.load(ctx.lake.read(champion.model.file), champion.model.file.sha256)


def predict_rows(ctx: UseCaseContext, champion: Champion, estimator: Any, keys: Any, features: Any) -> Any:
    """As `predict_frame`, by the champion's estimator that is open already."""
    import pandas as pd

    try:
        scores = ctx.models.predict(estimator, features, ctx.case.retrain.task)
    except ModelError as error:
        raise ModelError(
            f"version {champion.model.version} ({champion.model.candidate}): {suspect(error, keys, features)}"
        ) from error
    columns = score_columns("score", scores, ctx.case.retrain.class_names)
    return pd.DataFrame({"key": keys, **columns, **made_by(champion)})


def made_by(champion: Champion) -> dict[str, Any]:
    """What each file and answer says about the model that made its scores."""
    return {"version": champion.model.version, "sha256": champion.model.file.sha256, "generation": champion.generation}


def model_inputs(frame: Any, marks: Collection[str] | None = None) -> Any:
    """The feature columns of a frame with `gh_*` marks."""
    return frame[[name for name in frame.columns if not name.startswith("gh_")]]


def _seconds(span: str) -> float:
    start = datetime(2000, 1, 1)
    return (Span.parse(span).after(start) - start).total_seconds()
