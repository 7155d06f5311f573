"""What changed in a column, in words and numbers that its owner recognises."""

from __future__ import annotations

from math import isfinite, log

import numpy as np

from gatehouse.core.drift.column_distance import TENTHS, positions, tenths
from gatehouse.core.profiling import CategoricalProfile, ColumnProfile, NumericProfile

_SMALL = 0.05  # a mean that moved by less of a standard deviation, a spread that changed by less, tells nothing


def describe_value_change(reference: ColumnProfile, batch: ColumnProfile) -> str:
    """The largest change among the values; both profiles hold some, on one grid."""
    if isinstance(reference, NumericProfile) and isinstance(batch, NumericProfile):
        return _numeric(reference, batch)
    if isinstance(reference, CategoricalProfile) and isinstance(batch, CategoricalProfile):
        return _categorical(reference, batch)
    return ""


def describe_missing_change(reference: ColumnProfile, batch: ColumnProfile) -> str:
    """The change of the share of nulls, or of infinities when those changed more."""
    before, after = reference.presence / reference.rows, batch.presence / batch.rows
    names = ("nulls", "negative infinities", "infinities")[: len(before) - 1]
    largest = int(np.argmax(np.abs(after - before)[:-1]))
    return f"{names[largest]} {share(before[largest])} → {share(after[largest])}"


def number(value: float) -> str:
    """Three significant digits, and thousands whole."""
    return f"{value:,.0f}" if isfinite(value) and 1000 <= abs(value) < 1e15 else f"{value:.3g}"


def share(value: float) -> str:
    """A share in per cent with three significant digits."""
    return f"{100 * value:.3g} %"


def _numeric(reference: NumericProfile, batch: NumericProfile) -> str:
    before, after = reference.moments, batch.moments
    shifted = abs(after.mean - before.mean) / (before.std or 1.0)
    spread = abs(log(after.std / before.std)) if before.std > 0 and after.std > 0 else abs(after.std - before.std)
    if max(shifted, spread) < _SMALL:
        return _tenth(reference, batch)
    if shifted >= spread:
        return f"mean {number(before.mean)} → {number(after.mean)}"
    return f"standard deviation {number(before.std)} → {number(after.std)}"


def _tenth(reference: NumericProfile, batch: NumericProfile) -> str:
    bins, where = tenths(reference.cells), positions(reference)
    before = np.bincount(bins, reference.cells, TENTHS) / reference.values
    after = np.bincount(bins, batch.cells, TENTHS) / batch.values
    largest = int(np.argmax(np.abs(after - before)))
    held = where[bins == largest]
    between = f"{number(held[0])}" if held[0] == held[-1] else f"{number(held[0])} to {number(held[-1])}"
    return f"share of {between}: {share(before[largest])} → {share(after[largest])}"


def _categorical(reference: CategoricalProfile, batch: CategoricalProfile) -> str:
    before, after = reference.cells / reference.values, batch.cells / batch.values
    largest = int(np.argmax(np.abs(after - before)))
    if largest < len(reference.categories):
        name = f"'{reference.categories[largest]}'"
    else:
        names = batch.tail_names or reference.tail_names
        name = f"{'rare' if reference.tail else 'unseen'} values (such as '{max(names, key=lambda each: names[each])}')"
    return f"share of {name} {share(before[largest])} → {share(after[largest])}"
