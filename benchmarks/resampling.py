"""The gate's block bootstrap against a loop over scikit-learn's metrics, on the same resamples, in one run."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import log_loss, roc_auc_score

from benchmarks.table import Table, seconds
from gatehouse.core.statistics.block_bootstrap import difference

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
    measured = []
    for metric, known in (("log_loss", log_loss), ("roc_auc", roc_auc_score)):
        work = partial(difference, labels, challenger, champion, days, metric, resamples=RESAMPLES)
        loop = seconds(lambda k=known: _loop(k, labels, challenger, champion, days, random), repeats=1)
        measured.append((metric, seconds(work), loop * RESAMPLES / LOOPED, peak(work)))
    ours, looped, most = (reduce([one[at] for one in measured]) for at, reduce in ((1, sum), (2, sum), (3, max)))
    measured.append(("both together", ours, looped, most))
    rows = [
        (name, f"{ours:.2f}", f"{looped:.0f}", f"{looped / ours:.0f}", f"{most:.0f}")
        for name, ours, looped, most in measured
    ]
    method = (
        f"{RESAMPLES:,} resamples of whole days, {ROWS:,} rows, {DAYS} days, both models. The loop calls scikit-learn's metric "
        f"on the repeated rows; {LOOPED} of its resamples were timed and scaled up. A matrix of rows x resamples would have "
        f"{8 * ROWS * RESAMPLES / 1e6:,.0f} MB."
    )
    headings = ("metric", "Gatehouse, s", "loop over scikit-learn, s", "ratio", "Gatehouse at most, MB")
    return Table("Resampling whole days", method, headings, rows)


def peak(work: Callable[[], object]) -> float:
    """The most memory that a piece of work holds at a time, beyond what it was given, in MB."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()


def _loop(
    metric: Metric, labels: Array, challenger: Array, champion: Array, days: Array, random: np.random.Generator
) -> None:
    by_day = [np.flatnonzero(days == day) for day in range(DAYS)]
    for _ in range(LOOPED):
        rows = np.concatenate([by_day[day] for day in random.integers(0, DAYS, DAYS)])
        metric(labels[rows], challenger[rows])
        metric(labels[rows], champion[rows])
