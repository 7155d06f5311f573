"""Counts behind the pictures of more than two classes: what was predicted for what happened, and calibration curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gatehouse.core.statistics.blocked_rows import Array

TENTHS = 10


def confusion(labels: Array, predictions: Array) -> NDArray[np.intp]:
    """Rows by the class that happened (down) and the likeliest one (across); shape (classes, classes)."""
    classes = predictions.shape[1]
    cells = labels.astype(np.intp) * classes + predictions.argmax(axis=1)
    return np.bincount(cells, minlength=classes**2).reshape(classes, classes)


def predicted_observed(happened: Array, chances: Array) -> tuple[list[float], list[float]]:
    """Mean chance and share that happened, in each tenth of the rows by their chance."""
    tenths = np.array_split(np.argsort(chances, kind="stable"), min(TENTHS, len(chances)))
    return [float(chances[rows].mean()) for rows in tenths], [float(happened[rows].mean()) for rows in tenths]
