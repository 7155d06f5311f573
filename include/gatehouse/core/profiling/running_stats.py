"""Count, mean and sum of squared deviations: mergeable without cancellation."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class RunningStats:
    """`m2` is the sum of squared deviations from the mean; with no values `mean` is NaN and `m2` 0."""

    count: int = 0
    mean: float = nan
    m2: float = 0.0

    @classmethod
    def of(cls, values: NDArray[np.float64]) -> RunningStats:
        """The moments of finite values."""
        if not len(values):
            return cls()
        with np.errstate(over="ignore", invalid="ignore"):
            mean = float(values.mean())
            deviations = values - mean
            return cls(len(values), mean, float(np.square(deviations, out=deviations).sum()))

    @property
    def std(self) -> float:
        """The standard deviation of the values as a population (divided by n); NaN without values."""
        return sqrt(self.m2 / self.count) if self.count else nan

    def merge(self, other: RunningStats) -> RunningStats:
        """The moments of both together (Chan, Golub and LeVeque 1979), equal to the whole's up to rounding."""
        if not self.count or not other.count:
            return self if self.count else other
        count = self.count + other.count
        share = other.count / count
        shift = other.mean - self.mean
        return RunningStats(count, self.mean + shift * share, self.m2 + other.m2 + shift * shift * self.count * share)
