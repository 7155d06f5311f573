"""Labelled rows: a batch with its labels and weights, and how an estimator is fitted and measured on such rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gatehouse.context import UseCaseContext
from gatehouse.core.statistics.metrics import evaluate
from gatehouse.core.types import Batch, Outcomes
from gatehouse.pipeline.batch_data.row_keys import LABEL, WEIGHT, accepted_tables, batch_frame, with_labels
from gatehouse.pipeline.score import model_inputs
from gatehouse.use_case_code import weights_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


def labelled_frame(ctx: UseCaseContext, batch: Batch, outcomes: Outcomes | None) -> pd.DataFrame:
    """The frame of `batch_frame` with its labels, NaN where the outcome has not arrived, and its weights."""
    return with_labels(ctx, with_weights(ctx, batch, batch_frame(ctx, batch)), outcomes)


def with_weights(ctx: UseCaseContext, batch: Batch, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with what weights() of `model.py` says of each row (`gh_weight`); as it is where there is no weights()."""
    if not ctx.case.has_weights:
        return frame
    parts = tuple(sorted(part.accepted.sha256 for part in batch.tables.values() if part.accepted))
    made = ctx.remembered(("weights", batch.id, parts), lambda: weights_of(ctx.case, accepted_tables(ctx, batch)))
    return frame.assign(**{WEIGHT: made.to_numpy("float64")})


def labels_in(frame: pd.DataFrame) -> NDArray[np.float64]:
    """The label of each row."""
    return frame[LABEL].to_numpy("float64")


def weights_in(frame: pd.DataFrame) -> NDArray[np.float64] | None:
    """The weight of each row; None where all rows count alike."""
    return frame[WEIGHT].to_numpy("float64") if WEIGHT in frame else None


def fit_on(ctx: UseCaseContext, name: str, frame: pd.DataFrame, seed: int | None = None) -> Any:
    """One estimator of the use case, fresh and fitted on these rows."""
    estimator = ctx.case.estimators(seed)[name]
    return ctx.models.fit(name, estimator, model_inputs(frame), labels_in(frame), weights_in(frame))


def metric_on(name: str, frame: pd.DataFrame, scores: Any) -> float:
    """A metric of these predictions of these rows."""
    return evaluate(name, labels_in(frame), scores, weights_in(frame))
