"""Metrics of a use case's own: functions of (labels, predictions, weights) in its `model.py`, named `use_case.metric`.

They are losses: smaller is better (a profit is returned negated). A function that returns one number a row gives losses
whose weighted mean is the metric: resampled by the sums of blocks, as fast as a built-in one. A function that returns one
number is evaluated anew for each resample, with weights that may be zero.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from gatehouse.core.statistics.blocked_rows import Array, BlockedRows, Build, Sampler
from gatehouse.core.statistics.weighted_means import moments, only
from gatehouse.user_code import described

Function = Callable[[Array, Array, Array], Any]

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}\.[a-z][a-z0-9_]{0,62}")
_FUNCTIONS: dict[str, Function] = {}


def is_own(name: str) -> bool:
    """Whether a name is that of a use case's own metric: `flight_delays.cost`."""
    return NAME.fullmatch(name) is not None


def register(functions: Mapping[str, Function]) -> None:
    """Make functions known under their full names, in place of what had these names."""
    _FUNCTIONS.update(functions)


@contextmanager
def as_archived(functions: Mapping[str, Function]) -> Iterator[None]:
    """For the time of a replay these functions have their names, whatever `model.py` says today."""
    before = dict(_FUNCTIONS)
    register(functions)
    try:
        yield
    finally:
        _FUNCTIONS.clear()
        _FUNCTIONS.update(before)


def build(name: str) -> Build:
    """How the metric is computed over rows; undefined (NaN) where its function is not known, raises, or gives anything
    but one number or one number a row."""

    def built(rows: BlockedRows) -> Sampler:
        found = _called(name, rows, rows.weights)
        if found.shape == rows.labels.shape and np.isfinite(found).all():
            return moments(lambda _labels, _predictions: found, only)(rows)
        if found.shape == () and np.isfinite(found):
            return lambda counts: np.array([_number(name, rows, rows.weights * drawn[rows.blocks]) for drawn in counts])
        return lambda counts: np.full(len(counts), np.nan)

    return built


def why_undefined(name: str, labels: Array, predictions: Array) -> str:
    """Say why the metric is undefined for these rows: what its function raises, or returns instead of numbers."""
    function = _FUNCTIONS.get(name)
    if function is None:
        return f"no function is known for {name}"
    try:
        returned = function(labels.copy(), predictions.copy(), np.ones_like(labels))
        values = np.asarray(returned, dtype=np.float64)
    except (Exception, SystemExit) as error:
        return f"its function raised {described(error)}"
    if values.shape not in ((), labels.shape):
        return f"its function returned an array of shape {values.shape}; allowed: one number, or one for each row"
    wrong = int((~np.isfinite(values)).sum())
    return f"its function returned {wrong} values that are not finite" if wrong else "it is not defined for these rows"


def _number(name: str, rows: BlockedRows, weights: Array) -> float:
    found = _called(name, rows, weights)
    return float(found) if found.shape == () and np.isfinite(found) else float("nan")


def _called(name: str, rows: BlockedRows, weights: Array) -> Array:
    """What the function returns for copies of the rows: it cannot spoil the evidence for the rules after it."""
    function = _FUNCTIONS.get(name)
    if function is None:
        return np.array([np.nan, np.nan])
    try:
        return np.asarray(function(rows.labels.copy(), rows.predictions.copy(), weights.copy()), dtype=np.float64)
    except (Exception, SystemExit):  # the use case's code: whatever it raises, its metric is undefined here
        return np.array([np.nan, np.nan])
