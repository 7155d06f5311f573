"""The rows that the champion's quality is measured on: the newest whose outcomes have arrived."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gatehouse.context import UseCaseContext
from gatehouse.core.rows.row_keys import KEY
from gatehouse.core.types import Batch, Champion, Outcomes
from gatehouse.errors import ModelError, UntrustedModelError
from gatehouse.pipeline.batch_data.labelled_rows import labelled_frame
from gatehouse.pipeline.batch_data.row_keys import BATCH, LABEL, WEIGHT, newest_revisions
from gatehouse.pipeline.batch_data.scored_rows import with_scores
from gatehouse.pipeline.batch_data.suspect_cells import suspect
from gatehouse.pipeline.score import model_inputs
from gatehouse.stacked_tables import stacked

if TYPE_CHECKING:
    import pandas as pd

    Part = tuple[Batch, pd.DataFrame]


@dataclass(frozen=True)
class MaturedRows:
    """The newest batch with outcomes; the `labelled` rows of it and of those measured with it, with the champion's scores
    (`gh_score`); how many rows each of these batches has in all, by its id, the newest last; and the moment `as_of` that they
    are known at."""

    batch: Batch
    labelled: pd.DataFrame
    rows: Mapping[str, int]
    as_of: datetime

    @property
    def scored(self) -> int:
        """How many rows were scored, with outcomes or without."""
        return sum(self.rows.values())

    def counted_as(self, weighted: bool) -> MaturedRows:
        """The rows as the champion's holdout was measured: all alike where its rows had no weights."""
        return self if weighted else replace(self, labelled=self.labelled.drop(columns=WEIGHT, errors="ignore"))

    def days(self, min_maturity: float) -> list[pd.DataFrame]:
        """The labelled rows of each batch of which so many have outcomes; none while the newest one has fewer: the outcomes
        that come first are not like the others."""
        parts = {str(name): part for name, part in self.labelled.groupby(BATCH, sort=False)}
        whole = [name for name, rows in self.rows.items() if name in parts and len(parts[name]) >= min_maturity * rows]
        return [parts[name] for name in whole] if whole and whole[-1] == str(self.batch.id) else []


def newest_matured(
    ctx: UseCaseContext, as_of: datetime, champion: Champion, estimator: Any
) -> tuple[MaturedRows | None, tuple[str, ...]]:
    """The newest batch whose outcomes arrived by `as_of` and that the champion was not trained on. Batches of a day or a
    week are too short to resample days of: the newest `performance_window_batches` batches are measured together.

    A batch that the model code or the champion raises on is left out, with its error beside what is measured.
    """
    arrived = ctx.ledger.batches.outcomes(ctx.name, as_of)
    accepted = [b for b in newest_revisions(ctx.ledger.batches.list(ctx.name)) if b.id.key in arrived]
    fresh = [b for b in accepted if b.interval.start >= champion.model.trained_until and b.interval.end <= as_of]
    pooled = fresh[-ctx.case.retrain.measured_together(ctx.case.contract.frequency) :]
    parts, errors = _labelled(ctx, [(batch, arrived[batch.id.key]) for batch in pooled])
    try:
        return _measured(ctx, parts, estimator, as_of), errors
    except UntrustedModelError:
        raise
    except ModelError:
        parts, more = _predictable(ctx, parts, estimator)
        return _measured(ctx, parts, estimator, as_of), (*errors, *more)


def _labelled(ctx: UseCaseContext, pooled: Sequence[tuple[Batch, Outcomes]]) -> tuple[list[Part], tuple[str, ...]]:
    """Each batch with its labelled rows, and the errors of those whose features or labels cannot be made."""
    parts, errors = [], []
    for batch, outcomes in pooled:
        try:
            parts.append((batch, labelled_frame(ctx, batch, outcomes)))
        except ModelError as error:
            errors.append(_sentence(batch, error))
    return parts, tuple(errors)


def _predictable(ctx: UseCaseContext, parts: Sequence[Part], estimator: Any) -> tuple[list[Part], tuple[str, ...]]:
    """The batches that the champion predicts, and its errors on the others."""
    able, errors = [], []
    for batch, frame in parts:
        try:
            _measured(ctx, [(batch, frame)], estimator, batch.interval.end)
        except ModelError as error:
            rows = frame[frame[LABEL].notna()]
            errors.append(_sentence(batch, suspect(error, rows[KEY], model_inputs(rows))))
        else:
            able.append((batch, frame))
    return able, tuple(errors)


def _measured(ctx: UseCaseContext, parts: Sequence[Part], estimator: Any, as_of: datetime) -> MaturedRows | None:
    """The batches with the champion's scores of their labelled rows; None for no batch."""
    if not parts:
        return None
    frame = stacked([part for _, part in parts])
    labelled = frame[frame[LABEL].notna()]
    predicted: Any = (
        ctx.models.predict(estimator, model_inputs(labelled), ctx.case.retrain.task) if len(labelled) else []
    )
    rows = {str(batch.id): len(part) for batch, part in parts}
    return MaturedRows(parts[-1][0], with_scores(ctx, labelled, predicted), rows, as_of)


def _sentence(batch: Batch, error: object) -> str:
    return f"batch {batch.id} is not measured: {error}"


def measured_before(ctx: UseCaseContext, key: str, champion: Champion) -> bool:
    """Whether an earlier watch measured this champion on that batch: one late month must not be counted twice."""
    return any(
        report.body.get("matured", {}).get("batch") == key and report.body.get("champion") == champion.model.version
        for report in ctx.ledger.batches.watches(ctx.name)
    )
