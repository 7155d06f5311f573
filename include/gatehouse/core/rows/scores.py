"""Predictions as columns of a table: one column for a number or two classes, one column a class for more of them.

In memory the predictions of more than two classes are an array (rows, classes). In a table each class has a column that
carries its name, `score:setosa`, so a file says by itself what its numbers mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SEPARATOR = ":"


def score_names(name: str, classes: Sequence[str]) -> tuple[str, ...]:
    """The columns that predictions take: the name itself, or `name:class` for each class."""
    return tuple(f"{name}{SEPARATOR}{each}" for each in classes) or (name,)


def is_score(column: str, name: str) -> bool:
    """Whether a column holds the predictions `name`, or those of one class."""
    return column == name or column.startswith(f"{name}{SEPARATOR}")


def score_columns(name: str, scores: Any, classes: Sequence[str]) -> dict[str, NDArray[np.float64]]:
    """Predictions (rows,) or (rows, classes) by their columns."""
    values = np.asarray(scores, dtype=np.float64)
    if not classes:
        return {name: values}
    whole = values.reshape(-1, len(classes))
    return {column: whole[:, place] for place, column in enumerate(score_names(name, classes))}


def scores_in(columns: Any, name: str, classes: Sequence[str]) -> NDArray[np.float64]:
    """The predictions in a table (or a mapping of arrays); a class that it has no column for was given no probability."""
    if not classes:
        return np.asarray(columns[name], dtype=np.float64)
    found = [np.asarray(columns[each], dtype=np.float64) for each in score_names(name, classes) if each in columns]
    if not found:
        raise KeyError(name)
    nothing = np.zeros_like(found[0])
    named = score_names(name, classes)
    return np.stack([np.asarray(columns[each], np.float64) if each in columns else nothing for each in named], axis=1)


def classes_in(columns: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The classes that a table has columns of predictions for, in their order; none for a number or two classes."""
    start = f"{name}{SEPARATOR}"
    return tuple(each.removeprefix(start) for each in columns if each.startswith(start))
