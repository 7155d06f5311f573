"""Models of many moments over the same batches: what the what-ifs fit, measured once, for each way to retrain."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from gatehouse.backtest.errors import kept
from gatehouse.backtest.labelled_history import (
    Part,
    challengers,
    newest_challenger,
)
from gatehouse.backtest.measured_history import History, predict
from gatehouse.backtest.pool import pool
from gatehouse.backtest.prefit_pool import PrefitPool
from gatehouse.backtest.progress import Phase, Steps, Told
from gatehouse.core.retraining.optimal_schedule import optimal_schedule
from gatehouse.core.statistics.metrics import metric_named
from gatehouse.pipeline.batch_data.labelled_rows import metric_on
from gatehouse.pipeline.score import model_inputs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gatehouse.core.types import Batch

EVERY, FIXED, PERIODIC = "every batch", "fixed window", "periodic"
MOMENTS = 12  # of `every batch`, for the oracle to choose from: all of them would make it quadratic in the batches


@dataclass(frozen=True)
class WhatIf:
    """One other way to retrain: its metric on each compared batch (NaN where it is undefined) and its trainings."""

    name: str
    says: str
    metrics: dict[str, float]
    trainings: int


@dataclass(frozen=True)
class Turn:
    """A compared batch, and the matured batches (with their outcomes) that a model scoring it could have been trained on."""

    batch: Batch
    matured: tuple[Part, ...]


class ModelCache:
    """Models of many moments over the same batches."""

    def __init__(
        self, history: History, ahead: PrefitPool, turns: Sequence[Turn], made: datetime, errors: list[str]
    ) -> None:
        self._history, self._ahead, self._turns, self._errors = history, ahead, turns, errors
        self._never: dict[str, float] = {}
        self.open = [number for number, turn in enumerate(turns) if turn.batch.interval.start >= made]
        self._names = challengers(history.ctx)
        self._models: dict[str, dict[int, Any]] = {}  # by way: the model before each turn that has a new one
        # by turn and model, with the model: when one is gone, the next may be at its place in memory
        self._measured: dict[tuple[int, int], tuple[Any, float]] = {}

    def never(self, version: int) -> dict[str, float]:
        """The first champion's metric on every compared batch."""
        self._never = {turn.batch.id.key: self._metric(number, version) for number, turn in enumerate(self._turns)}
        return self._never

    def every(self, name: str, says: str, length: int | None, steps: Steps) -> WhatIf:
        """A new model before each batch whose training rows are not the ones before."""
        metrics, model, trained_on, fits = dict(self._never), None, None, 0
        for number in self.open:
            turn = self._turns[number]
            rows = turn.matured if length is None else turn.matured[-length:]
            if rows != trained_on:
                fitted = self._fit(turn, rows)
                model, trained_on, fits = (model if fitted is None else fitted), rows, fits + (fitted is not None)
                if fitted is not None:
                    self._models.setdefault(name, {})[number] = fitted
            if model is not None:
                metrics[turn.batch.id.key] = self._metric(number, model)
            steps.done(f"{name}, {turn.batch.id.key}")
        return WhatIf(name, says, metrics, 1 + fits)

    def periodic(self, trainings: int) -> WhatIf:
        """As many trainings as the policy had, evenly spread over the batches, with the window that turns out best."""
        moments = (
            {self.open[len(self.open) * part // trainings] for part in range(1, trainings)} if self.open else set()
        )
        found = [WhatIf(PERIODIC, _periodic_says(moments, ""), dict(self._never), 1)]
        for name in self._models if moments else ():
            found.append(self._periodic(name, moments))
        return min(found[1:] or found, key=self._mean_loss)

    def _periodic(self, name: str, moments: Collection[int]) -> WhatIf:
        metrics, model, fits = dict(self._never), None, 0
        for number in self.open:
            if number in moments:
                known = [made for made in self._models[name] if made <= number]
                model, fits = (self._models[name][max(known)], fits + 1) if known else (model, fits)
            if model is not None:
                metrics[self._turns[number].batch.id.key] = self._metric(number, model)
        return WhatIf(PERIODIC, _periodic_says(moments, name), metrics, 1 + fits)

    def _mean_loss(self, way: WhatIf) -> float:
        loss = metric_named(self._history.metric).loss
        losses = [loss(value) for value in way.metrics.values() if math.isfinite(value)]
        return sum(losses) / len(losses) if losses else math.inf

    def oracle(self, trainings: int, told: Told) -> WhatIf:
        """The models that turn out best, of those of `every batch` and the policy's own, for as many trainings as the
        policy had; nobody could have known them."""
        keys, loss = [turn.batch.id.key for turn in self._turns], metric_named(self._history.metric).loss
        served = [(start, version) for start, version in self._served() if start > 0]
        moments = sorted([*_spread(self._models.get(EVERY, {})), *served], key=lambda each: each[0])
        steps = Steps(Phase.ORACLE, len(moments), told)
        rows: list[NDArray[np.float64]] = [np.array([loss(self._never[key]) for key in keys])]
        with pool(2) as side_by_side:
            rows += side_by_side.map(lambda each: self._losses(each[0], each[1], steps), moments)
        starts = [0, *(start for start, _ in moments)]
        chosen = optimal_schedule(np.array(rows), starts, max(trainings - 1, 0))
        metrics = {}
        for number, key in enumerate(keys):
            value = float(rows[max(row for row in chosen if starts[row] <= number)][number])
            metrics[key] = -value if metric_named(self._history.metric).better == "higher" else value
        says = f"the best {len(chosen)} of {len(rows)} models, known only afterwards (trainings allowed: {trainings})"
        return WhatIf("oracle", says, metrics, len(chosen))

    def _losses(self, start: int, model: Any, steps: Steps) -> NDArray[np.float64]:
        """A model's loss on every compared batch from `start` on; NaN before."""
        loss = metric_named(self._history.metric).loss
        later = [loss(self._metric(number, model)) for number in range(start, len(self._turns))]
        steps.done(f"from {self._turns[start].batch.id.key} on")
        return np.array([math.nan] * start + later)

    def _metric(self, number: int, model: Any) -> float:
        """A model's metric on a turn's batch, measured once: the oracle asks again what `every batch` has asked."""
        key = number, model if isinstance(model, int) else id(model)
        if key not in self._measured:
            value, turn = math.nan, self._turns[number]
            with kept(self._errors, f"what-if on batch {turn.batch.id.key}"):
                value = _measure(self._history, turn, model)
            self._measured[key] = model, value
        return self._measured[key][1]

    def _served(self) -> list[tuple[int, int]]:
        """From which compared batch on each of the policy's champions scored."""
        scored = {
            each.batch.key: each.version
            for each in self._history.ctx.ledger.batches.predictions(self._history.ctx.name)
        }
        first: dict[int, int] = {}
        for number, turn in enumerate(self._turns):
            version = scored.get(turn.batch.id.key)
            if version is not None:
                first.setdefault(version, number)
        return [(number, version) for version, number in first.items()]

    def _fit(self, turn: Turn, parts: Sequence[Part]) -> Any:
        """The candidate that was the newest challenger at a turn, on these batches; None when it cannot be fitted."""
        name, model = newest_challenger(self._names, turn.batch.interval.start), None
        if name is not None:
            with kept(self._errors, f"what-if before batch {turn.batch.id.key}"):
                model = self._ahead.model(name, parts)
        return model


def _measure(history: History, turn: Turn, model: Any) -> float:
    """A model's metric on a batch: a registered version, or an estimator that was fitted here."""
    frame, ctx = history.frames[turn.batch.id.key], history.ctx
    if isinstance(model, int):
        scores = predict(ctx, model, frame)
    else:
        scores = ctx.models.predict(model, model_inputs(frame), ctx.case.retrain.task)
    return metric_on(history.metric, frame, scores)


def _periodic_says(moments: Collection[int], window: str) -> str:
    many = f"{len(moments)} more trainings" if len(moments) != 1 else "1 more training"
    rows = f"on the rows of `{window}`, the best window afterwards" if window else "on no schedule"
    return f"{many}, evenly spread, {rows}; no gate"


def _spread(models: dict[int, Any]) -> list[tuple[int, Any]]:
    """At most `MOMENTS` of the models, evenly spread over time."""
    made = sorted(models.items())
    return [made[int(i)] for i in np.linspace(0, len(made) - 1, min(MOMENTS, len(made)))] if made else []
