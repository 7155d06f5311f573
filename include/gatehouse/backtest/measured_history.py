"""The champion's metric on each batch of a history, on all outcomes that ever arrived."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gatehouse.backtest.errors import kept
from gatehouse.backtest.labelled_history import first_champion
from gatehouse.context import UseCaseContext
from gatehouse.core.rows.scores import score_names
from gatehouse.core.types import Batch, BatchId, Outcomes, Prediction, TrainingSet
from gatehouse.pipeline.batch_data.labelled_rows import metric_on
from gatehouse.pipeline.batch_data.row_keys import by_key
from gatehouse.pipeline.score import model_inputs

if TYPE_CHECKING:
    import pandas as pd


@dataclass
class History:
    """The ledger's records after a replay, each listed once: outcomes whenever they arrived, and by batch the accepted rows
    that have them."""

    ctx: UseCaseContext
    metric: str
    batches: list[Batch]
    outcomes: Mapping[str, Outcomes]
    frames: dict[str, pd.DataFrame]


@dataclass
class Measured:
    """`metrics` has for each batch that could be measured the champion's version, whether that came later than the batch,
    the metric and the rows; `errors` why others could not be. `scored` says which version scored a batch."""

    scored: dict[BatchId, int]
    metrics: dict[str, tuple[int, bool, float, int]] = field(default_factory=dict)
    errors: dict[str, list[str]] = field(default_factory=dict)


def measure(history: History, served: Collection[BatchId]) -> Measured:
    """Measure the version that scored each batch. A batch that no champion was there for, and that the first champion was
    neither trained on nor judged by, is measured with that one; `served` are those that there was one for."""
    ctx = history.ctx
    predictions = {prediction.batch: prediction for prediction in ctx.ledger.batches.predictions(ctx.name)}
    found = Measured({batch: prediction.version for batch, prediction in predictions.items()})
    for batch in history.batches:
        frame, prediction = history.frames.get(batch.id.key), predictions.get(batch.id)
        if frame is None or (prediction is None and batch.id in served):
            continue
        with kept(found.errors.setdefault(batch.id.key, []), "measuring"):
            scored = _by_record(ctx, prediction, frame) if prediction else _by_first(ctx, batch, frame)
            if scored is not None:
                value = metric_on(history.metric, frame, scored[1])
                found.metrics[batch.id.key] = scored[0], prediction is None, value, len(frame)
    return found


def _by_record(ctx: UseCaseContext, prediction: Prediction, frame: pd.DataFrame) -> tuple[int, Any]:
    """The version that scored a batch, and its scores of the labelled rows."""
    names = score_names("score", ctx.case.retrain.class_names)
    return prediction.version, by_key(ctx, frame, ctx.lake.frame(prediction.file, ["key", *names]))


def _by_first(ctx: UseCaseContext, batch: Batch, frame: pd.DataFrame) -> tuple[int, Any] | None:
    """The first champion and its scores; None where there is none, or where it was made of these rows."""
    first = first_champion(ctx)
    if first is None or batch.interval.start < holdout_end(ctx, first[1]):
        return None
    return first[0], predict(ctx, first[0], frame)


def holdout_end(ctx: UseCaseContext, training_set: TrainingSet) -> datetime:
    """The end of the rows that a model was trained on or judged by."""
    return max(ctx.ledger.batches.get(batch).interval.end for batch in training_set.holdout_batches)


def predict(ctx: UseCaseContext, version: int, frame: pd.DataFrame) -> Any:
    """A registered version's predictions of labelled rows."""
    model = ctx.ledger.models.get(ctx.name, version)
    estimator = ctx.models.load(ctx.lake.read(model.file), model.file.sha256)
    return ctx.models.predict(estimator, model_inputs(frame), ctx.case.retrain.task)
