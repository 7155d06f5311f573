"""The numbers of a batch and of earlier ones side by side, as what tells relations: normal scores.

A column's values are replaced by the normal quantiles of their ranks (van der Waerden 1952), so that amounts with long tails
and clocks are compared alike. Within a batch's own ranks the level of that batch is gone and only the relations are left;
on the ranks of earlier batches it stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gatehouse.core.profiling.row_sample import RowSample

MIN_ROWS = 200
MIN_BATCHES = 4  # earlier ones, from which it is known how much relations vary


@dataclass(frozen=True)
class NormalScores:
    """The columns that vary in every batch: `earlier` and `batch` are (rows, columns), NaN for what is null or
    infinite."""

    names: tuple[str, ...]
    earlier: tuple[NDArray[np.float64], ...]
    batch: NDArray[np.float64]


def rows_of(earlier: Sequence[RowSample], batch: RowSample) -> NormalScores | None:
    """The samples side by side; None where there are too few earlier ones, rows or columns to know any relation."""
    known = [each for each in earlier if _height(each) >= MIN_ROWS]
    if len(known) < MIN_BATCHES or _height(batch) < MIN_ROWS:
        return None
    names = tuple(n for n in batch.columns if all(n in each.columns and _varies(each, n) for each in [*known, batch]))
    if len(names) < 2:
        return None
    return NormalScores(names, tuple(_matrix(each, names) for each in known), _matrix(batch, names))


def scores(values: NDArray[np.float64], among: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """The normal scores of values by their places among others (their own where none are given): 0 for nulls."""
    others = np.sort(values if among is None else among)
    others = others[~np.isnan(others)]
    places = (np.searchsorted(others, values, "left") + np.searchsorted(others, values, "right")) / 2
    found = ndtri(np.clip(places, 0.5, len(others) - 0.5) / max(len(others), 1))
    return np.where(np.isnan(values), 0.0, found)


def _height(sample: RowSample) -> int:
    return max((len(column) for column in sample.columns.values()), default=0)


def _varies(sample: RowSample, name: str) -> bool:
    column = sample.columns[name]
    held = column[np.isfinite(column)]
    return len(held) >= MIN_ROWS / 2 and bool(held.min() < held.max())


def _matrix(sample: RowSample, names: Sequence[str]) -> NDArray[np.float64]:
    made = np.column_stack([sample.columns[name] for name in names])
    return np.where(np.isfinite(made), made, np.nan)
