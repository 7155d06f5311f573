"""Evidence that a mean is positive, which may be looked at after every batch: an e-process, not a p-value.

The one-sided t-test of one sample with the right Haar prior on the scale (Perez-Ortiz, Lardy, de Heide and Gruenwald 2024,
"E-statistics, group invariance and anytime-valid testing", Annals of Statistics 52). It is valid for few observations, and
needs no bound on them, which a log loss does not have. Its assumption is that the means of whole blocks are about normal.
A change may begin with any batch: tests that begin with the 1st, 2nd, ... batch are mixed with weights 1 / (j (j + 1)), which
sum to one (after Shin, Ramdas and Rinaldo 2023, "E-detectors"). By Ville's inequality the chance that the mixture ever reaches
1 / error is at most `error`, however often one looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, lgamma, log, sqrt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

EFFECTS = (
    0.1,
    0.2,
    0.4,
    0.8,
    1.6,
    3.2,
)  # means of a block in units of its standard deviation, equally likely beforehand
GRID = 400
LARGEST = 700.0  # of a log e-value


@dataclass(frozen=True)
class SequentialEvidence:
    """The log e-value of "no gain", and the batch (from 0) from which on there is most of it."""

    log_e: float
    since: int


def log_e_value(values: NDArray[np.float64]) -> float:
    """The log e-value of these blocks against a mean of zero or below; 0 for none, and where all are zero."""
    count, squares = len(values), float(values @ values)
    if not count or squares <= 0:
        return 0.0
    lean = float(values.sum()) / sqrt(squares)
    logs = np.array([_log_ratio(count, lean, effect) for effect in EFFECTS])
    return min(float(np.logaddexp.reduce(logs)) - log(len(EFFECTS)), LARGEST)


def evidence_of_gain(batches: Sequence[NDArray[np.float64]]) -> SequentialEvidence:
    """The mixture over the batch that a gain begins with; each batch has the gains of its blocks, the oldest batch first."""
    if not batches:
        return SequentialEvidence(0.0, 0)
    alone = [log_e_value(np.concatenate(batches[start:])) for start in range(len(batches))]
    logs = [each - log((start + 1) * (start + 2)) for start, each in enumerate(alone)]
    unused = 1 / (len(batches) + 1)  # the weight of batches to come: their tests stand at 1
    total = float(np.logaddexp.reduce([*logs, log(unused)]))
    return SequentialEvidence(total, int(np.argmax(alone)))


def log_mean(logs: Sequence[float]) -> float:
    """The log of the mean of e-values: evidence against "none of them gains", however much the alternatives depend on each
    other. Where several of them are large it is larger than the largest divided by their number, and never smaller (Vovk and
    Wang 2021, "E-values: calibration, combination and applications", Annals of Statistics 49)."""
    return float(np.logaddexp.reduce(logs)) - log(len(logs)) if logs else 0.0


def _log_ratio(count: int, lean: float, effect: float) -> float:
    """The likelihood ratio of an effect to none, of what does not depend on the scale: sum / root of the sum of squares."""
    pull = effect * lean
    peak = (pull + sqrt(pull**2 + 4 * (count - 1))) / 2 if count > 1 else max(pull, 0.0)
    width = 1 / sqrt(1 + (count - 1) / max(peak, 1e-9) ** 2)
    grid = np.linspace(max(1e-9, peak - 12 * width), peak + 12 * max(width, 1e-6 if count > 1 else 1.0), GRID)
    logs = (count - 1) * np.log(grid) - grid**2 / 2 + pull * grid
    top = float(logs.max())
    integral = top + log(float(np.trapezoid(np.exp(logs - top), grid)))
    without = (count / 2 - 1) * log(2) + lgamma(count / 2)
    return integral - without - count * effect**2 / 2


def chance_bound(evidence: SequentialEvidence) -> float:
    """The largest chance of so much evidence, at any time, without a gain."""
    return min(1.0, exp(-evidence.log_e))
