"""The gate's block bootstrap against a loop over scikit-learn's metrics, on the same resamples, in one run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import log_loss, roc_auc_score

from benchmarks.table import Table, seconds
from gatehouse.core.statistics.blocks import difference

Array = NDArray[Any]
Metric = Callable[[Array, Array], float]
ROWS, DAYS, RESAMPLES, LOOPED = 100_000, 30, 2000, 20


def measure() -> Table:
    random = np.random.default_rng(0)
    days = np.sort(random.integers(0, DAYS, ROWS))
    chance = random.beta(2, 6, ROWS)
    labels = (random.uniform(size=ROWS) < chance).astype(float)
    challenger = np.clip(chance + random.normal(0, 0.05, ROWS), 0.001, 0.999)
    champion = np.clip(chance + random.normal(0, 0.06, ROWS), 0.001, 0.999)
    rows = []
    for metric, known in (("log_loss", log_loss), ("roc_auc", roc_auc_score)):
        ours = seconds(lambda m=metric: difference(labels, challenger, champion, days, m, resamples=RESAMPLES))
        looped = (
            seconds(lambda k=known: _loop(k, labels, challenger, champion, days, random), repeats=1)
            * RESAMPLES
            / LOOPED
        )
        rows.append((metric, f"{ours:.2f}", f"{looped:.0f}", f"{looped / ours:.0f}"))
    method = (
        f"{RESAMPLES:,} resamples of whole days, {ROWS:,} rows, {DAYS} days, both models. The loop calls scikit-learn's metric "
        f"on the repeated rows; {LOOPED} of its resamples were timed and scaled up."
    )
    return Table(
        "Resampling whole days", method, ("metric", "Gatehouse, s", "loop over scikit-learn, s", "ratio"), rows
    )


def _loop(
    metric: Metric, labels: Array, challenger: Array, champion: Array, days: Array, random: np.random.Generator
) -> None:
    by_day = [np.flatnonzero(days == day) for day in range(DAYS)]
    for _ in range(LOOPED):
        rows = np.concatenate([by_day[day] for day in random.integers(0, DAYS, DAYS)])
        metric(labels[rows], challenger[rows])
        metric(labels[rows], champion[rows])
