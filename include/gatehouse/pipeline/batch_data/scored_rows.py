"""Predictions and labels of rows as columns of a frame: what only the use case's classes can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gatehouse.core.drift.reference import SCORE
from gatehouse.core.rows.scores import score_columns, scores_in
from gatehouse.core.statistics.class_metrics import happened
from gatehouse.core.statistics.weighted_means import weighted_mean
from gatehouse.pipeline.batch_data.row_keys import LABEL

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from gatehouse.context import UseCaseContext


def with_scores(ctx: UseCaseContext, frame: pd.DataFrame, scores: Any) -> pd.DataFrame:
    """The rows with their predictions: in `gh_score`, or of more than two classes in `gh_score:<class>` for each."""
    return frame.assign(**score_columns(SCORE, scores, ctx.case.retrain.class_names))


def scores_of(ctx: UseCaseContext, frame: pd.DataFrame) -> NDArray[np.float64]:
    """The predictions of rows of `with_scores`: (rows,), or (rows, classes)."""
    return scores_in(frame, SCORE, ctx.case.retrain.class_names)


def labels_by_name(ctx: UseCaseContext, labels: pd.Series[Any]) -> pd.Series[Any]:
    """Labels as people read them: numbers as they are, of more than two classes the names."""
    classes = ctx.case.retrain.class_names
    return labels.map(dict(enumerate(classes))) if classes else labels


def class_of(ctx: UseCaseContext, frame: pd.DataFrame) -> pd.Series[Any]:
    """The class of each labelled row as text: `0` and `1`, or the name."""
    names = ctx.case.retrain.class_names or ("0", "1")
    return frame[LABEL].map(dict(enumerate(names)))


def label_shares(
    ctx: UseCaseContext, labels: NDArray[np.float64], weights: NDArray[np.float64] | None = None
) -> float | NDArray[np.float64]:
    """The mean label, of more than two classes each one's share of the rows; NaN without rows."""
    classes = len(ctx.case.retrain.class_names)
    if not classes:
        return weighted_mean(labels, weights).item()
    return weighted_mean(happened(labels, classes), weights)
