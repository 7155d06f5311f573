"""Sampling noise: the distance that a batch drawn from the reference itself exceeds once in a thousand times.

A small batch lies far from any reference by chance alone, the farther the more cells it is counted in; below its noise
no distance means anything. The rows are taken as independent, so this is a floor: rows of one day move together.
"""

from __future__ import annotations

from math import log, pi, sqrt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

ONCE_IN = 1000
KOLMOGOROV = pi**2 / 12  # the expected square of Kolmogorov's statistic times its rows
_NORMAL = 3.0902  # the normal quantile of 1 - 1/1000
_TWO_SIDED = 3.2905  # of 1 - 1/2000


def inverse_rows(p: int, q: int) -> float:
    """1/n + 1/m: the variance of a difference of two means, in units of one row's."""
    return 1 / p + 1 / q


def noise_of_divergence(p: NDArray[np.int64], q: NDArray[np.int64]) -> float:
    """For the population stability index, which is chi-square distributed with cells - 1 degrees of freedom, times
    1/n + 1/m (Yurdakul 2018); the quantile by Wilson and Hilferty (1931)."""
    degrees = max(int(((p + q) > 0).sum()) - 1, 1)
    spread = 2 / (9 * degrees)
    return float(degrees * (1 - spread + _NORMAL * sqrt(spread)) ** 3 * inverse_rows(int(p.sum()), int(q.sum())))


def of_jensen_shannon(p: NDArray[np.int64], q: NDArray[np.int64]) -> float:
    """Near 0 the divergence in bits is an eighth of the stability index over ln 2; the distance is its root."""
    return min(sqrt(noise_of_divergence(p, q) / (8 * log(2))), 1.0)


def of_largest_gap(p: NDArray[np.int64], q: NDArray[np.int64]) -> float:
    """For Kolmogorov-Smirnov, by the asymptotic distribution; no single cell's share is noisier than that."""
    return min(sqrt(log(2 * ONCE_IN) / 2 * inverse_rows(int(p.sum()), int(q.sum()))), 1.0)


def of_total_variation(p: NDArray[np.int64], q: NDArray[np.int64]) -> float:
    """The expected value (each share normal around the reference's), and McDiarmid's bound above it."""
    shares = (p + q) / (p + q).sum()
    rows = inverse_rows(int(p.sum()), int(q.sum()))
    expected = float(np.sqrt(shares * (1 - shares) * rows * 2 / np.pi).sum()) / 2
    return min(expected + sqrt(log(ONCE_IN) / 2 * rows), 1.0)


def of_wasserstein(positions: NDArray[np.float64], p: NDArray[np.int64], q: NDArray[np.int64]) -> float:
    """The area under sd(F - G) = sqrt(F (1 - F) (1/n + 1/m)) times the quantile of |normal|: as if all of F - G moved
    together, which is so for two values and cautious for more."""
    steps = (np.cumsum(p) / p.sum())[:-1]
    area = float((np.sqrt(steps * (1 - steps)) * np.diff(positions)).sum())
    return area * sqrt(inverse_rows(int(p.sum()), int(q.sum()))) * _TWO_SIDED


def wasserstein_row(positions: NDArray[np.float64], p: NDArray[np.int64]) -> float:
    """The expected square of the Wasserstein distance of one row, as if all of F - G moved together."""
    steps = (np.cumsum(p) / p.sum())[:-1]
    return float((np.sqrt(steps * (1 - steps)) * np.diff(positions)).sum()) ** 2


def unordered_row(distance: str, p: NDArray[np.int64], q: NDArray[np.int64]) -> float:
    """The expected square of a distance of one row over unordered cells (for the stability index, its value)."""
    cells = max(int(((p + q) > 0).sum()) - 1, 0)
    if distance in ("psi", "js"):
        return cells / (1.0 if distance == "psi" else 8 * log(2))
    if distance == "ks":
        return KOLMOGOROV if cells else 0.0
    shares = p / p.sum()
    return float(np.sqrt(shares * (1 - shares) * 2 / pi).sum() / 2) ** 2
