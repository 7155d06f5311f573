"""Simulated pairs of models with a known true difference, and simulated lives of champions that nobody beats."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from benchmarks.truth import MEAN, NOISE_OF_LABELS, chance, of_chances, of_numbers
from gatehouse.core.gate.alpha_spending import InterimLook
from gatehouse.core.gate.rules.base import at_most, more_than
from gatehouse.core.statistics.block_bootstrap import block_counts, difference, summarise
from gatehouse.core.statistics.metrics import metric_named

Array = NDArray[np.float64]
SHARED = 0.5  # the spread of what the rows of a day share, where `within_day` is 1


@dataclass(frozen=True)
class Made:
    """Labels, both models' predictions, and the day of each row."""

    labels: Array
    challenger: Array
    champion: Array
    days: NDArray[np.intp]


@dataclass(frozen=True)
class Pairs:
    """Pairs of models of one kind: the challenger's own noise is larger than the champion's, so that it is truly worse.

    `within_day` is the size of the effects that all rows of a day share, in each model's error and in the labels.
    """

    metric: str
    within_day: float = 0.0
    days: int = 40
    noise: tuple[float, float] = (0.7, 0.5)

    @cached_property
    def truth(self) -> float:
        """challenger - champion of the metric in the long run, to some nine digits (`benchmarks/truth.py`)."""
        known = of_numbers if metric_named(self.metric).predicts == "number" else of_chances
        challenger, champion = (known(self.metric, own, SHARED * self.within_day) for own in self.noise)
        return challenger - champion

    def made(self, random: np.random.Generator) -> Made:
        days = np.repeat(np.arange(self.days), random.integers(8, 33, self.days))
        rows = len(days)
        shared = self.within_day * random.normal(0, SHARED, (3, self.days))[:, days]
        signal = random.normal(MEAN, 1.0, rows) + shared[0]
        errors = np.array(self.noise)[:, None] * random.normal(0, 1, (2, rows)) + shared[1:]
        if metric_named(self.metric).predicts == "number":
            return Made(signal + random.normal(0, NOISE_OF_LABELS, rows), signal + errors[0], signal + errors[1], days)
        labels = (random.random(rows) < chance(signal)).astype(np.float64)
        return Made(labels, chance(signal + errors[0]), chance(signal + errors[1]), days)


@dataclass(frozen=True)
class Coverage:
    """Shares of the intervals that hold the truth, that lie above it, and that lie below it."""

    covered: float
    above: float
    below: float


def coverage(pairs: Pairs, runs: int, confidence: float = 0.95, resamples: int = 400) -> Coverage:
    """How often intervals of `confidence` hold the true difference."""
    random, above, below = np.random.default_rng(7), 0, 0
    for run in range(runs):
        made = pairs.made(random)
        pair = made.challenger, made.champion
        found = difference(made.labels, *pair, made.days, pairs.metric, resamples, run, confidence)
        above, below = above + (found.low > pairs.truth), below + (found.high < pairs.truth)
    return Coverage(1 - (above + below) / runs, above / runs, below / runs)


def promotions_at_margin(pairs: Pairs, runs: int, confidence: float = 0.9, resamples: int = 400) -> tuple[float, float]:
    """Of challengers that are worse by exactly the margin: the shares that pass by interval, and by measured value."""
    random, gate, value = np.random.default_rng(11), 0, 0
    rises = metric_named(pairs.metric).better == "higher"
    margin = -pairs.truth if rises else pairs.truth
    for run in range(runs):
        made = pairs.made(random)
        pair = made.challenger, made.champion
        found = difference(made.labels, *pair, made.days, pairs.metric, resamples, run, confidence)
        worse = -found if rises else found
        gate, value = gate + (at_most(worse, margin) == "PASS"), value + (worse.value <= margin)
    return gate / runs, value / runs


@dataclass(frozen=True)
class Lives:
    """Shares of the champions that were ever beaten by a challenger that is no better, by the way error is spent."""

    spending: float
    each_look: float


def false_betters(
    lives: int, looks: int, frozen: bool, resamples: int = 2000, confidence: float = 0.95, days: int = 30
) -> Lives:
    """Champions that meet `looks` null challengers each: on a new month each time, or all on the same held-out month,
    in which the champion's own luck is the same for all of them. The metric is a mean over days with heavy tails.

    As many resamples as a policy has by default.
    """
    beaten, naive, error = 0, 0, (1 - confidence) / 2
    codes = np.arange(days)
    for life in range(lives):
        random = np.random.default_rng([life, looks, frozen])
        own = random.standard_t(5, (looks, days))
        champion = random.standard_t(5, (1 if frozen else looks, days))
        counts = block_counts(days, resamples, life)
        gains = champion - own
        drawn = np.concatenate([gains.mean(axis=1)[None, :], counts @ gains.T / days])
        # No interval of 95 % is above zero where the mean is less than its standard error above it.
        near = np.flatnonzero(gains.mean(axis=1) > gains.std(axis=1, ddof=1) / np.sqrt(days))
        found = [(int(look), summarise(drawn[:, look], codes, confidence)) for look in near]
        spent = [one.stretched(error, lower=InterimLook(look + 1, error, 1).error) for look, one in found]
        beaten += any(more_than(one, 0.0) == "PASS" for one in spent)
        naive += any(more_than(one, 0.0) == "PASS" for _, one in found)
    return Lives(beaten / lives, naive / lives)
