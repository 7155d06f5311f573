"""The newest change of level in a series: since when is it no longer what it was?

CUSUM of weighted means with binary segmentation towards the newest end (Page 1954, "Continuous Inspection Schemes",
Biometrika 41; Vostrikova 1981). The level is that of a permutation test over runs of neighbouring blocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNITS = 60  # neighbouring blocks are taken together until there are at most so many: days next to each other are alike
SMALLEST = 4
PERMUTATIONS = 999
SUFFIXES = (0.0, 0.25, 0.5, 0.67)


def newest_change(
    values: NDArray[np.float64], weights: NDArray[np.float64], seed: int = 0, level: float = 0.01
) -> int | None:
    """The number of the first block after the newest change; None when the series keeps its level.

    `values` are the means of blocks in the order of time, `weights` their rows. A change needs at least four units (one
    or more neighbouring blocks each) on both sides. `level` is the chance of a change found in a series without any.
    """
    size = max(1, -(-len(values) // UNITS))
    starts = np.arange(0, len(values), size)
    heavy = np.add.reduceat(weights, starts) if len(values) else weights
    means = np.add.reduceat(values * weights, starts) / heavy if len(values) else values
    random, begin, found = np.random.default_rng(seed), 0, None
    while True:
        places = {
            begin + skip: _change(means[begin + skip :], heavy[begin + skip :], random, level)
            for skip in _skips(len(means) - begin)
        }
        newest = max((start + place for start, place in places.items() if place is not None), default=None)
        if newest is None:
            return None if found is None else int(starts[found])
        begin = found = newest


def _skips(length: int) -> list[int]:
    """Where to begin to look: two opposite changes hide each other from who looks at all of the series only."""
    return sorted({int(length * share) for share in SUFFIXES})


def _change(
    means: NDArray[np.float64], weights: NDArray[np.float64], random: np.random.Generator, level: float
) -> int | None:
    if len(means) < 2 * SMALLEST:
        return None
    observed = _cusum(means[None, :], weights[None, :])[0]
    order = np.argsort(random.random((PERMUTATIONS, len(means))), axis=1)
    drawn = _cusum(means[order], weights[order]).max(axis=1)
    beyond = (1 + int((drawn >= observed.max() - 1e-12).sum())) / (PERMUTATIONS + 1)
    return int(observed.argmax()) + SMALLEST if beyond <= level / len(SUFFIXES) else None


def _cusum(means: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each allowed place of a change: how far the means before and after lie apart, by what chance allows."""
    before = np.cumsum(weights, axis=1)
    sums = np.cumsum(means * weights, axis=1)
    after = before[:, -1:] - before
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = np.abs(sums / before - (sums[:, -1:] - sums) / after) * np.sqrt(before * after / before[:, -1:])
    return np.asarray(np.nan_to_num(apart[:, SMALLEST - 1 : means.shape[1] - SMALLEST]))
