"""Row keys and joins that several stages share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gatehouse.context import UseCaseContext
from gatehouse.core.rows.outcome_rows import one_for_each_key
from gatehouse.core.rows.row_keys import KEY, row_keys
from gatehouse.core.rows.scores import scores_in
from gatehouse.core.types import Batch, BatchState, Outcomes
from gatehouse.errors import ModelError
from gatehouse.use_case_code import features_of, labels_of

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

BATCH, TIME, LABEL, WEIGHT = "gh_batch", "gh_time", "gh_label", "gh_weight"
MARKS = (KEY, BATCH, TIME, LABEL, WEIGHT)


def newest_revisions(batches: Sequence[Batch]) -> list[Batch]:
    """The newest accepted revision of each batch, in the order of time."""
    newest = {
        batch.id.key: batch for batch in sorted(batches, key=lambda b: b.id) if batch.state is BatchState.ACCEPTED
    }
    return [newest[key] for key in sorted(newest)]


def accepted_tables(ctx: UseCaseContext, batch: Batch, names: Sequence[str] | None = None) -> dict[str, pd.DataFrame]:
    """The accepted rows of each table, or of some, of an accepted batch."""
    tables = {}
    for name in batch.tables if names is None else names:
        part = batch.tables[name]
        if part.accepted is None:
            raise ModelError(f"batch {batch.id} has no accepted rows of table {name!r}: it is {batch.state}")
        tables[name] = ctx.lake.frame(part.accepted)
    return tables


def batch_frame(ctx: UseCaseContext, batch: Batch) -> pd.DataFrame:
    """Features of an accepted batch with the row's key, batch and time in front (columns `gh_*`)."""
    parts = tuple(sorted(part.accepted.sha256 for part in batch.tables.values() if part.accepted))
    frame: pd.DataFrame = ctx.remembered(("batch_frame", batch.id, parts), lambda: _batch_frame(ctx, batch))
    return frame


def _batch_frame(ctx: UseCaseContext, batch: Batch) -> pd.DataFrame:
    import pandas as pd

    tables = accepted_tables(ctx, batch)
    spec = ctx.case.contract.tables[ctx.case.contract.main]
    main = tables[ctx.case.contract.main].reset_index(drop=True)
    time = main[spec.time_column] if spec.time_column else pd.Series([batch.interval.start] * len(main))
    keys = row_keys(main, spec.key, ctx.case.contract.normalise_keys)
    marks = {KEY: keys, BATCH: str(batch.id), TIME: pd.to_datetime(time, utc=True).dt.as_unit("us")}
    return pd.concat([pd.DataFrame(marks), features_of(ctx.case, tables)], axis=1)


def with_labels(ctx: UseCaseContext, frame: pd.DataFrame, outcomes: Outcomes | None) -> pd.DataFrame:
    """The frame of `batch_frame` with the label column; NaN where the outcome has not arrived."""
    import numpy as np

    if outcomes is None:
        return frame.assign(**{LABEL: np.nan})
    labels = ctx.remembered(("labels", outcomes.batch.use_case, outcomes.file.sha256), lambda: _labels(ctx, outcomes))
    return frame.assign(**{LABEL: frame[KEY].map(labels)})


def _labels(ctx: UseCaseContext, outcomes: Outcomes) -> pd.Series[float]:
    """The labels by row key, each key once."""
    delivered = ctx.lake.frame(outcomes.file)
    keys = row_keys(delivered, ctx.case.contract.outcomes.key, ctx.case.contract.normalise_keys)
    return one_for_each_key(keys, labels_of(ctx.case, delivered))


def by_key(ctx: UseCaseContext, frame: pd.DataFrame, predictions: pd.DataFrame) -> NDArray[np.float64]:
    """The predictions of each row of a `batch_frame`, out of a file of predictions; NaN for a row that has none there."""
    scores = predictions.dropna(subset=["key"]).drop_duplicates("key").set_index("key")
    return scores_in(scores.reindex(frame[KEY]), "score", ctx.case.retrain.class_names)
