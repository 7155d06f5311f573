"""Distances between two distributions given as counts of the same cells.

`p` counts the reference, `q` the batch; both have the same length and at least one count each.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]


def kolmogorov_smirnov(p: Counts, q: Counts) -> float:
    """The largest |F - G| at the ends of ordered cells: the two-sample statistic, exact up to `ks_bound`."""
    return float(np.abs(_steps(p) - _steps(q)).max())


def ks_bound(p: Counts, q: Counts) -> float:
    """How much larger Kolmogorov-Smirnov can be inside the open cells of a numeric profile (the even ones).

    Inside a cell F rises from a to a' and G from b to b'; |a' - b| = |a - b + (a' - a)| = |a' - b' + (b' - b)|, so
    the ends miss at most min(a' - a, b' - b). On a reference's own grid that is below 1/1023 (see `profile.numeric`).
    """
    return float(np.minimum(p[::2] / p.sum(), q[::2] / q.sum()).max())


def jensen_shannon(p: Counts, q: Counts) -> float:
    """The Jensen-Shannon distance, in [0, 1]: the root of the divergence in bits (Lin 1991; scipy's, base 2)."""
    a, b = p / p.sum(), q / q.sum()
    middle = (a + b) / 2
    divergence = (_relative_entropy(a, middle) + _relative_entropy(b, middle)) / 2
    return float(np.sqrt(np.clip(divergence, 0.0, 1.0)))


def population_stability(p: Counts, q: Counts) -> float:
    """The population stability index, the sum of (q - p) ln(q / p) over the shares (Siddiqi 2006).

    Half a row is added to every cell that either has rows in, so that an empty one gives a finite value (Jeffreys'
    prior)."""
    p, q = p[p + q > 0], q[p + q > 0]
    a, b = (p + 0.5) / (p.sum() + 0.5 * len(p)), (q + 0.5) / (q.sum() + 0.5 * len(q))
    return float(((b - a) * np.log(b / a)).sum())


def hellinger(p: Counts, q: Counts) -> float:
    """The Hellinger distance, in [0, 1]: the root of half the sum of squared differences of the roots of the shares."""
    return float(np.linalg.norm(np.sqrt(p / p.sum()) - np.sqrt(q / q.sum())) / np.sqrt(2))


def chi_square(p: Counts, q: Counts) -> float:
    """Pearson's chi-square statistic of the two-sample table of counts (scipy's `chi2_contingency` without correction)."""
    p, q = p[p + q > 0], q[p + q > 0]
    total = p + q
    expected = total * (q.sum() / total.sum())
    return float(((q - expected) ** 2 / expected).sum() + ((p - (total - expected)) ** 2 / (total - expected)).sum())


def l_infinity(p: Counts, q: Counts) -> float:
    """The largest difference of one cell's shares: Kolmogorov-Smirnov's place for cells without an order."""
    return float(np.abs(p / p.sum() - q / q.sum()).max())


def total_variation(p: Counts, q: Counts) -> float:
    """Half the sum of the differences: the Wasserstein distance when any two cells lie 1 apart."""
    return float(np.abs(p / p.sum() - q / q.sum()).sum() / 2)


def wasserstein(positions: NDArray[np.float64], p: Counts, q: Counts) -> float:
    """The 1-Wasserstein distance with each cell's rows at its position (ordered): the area between F and G."""
    return float((np.abs(_steps(p) - _steps(q))[:-1] * np.diff(positions)).sum())


def _steps(counts: Counts) -> NDArray[np.float64]:
    steps: NDArray[np.float64] = np.cumsum(counts) / counts.sum()
    return steps


def _relative_entropy(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    held = a > 0
    return float((a[held] * np.log2(a[held] / b[held])).sum())
