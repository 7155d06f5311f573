"""Columns that go together differently while each looks as before: a domain classifier that cannot see single columns.

Two-sample tests by a classifier (Lopez-Paz and Oquab 2017) see every change, those of single columns first. So each
column of both samples is replaced by its ranks within its own sample, ties broken by chance: all distributions are
uniform then, and only how columns depend on each other is left to tell the samples apart. The out-of-fold AUC is
compared with the AUCs of the reference's own units against the rest, so what differs between quiet batches is allowed for.

The classifier is a ridge discriminant on the products of pairs of columns, and of their squares: what one number says of a
pair. It is solved in closed form, because it runs for every batch; boosted trees find the same at fifty times the cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from gatehouse.core.statistics.metrics import evaluate
from gatehouse.formatting import shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

MIN_ROWS = 200
MOST = 40  # columns
RIDGE = 0.5  # of the mean variance of a feature
MIN_UNITS = 5
FEW = 0.08  # how far above one half the AUC must be where there are too few units to calibrate


@dataclass(frozen=True)
class JointDrift:
    """The AUC of telling a batch from the reference by how columns go together; `limit` is where it is a change, and
    `pair` the two columns whose rank correlation changed most, with the correlation before and after."""

    auc: float
    limit: float
    p_value: float | None
    origin: str
    pair: tuple[str, str] | None
    before: float
    after: float

    @property
    def changed(self) -> bool:
        """Whether the columns go together differently."""
        return self.auc > self.limit

    @property
    def sentence(self) -> str:
        """The change in words."""
        if self.limit >= 1:
            return f"how columns go together cannot be judged: no AUC lies above its limit, of {self.origin}"
        sign = ">" if self.changed else "≤"
        told = f"AUC {self.auc:.3f} {sign} {self.limit:.3f} ({self.origin})"
        if not self.changed or self.pair is None:
            return f"columns go together as before: {told}"
        return (
            f"{self.pair[0]} and {self.pair[1]} go together differently: rank correlation {shown(self.before, '.2f')} → "
            f"{shown(self.after, '.2f')}; {told}"
        )

    def to_document(self) -> dict[str, Any]:
        """The finding as plain values."""
        return {**vars(self), "pair": list(self.pair) if self.pair else None, "changed": self.changed} | {
            "sentence": self.sentence
        }


def rank_transform(columns: Sequence[NDArray[Any]], seed: int) -> NDArray[np.float64]:
    """Each column (numbers or codes, NaN for null) as ranks in (0, 1) within the sample, ties broken by chance."""
    random = np.random.default_rng(seed)
    found = np.empty((len(columns[0]) if columns else 0, len(columns)))
    for position, column in enumerate(columns):
        values = np.where(np.isnan(column), -np.inf, column)
        order = np.lexsort((random.uniform(size=len(values)), values))
        found[order, position] = (np.arange(len(values)) + 0.5) / len(values)
    return found


def domain_classifier_auc(reference: NDArray[np.float64], batch: NDArray[np.float64]) -> float:
    """The AUC, out of fold, of telling rows of two samples of `ranks` apart: (rows, columns) each. Two folds of
    consecutive rows, so that rows of one day are seldom in both; the mean of the folds'."""
    one, other = _pairs(reference), _pairs(batch)
    found = []
    for fold in (0, 1):
        (a, b), (known, new) = ([_half(each, which) for each in (one, other)] for which in (1 - fold, fold))
        direction = _direction(a, b)
        found.append(_auc(known @ direction, new @ direction))
    return float(np.mean(found))


def _pairs(ranked: NDArray[np.float64]) -> NDArray[np.float64]:
    """The products of all pairs of standardised columns, and of their standardised squares."""
    scaled = (ranked - 0.5) * np.sqrt(12)
    squares = (scaled**2 - 1) / np.sqrt(0.8)
    one, other = np.triu_indices(ranked.shape[1], 1)
    return np.hstack([scaled[:, one] * scaled[:, other], squares[:, one] * squares[:, other]])


def _direction(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """The ridge discriminant between two samples of features. With the ridge the spread is positive definite, which
    Cholesky solves in half the time of the general way."""
    from scipy.linalg import solve

    one, other = a.mean(axis=0), b.mean(axis=0)
    centred = np.vstack([a - one, b - other])
    spread = centred.T @ centred / len(centred)
    spread.flat[:: len(spread) + 1] += RIDGE * float(np.trace(spread)) / len(spread)
    solved: NDArray[np.float64] = solve(spread, other - one, assume_a="pos", overwrite_a=True, check_finite=False)
    return solved


def _auc(known: NDArray[np.float64], new: NDArray[np.float64]) -> float:
    """The AUC of a score that is meant to be higher for the new rows."""
    labels = np.repeat([0.0, 1.0], [len(known), len(new)])
    return evaluate("roc_auc", labels, np.concatenate([known, new]))


def _half(rows: NDArray[np.float64], which: int) -> NDArray[np.float64]:
    middle = len(rows) // 2
    return rows[:middle] if which == 0 else rows[middle:]


def judge(
    auc: float,
    units: Sequence[float],
    level: float,
    rows: tuple[int, int],
    names: Sequence[str],
    reference: NDArray[np.float64],
    batch: NDArray[np.float64],
) -> JointDrift:
    """Judge an AUC between samples of `rows` rows (reference's, batch's), given as `ranks`.

    The units' mean and spread give a t-quantile at `level`; the spread is never less than that of independent rows
    (Mann and Whitney 1947).
    """
    noise = float(np.sqrt((sum(rows) + 1) / (12 * rows[0] * rows[1])))
    pair, before, after = _most_changed(names, reference, batch)
    if len(units) < MIN_UNITS:
        return JointDrift(
            auc, 0.5 + max(FEW, 5 * noise), None, "policy: too few reference batches", pair, before, after
        )
    from scipy.special import stdtr, stdtrit

    freedom, centre = len(units) - 1, max(float(np.mean(units)), 0.5)
    spread = max(float(np.std(units, ddof=1)), noise) * float(np.sqrt(1 + 1 / len(units)))
    limit = centre + spread * float(stdtrit(freedom, 1 - level))
    p_value = float(1 - stdtr(freedom, (auc - centre) / spread))
    return JointDrift(auc, limit, p_value, f"{len(units)} reference units", pair, before, after)


def correlations(ranked: NDArray[np.float64]) -> NDArray[np.float64]:
    """Spearman's rank correlations between the columns."""
    return np.atleast_2d(np.corrcoef(ranked, rowvar=False))


def _most_changed(
    names: Sequence[str], reference: NDArray[np.float64], batch: NDArray[np.float64]
) -> tuple[tuple[str, str] | None, float, float]:
    if len(names) < 2:
        return None, 0.0, 0.0
    before, after = correlations(reference), correlations(batch)
    one, other = max(combinations(range(len(names)), 2), key=lambda pair: abs(after[pair] - before[pair]))
    return (names[one], names[other]), float(before[one, other]), float(after[one, other])
