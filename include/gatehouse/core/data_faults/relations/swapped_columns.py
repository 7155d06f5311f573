"""Swapped or rotated columns that look alike one by one: their correlations with the others moved along with them."""

from __future__ import annotations

from itertools import pairwise, permutations
from typing import TYPE_CHECKING

import numpy as np

from gatehouse.core.data_faults.relations.normal_scores import NormalScores, scores

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

BRUTE = 6  # so many columns, those whose correlations changed most, are tried in every order
BEYOND = 2.0  # times as far from earlier correlations as any earlier batch, in squares, before a mapping is looked for
BACK = 1.2  # times as far as any earlier batch, at most, once the columns are put back
ABOUT = 1.1  # times the nearest that an order may be off to count as equal
NEAR = 0.08  # how far a column may lie from what the other one held, beside sampling and what it varies


def swapped_columns(rows: NormalScores) -> dict[str, str]:
    """The most likely mapping, delivered column -> the column whose content it holds; empty where none explains it.

    A mapping must bring the correlations of all columns back to where those of earlier batches lie, and each column must
    look like what the other one held."""
    if len(rows.names) < 3:
        return {}
    before = np.stack([correlations(each) for each in rows.earlier])
    now, known = correlations(rows.batch), before.mean(axis=0)
    usual = max(_off(each, (before.sum(axis=0) - each) / (len(before) - 1)) for each in before)
    if _off(now, known) <= BEYOND * usual:
        return {}
    columns = np.argsort(-((now - known) ** 2).sum(axis=1))[:BRUTE].tolist()
    held = _best(rows, columns, now, known)
    if not held or _off(_put_back(now, held), known) > min(BACK * usual, _off(now, known) / BEYOND):
        return {}
    return {rows.names[column]: rows.names[was] for column, was in held.items()}


def contradict(rows: NormalScores, held: Mapping[str, str]) -> bool | None:
    """Whether the relations of these columns (delivered column -> the column whose content it holds) speak against the
    mapping: put back, their correlations with all columns lie farther from what they were than they do now, and farther
    than in any earlier batch. None where a column has no relations here."""
    if not {*held}.issubset(rows.names) or len(rows.names) <= len(held):
        return None
    order = {rows.names.index(column): rows.names.index(was) for column, was in held.items()}
    before, now = np.stack([correlations(each) for each in rows.earlier]), correlations(rows.batch)

    def off(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
        return float(((one - other)[list(order)] ** 2).sum())

    usual = max(off(each, (before.sum(axis=0) - each) / (len(before) - 1)) for each in before)
    known = before.mean(axis=0)
    return off(_put_back(now, order), known) > max(off(now, known), usual)


def still(waiting: NormalScores, rows: NormalScores, named: Sequence[str]) -> list[str]:
    """The columns, out of those that are named, in whose mapping a batch that waits and this one agree: it brings the
    correlations of both nearer to what they were."""
    if waiting.names != rows.names:
        return []
    columns = [at for at, name in enumerate(rows.names) if name in named][:BRUTE]
    before, now = correlations(waiting.batch), correlations(rows.batch)
    known = np.mean([correlations(each) for each in rows.earlier], axis=0)
    held = _best(waiting, columns, before, known)
    agree = all(_off(_put_back(each, held), known) * BACK < _off(each, known) for each in (before, now))
    return [rows.names[column] for column in held] if agree else []


def _best(
    rows: NormalScores, columns: Sequence[int], now: NDArray[np.float64], known: NDArray[np.float64]
) -> dict[int, int]:
    """The order of these columns that brings the correlations nearest to what they were, of about equal ones that which
    moves fewest; empty where none is possible."""
    tried = [(_off(_put_back(now, each), known), each) for each in _orders(columns, _lookalikes(rows, columns))]
    nearest = min((off for off, _ in tried), default=0.0)
    equal = [(len(each), off, each) for off, each in tried if off <= ABOUT * nearest]
    return min(equal, key=lambda each: each[:2], default=(0, 0.0, {}))[2]


def correlations(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlations of normal scores within these rows (rows, columns); 0 for a column that does not vary."""
    ranked = np.column_stack([scores(column) for column in rows.T])
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.nan_to_num(np.corrcoef(ranked, rowvar=False)))


def _off(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(((one - other) ** 2).sum() / 2)


def _put_back(now: NDArray[np.float64], held: dict[int, int]) -> NDArray[np.float64]:
    """The correlations after each column is put where its content was before."""
    order = np.arange(len(now))
    for column, was in held.items():
        order[was] = column
    return now[np.ix_(order, order)]


def _orders(columns: Sequence[int], fits: set[tuple[int, int]]) -> list[dict[int, int]]:
    found = []
    for order in permutations(columns):
        held = {column: was for column, was in zip(columns, order, strict=True) if column != was}
        if held and fits.issuperset(held.items()):
            found.append(held)
    return found


def _lookalikes(rows: NormalScores, columns: Sequence[int]) -> set[tuple[int, int]]:
    """Which of these columns of the batch look like what which other one held."""
    fits = set()
    for was in columns:
        content = [each[:, was] for each in rows.earlier]
        usual = max(_apart(one, other) for one, other in pairwise(content))
        sampling = 1.5 * np.sqrt(1 / len(content[-1]) + 1 / len(rows.batch))
        for column in columns:
            if min(_apart(each, rows.batch[:, column]) for each in content) <= max(usual, NEAR + sampling):
                fits.add((column, was))
    return fits


def _apart(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Kolmogorov and Smirnov's distance; nulls are another value."""
    values = np.concatenate([one, other])
    places = [np.searchsorted(np.sort(each), values, "right") / len(each) for each in (one, other)]
    return float(np.abs(places[0] - places[1]).max())
