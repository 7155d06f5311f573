"""What other ways to retrain would have given on the same batches: lean what-ifs without gate, alarms or reviews.

Each model is one fit of the candidate that the replay's newest challenger was, on the rows that had matured when the
batch was scored (ahead.py), so a what-if of n batches costs n fits.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from gatehouse.backtest.labelled_history import (
    ROLLING,
    first_champion,
    matured,
    window_of,
)
from gatehouse.backtest.measured_history import History, holdout_end
from gatehouse.backtest.model_cache import EVERY, FIXED, ModelCache, Turn, WhatIf
from gatehouse.backtest.pool import pool
from gatehouse.backtest.prefit_pool import PrefitPool
from gatehouse.backtest.progress import Phase, Steps, Told, nobody
from gatehouse.core.retraining.advice import NO_SKILL
from gatehouse.core.statistics.metrics import metric_named
from gatehouse.pipeline.batch_data.labelled_rows import labels_in, metric_on

if TYPE_CHECKING:
    from numpy.typing import NDArray


def evaluate_what_ifs(
    history: History, ahead: PrefitPool, trainings: int, errors: list[str], told: Told = nobody
) -> list[WhatIf]:
    """Never retrain, every batch, a fixed window every batch, the best in hindsight for `trainings`, and no skill at all.

    A model that cannot be fitted or measured is a sentence in `errors`; `told` hears of the steps.
    """
    first = first_champion(history.ctx)
    if first is None:
        return []
    version, training_set = first
    turns = _turns(history, holdout_end(history.ctx, training_set))
    if not turns:
        return []
    before = _made_at(history, version)
    bank = ModelCache(history, ahead, turns, before, errors)
    alone = bank.never(version)
    never = WhatIf("never", "the first champion for ever", alone, 1)
    length = window_of(training_set)
    longer = ROLLING * length
    windows = {EVERY: None, FIXED: length, f"rolling {longer}": longer}
    steps = Steps(Phase.WHAT_IFS, len(windows) * len(bank.open), told)
    with pool(2) as side_by_side:
        jobs = [side_by_side.submit(bank.every, name, _says(window), window, steps) for name, window in windows.items()]
        ways = [job.result() for job in jobs]
    return [never, *ways, bank.periodic(trainings), bank.oracle(trainings, told), *_no_skill(history, turns)]


def _no_skill(history: History, turns: Sequence[Turn]) -> list[WhatIf]:
    """What always saying the mean of the labels known before comes to, of classes how often each occurs; nothing for a
    metric that a constant is good at by being one."""
    if metric_named(history.metric).better == "nearer zero":
        return []
    classes, metrics = len(history.ctx.case.retrain.class_names), {}
    for turn in turns:
        known = [labels_in(history.frames[batch.id.key]) for batch, _ in turn.matured if batch.id.key in history.frames]
        frame = history.frames[turn.batch.id.key]
        if known:
            guess = np.broadcast_to(_shares(np.concatenate(known), classes), (len(frame), max(classes, 1)))
            metrics[turn.batch.id.key] = metric_on(history.metric, frame, guess if classes else guess[:, 0])
    return [WhatIf(NO_SKILL, "always the mean of the labels known before", metrics, 0)]


def _shares(labels: NDArray[np.float64], classes: int) -> NDArray[np.float64]:
    """The mean label; with classes, the share of each."""
    if not classes:
        return np.array([labels.mean()])
    return np.bincount(labels.astype(np.intp), minlength=classes) / len(labels)


def _says(window: int | None) -> str:
    rows = "all matured rows" if window is None else f"the newest {window} matured batches"
    return f"{rows} before each batch, no gate"


def _turns(history: History, after: datetime) -> list[Turn]:
    """The batches that the first champion was neither trained on nor judged by, with what had matured before each."""
    batches = {batch.id.key: batch for batch in history.batches if batch.id.key in history.frames}
    compared = [batch for batch in batches.values() if batch.interval.start >= after]
    return [Turn(batch, tuple(matured(batches, history.outcomes, batch.interval.start))) for batch in compared]


def _made_at(history: History, version: int) -> datetime:
    ctx = history.ctx
    return ctx.ledger.requests.get(ctx.ledger.models.get(ctx.name, version).request).as_of
