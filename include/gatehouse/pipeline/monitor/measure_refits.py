"""Measure what refits and former champions would have given on a newly matured batch (`core.retraining.refit_check`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from gatehouse.context import UseCaseContext
from gatehouse.core.contract.batch_calendar import Interval
from gatehouse.core.drift.impact import drift_metric, row_losses
from gatehouse.core.performance.decay import DAY
from gatehouse.core.retraining.holdout_split import MaturedBatch, windowed
from gatehouse.core.retraining.refit_check import (
    Gains,
    RefitFinding,
    RefitRecord,
    assess_refits,
    records_of_champion,
    refit_records,
)
from gatehouse.core.retraining.refit_rows import shared_rows
from gatehouse.core.statistics.block_bootstrap import block_codes
from gatehouse.core.types import BatchId, Champion
from gatehouse.errors import GatehouseError, ModelError, UntrustedModelError
from gatehouse.pipeline import gather
from gatehouse.pipeline.batch_data.labelled_rows import fit_on, labels_in, weights_in
from gatehouse.pipeline.batch_data.row_keys import TIME
from gatehouse.pipeline.batch_data.training_window import change_in
from gatehouse.pipeline.reinstate import former_champions
from gatehouse.pipeline.score import model_inputs
from gatehouse.stacked_tables import stacked

if TYPE_CHECKING:
    import pandas as pd

    Frames = Mapping[BatchId, pd.DataFrame]

MOST_ROWS = 50_000  # of one refit
FREE_ROWS = 50_000  # of all refits of a batch together, however small a training is
SHARE = 0.2  # of the rows that a training fits, for all refits of a batch together
FORMER = 8  # former champions that are compared, the newest first


def check_refits(
    ctx: UseCaseContext, key: str, as_of: datetime, champion: Champion
) -> tuple[dict[str, Any] | None, tuple[RefitFinding, ...]]:
    """The record of batch `key`, whose outcomes have just matured, and what it says together with the champion's earlier
    records. None and nothing where the check is off, or no alternative can be made."""
    reason = ctx.case.retrain.triggers.refit
    if reason is None:
        return None, ()
    frames, _ = gather.labelled(ctx, as_of)
    newest = next((batch for batch in frames if batch.key == key), None)
    if newest is None:
        return None, ()
    intervals = {batch.id: batch.interval for batch in ctx.ledger.batches.list(ctx.name)}
    earlier = [batch for batch in frames if intervals[batch].end <= intervals[newest].start]
    record = _compare(ctx, frames, intervals, earlier, newest, champion)
    if record is None:
        return None, ()
    before = [report for report in ctx.ledger.batches.watches(ctx.name) if report.as_of < as_of]
    records = [*refit_records(before, as_of), record]
    found = assess_refits(records_of_champion(records, champion.model.version), reason)
    return {**record.to_document(), "findings": [each.to_document() for each in found]}, found


def _compare(
    ctx: UseCaseContext,
    frames: Frames,
    intervals: Mapping[BatchId, Interval],
    earlier: Sequence[BatchId],
    newest: BatchId,
    champion: Champion,
) -> RefitRecord | None:
    rows, task = frames[newest], ctx.case.retrain.task
    labels, inputs = labels_in(rows), model_inputs(rows)
    metric = drift_metric(ctx.case.retrain)
    blocks = block_codes(rows[TIME].dt.tz_localize(None).to_numpy("datetime64[us]"), DAY)
    estimator = ctx.models.load(ctx.lake.read(champion.model.file), champion.model.file.sha256)
    weights = weights_in(rows)
    share = np.ones_like(labels) if weights is None else weights / weights.mean()
    own = share * row_losses(metric, labels, ctx.models.predict(estimator, inputs, task))
    gains: dict[str, Gains] = {}
    models = {**_former(ctx, champion), **_refits(ctx, frames, intervals, earlier, newest, champion)}
    for name, model in models.items():
        try:
            apart = own - share * row_losses(metric, labels, ctx.models.predict(model, inputs, task))
        except ModelError:
            continue
        counts = np.bincount(blocks)
        sums = np.bincount(blocks, apart)
        gains[name] = Gains(tuple(int(each) for each in counts), tuple(float(each) for each in sums))
    if not gains:
        return None
    return RefitRecord(newest.key, champion.model.version, metric, float(own.mean()), len(rows), gains)


def _refits(
    ctx: UseCaseContext,
    frames: Frames,
    intervals: Mapping[BatchId, Interval],
    earlier: Sequence[BatchId],
    newest: BatchId,
    champion: Champion,
) -> dict[str, Any]:
    """The champion's estimator fitted on each window of the batches before; windows with the same batches are fitted once."""
    known = [MaturedBatch(batch, len(frames[batch]), intervals[batch]) for batch in earlier]
    windows = ctx.case.retrain.window.compared()
    if not known or not windows:
        return {}
    kinds = {window.kind for window in windows}
    changed = change_in(ctx, [frames[batch] for batch in earlier]) if "since_change" in kinds else None
    own = ctx.case.estimators()
    name = champion.model.candidate if champion.model.candidate in own else sorted(own)[0]
    chosen = {
        window.name: tuple(each.id for each in windowed(known, window, intervals[newest], changed))
        for window in windows
    }
    apart = list(dict.fromkeys(chosen.values()))
    sizes = [sum(len(frames[batch]) for batch in batches) for batches in apart]
    fitted: dict[tuple[BatchId, ...], Any] = {}
    for batches, most in zip(apart, shared_rows(sizes, _row_budget(ctx, champion, len(own)), MOST_ROWS), strict=True):
        part = _thinned([frames[batch] for batch in batches], most)
        try:
            fitted[batches] = fit_on(ctx, name, part)
        except ModelError:
            continue
    return {window: fitted[batches] for window, batches in chosen.items() if batches in fitted}


def _row_budget(ctx: UseCaseContext, champion: Champion, estimators: int) -> int:
    """The rows of all refits together: a share of what a training costs, which fits each estimator twice."""
    training = ctx.ledger.requests.training_set(champion.model.request).training.rows or 0
    return int(max(FREE_ROWS, SHARE * 2 * estimators * training))


def _thinned(frames: Sequence[pd.DataFrame], most: int) -> pd.DataFrame:
    """All rows, or at most `most` of them, evenly spread over each batch."""
    rows = max(sum(map(len, frames)), 1)
    counts = [min(len(frame), max(1, len(frame) * min(most, rows) // rows)) for frame in frames]
    kept = [
        np.linspace(0, len(frame) - 1, count).round().astype(int) for frame, count in zip(frames, counts, strict=True)
    ]
    return stacked([frame.iloc[places] for frame, places in zip(frames, kept, strict=True)])


def _former(ctx: UseCaseContext, champion: Champion) -> dict[str, Any]:
    """The newest former champions that can be reinstated and opened."""
    found: dict[str, Any] = {}
    for model in former_champions(ctx, champion)[:FORMER]:
        try:
            found[f"version {model.version}"] = ctx.models.load(ctx.lake.read(model.file), model.file.sha256)
        except UntrustedModelError:
            raise
        except (GatehouseError, LookupError):
            continue
    return found
