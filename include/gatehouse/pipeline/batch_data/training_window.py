"""The training window of a request: as `retrain.yaml` names it, with the change that was detected, or the best of several."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gatehouse.context import UseCaseContext
from gatehouse.core.config.retrain import Window
from gatehouse.core.retraining.holdout_split import MaturedBatch, Split, split
from gatehouse.core.retraining.refit_check import NEWEST, RefitRecord, best_window
from gatehouse.core.statistics.changepoint import newest_change
from gatehouse.core.statistics.class_metrics import happened
from gatehouse.core.statistics.metrics import metric_named
from gatehouse.core.types import BatchId
from gatehouse.errors import ModelError
from gatehouse.pipeline.batch_data.labelled_rows import fit_on, metric_on
from gatehouse.pipeline.batch_data.row_keys import LABEL, TIME
from gatehouse.pipeline.score import model_inputs
from gatehouse.stacked_tables import stacked

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.01  # the chance of a change found where there is none
Frames = Mapping[BatchId, "pd.DataFrame"]


@dataclass(frozen=True)
class _Tried:
    """A window, its split, and the loss it had on the newest training batch (infinite where it has none)."""

    window: Window
    split: Split
    loss: float


def choose_window(
    ctx: UseCaseContext,
    matured: Sequence[MaturedBatch],
    frames: Frames,
    trained_until: datetime | None,
    wanted: Window | None = None,
    records: Sequence[RefitRecord] = (),
) -> tuple[Split, dict[str, Any]]:
    """The split by the wanted window (the policy's, unless given), and what is to be told of how it was chosen (nothing,
    where nothing was).

    Of several windows the one counts whose model does best on the newest training batch, when it is fitted on the
    window's older ones: the same inner split that chooses among candidates, never the holdout. A `best` window is the one
    that has predicted the newest batches best by the `records` of the refit check; the expanding one without a record.
    """
    policy, window = ctx.case.retrain, wanted or ctx.case.retrain.window
    chosen: dict[str, Any] = {}
    if window.kind == "best":
        window, chosen = _by_record(window.compared(), records)
    whole = split(matured, policy, trained_until, window=Window())
    kinds = {each.kind for each in window.choices}
    changed = change_in(ctx, [frames[batch] for batch in whole.training]) if "since_change" in kinds else None
    told: dict[str, Any] = (
        chosen | {"changed": f"{changed:%Y-%m-%d}" if changed else None} if "since_change" in kinds else chosen
    )
    splits = [(each, split(matured, policy, trained_until, changed, each)) for each in window.choices]
    if len(splits) == 1:
        return splits[0][1], told | ({"batches": len(splits[0][1].training)} if told else {})
    tried = _tried(ctx, splits, frames)
    best = min(tried, key=lambda each: each.loss)
    losses = {each.window.name: each.loss if math.isfinite(each.loss) else None for each in tried}
    return best.split, {**told, "window": best.window.name, "losses": losses, "batches": len(best.split.training)}


def _by_record(windows: Sequence[Window], records: Sequence[RefitRecord]) -> tuple[Window, dict[str, Any]]:
    """The window that did best on the newest batches, and what is told of it."""
    name = best_window(records, [each.name for each in windows])
    window = next((each for each in windows if each.name == name), None)
    if window is None:
        return windows[0], {}
    return window, {"window": window.name, "by": "the refit check", "on": [each.batch for each in records[-NEWEST:]]}


def _tried(ctx: UseCaseContext, splits: Sequence[tuple[Window, Split]], frames: Frames) -> list[_Tried]:
    """Windows that take the same batches are fitted once."""
    losses: dict[tuple[BatchId, ...], float] = {}
    for _, each in splits:
        if each.training not in losses:
            losses[each.training] = _inner_loss(ctx, [frames[batch] for batch in each.training])
    return [_Tried(window, each, losses[each.training]) for window, each in splits]


def _inner_loss(ctx: UseCaseContext, training: Sequence[pd.DataFrame]) -> float:
    """The loss on the newest batch of a model that was fitted on the ones before; infinite when that cannot be."""
    if len(training) < 2:
        return math.inf
    older, newest, policy = stacked(training[:-1]), training[-1], ctx.case.retrain
    estimators = ctx.case.estimators()
    champion = ctx.ledger.models.champion(ctx.name)
    known = champion is not None and champion.model.candidate in estimators
    name = champion.model.candidate if champion is not None and known else sorted(estimators)[0]
    try:
        fitted = fit_on(ctx, name, older)
        scores = ctx.models.predict(fitted, model_inputs(newest), policy.task)
    except ModelError:
        return math.inf
    loss = metric_named(policy.selection_metric).loss(metric_on(policy.selection_metric, newest, scores))
    return loss if math.isfinite(loss) else math.inf


def change_in(ctx: UseCaseContext, training: Sequence[pd.DataFrame]) -> datetime | None:
    """The day of the newest change in how wrong the champion is, in sign or in size; in the labels without a champion. Of
    more than two classes each is looked at, on its share of the level."""
    import pandas as pd

    rows = stacked(training)
    labels, classes = rows[LABEL].to_numpy("float64"), len(ctx.case.retrain.class_names)
    truth = happened(labels, classes) if classes else labels[:, None]
    champion, series = ctx.ledger.models.champion(ctx.name), list(truth.T)
    if champion is not None:
        estimator = ctx.models.load(ctx.lake.read(champion.model.file), champion.model.file.sha256)
        predicted = ctx.models.predict(estimator, model_inputs(rows), ctx.case.retrain.task)
        wrong = truth - predicted.reshape(truth.shape)
        series = [*wrong.T, abs(wrong).sum(axis=1)]
    level = LEVEL * 2 / len(series) if classes else LEVEL
    days = rows[TIME].dt.floor("D")
    found = []
    for values in series:
        by_day = pd.DataFrame({"day": days, "value": values}).groupby("day")["value"].agg(["mean", "size"])
        place = newest_change(
            by_day["mean"].to_numpy("float64"), by_day["size"].to_numpy("float64"), ctx.case.retrain.seed, level
        )
        found += [by_day.index[place].to_pydatetime().astimezone(UTC)] if place is not None else []
    return max(found, default=None)
