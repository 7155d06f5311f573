"""The true difference of a simulated pair of models: in closed form for numbers, by quadrature for chances.

A truth that is simulated itself is off by some hundredths of a standard error, which moves the share of the challengers
that pass at the margin by half a point: more than ten thousand simulated pairs resolve.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
MEAN, NOISE_OF_LABELS = -0.6, 0.5  # of the signal; of a label that is a number
_GRID = np.linspace(-1, 1, 4001)
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(64)


def of_numbers(metric: str, own_noise: float, shared: float) -> float:
    """MAE or RMSE of a model whose error is normal: its own noise, what the rows of a day share, the labels' noise."""
    spread = math.sqrt(own_noise**2 + shared**2 + NOISE_OF_LABELS**2)
    return {"mae": math.sqrt(2 / math.pi) * spread, "rmse": spread}[metric]


def of_chances(metric: str, own_noise: float, shared: float) -> float:
    """The metric of a model that says chance(signal + error), where the label is 1 with chance(signal): both normal.

    Given what the model says, the signal is normal again, so that the chance of a 1 is one integral over it, and each
    metric one more over what the model says; ROC AUC is that over all pairs of rows of different days.
    """
    signal, error = 1.0 + shared**2, own_noise**2 + shared**2
    spread = math.sqrt(signal + error)
    said = MEAN + 10 * spread * _GRID
    density = np.exp(-(((said - MEAN) / spread) ** 2) / 2)
    density /= density.sum()
    expected = MEAN + signal / (signal + error) * (said - MEAN)
    left = math.sqrt(signal * error / (signal + error))
    happens = np.asarray(chance(expected[:, None] + left * _NODES) @ _WEIGHTS / _WEIGHTS.sum())
    promised = chance(said)
    if metric == "roc_auc":
        ones, zeros = density * happens, density * (1 - happens)
        return float(ones @ (np.cumsum(zeros) - zeros / 2) / (ones.sum() * zeros.sum()))
    losses = {
        "log_loss": (-np.log(promised), -np.log1p(-promised)),
        "brier": ((1 - promised) ** 2, promised**2),
        "error_rate": (promised <= 0.5, promised > 0.5),
    }
    of_one, of_zero = losses[metric]
    return float(density @ (happens * of_one + (1 - happens) * of_zero))


def chance(odds: Array) -> Array:
    """The chance of log odds."""
    return np.asarray(1 / (1 + np.exp(-odds)))
