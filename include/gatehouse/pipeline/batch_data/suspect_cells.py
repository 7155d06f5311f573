"""Which cell made a model fail: the column, the row and the value, as far as the features tell."""

from __future__ import annotations

from typing import Any

from gatehouse.core.rows.row_keys import KEY
from gatehouse.errors import ModelError, UndefinedPredictionError
from gatehouse.pipeline.batch_data.row_keys import MARKS


def suspect(error: ModelError, keys: Any, features: Any) -> str:
    """The error's sentence with the cells that are likely to have caused it.

    An infinite feature is always named, one without a value only where the model says that it takes none. `keys` and
    `features` are those of the rows that were predicted, in one order.
    """
    sentence = str(error)
    if isinstance(error, UndefinedPredictionError):
        odd = _first([*_cells(features.iloc[[error.row]], _infinite), *_cells(features.iloc[[error.row]], _missing)])
        held = f", where feature {odd[0]!r} is {odd[2]}" if odd else ""
        return f"{sentence}, for row {_key(keys, error.row)}{held}"
    odd = _first(_cells(features, _infinite))
    if odd is None and "nan" in sentence.lower():
        odd = _first(_cells(features, _missing))
    return f"{sentence}; feature {odd[0]!r} is {odd[2]} in row {_key(keys, odd[1])}" if odd else sentence


def refuse_infinite(frame: Any) -> None:
    """ModelError that names the first infinite feature of a `batch_frame`: most estimators cannot be fitted with one."""
    features = frame.select_dtypes("number").drop(columns=list(MARKS), errors="ignore")
    odd = _first(_cells(features, _infinite))
    if odd is not None:
        raise ModelError(f"feature {odd[0]!r} is {odd[2]} in row {_key(frame[KEY], odd[1])}")


def _cells(features: Any, odd: Any) -> list[tuple[str, int, Any]]:
    """The first odd cell of each column that has one: the column, the position of the row, the value."""
    found = []
    for place, name in enumerate(features.columns):
        column = features.iloc[:, place]
        rows = odd(column).to_numpy(dtype=bool).nonzero()[0]
        if len(rows):
            found.append((str(name), int(rows[0]), column.iloc[int(rows[0])]))
    return found


def _first(cells: list[tuple[str, int, Any]]) -> tuple[str, int, Any] | None:
    return min(cells, key=lambda cell: cell[1], default=None)


def _infinite(column: Any) -> Any:
    import pandas as pd

    numbers = pd.to_numeric(column, errors="coerce")
    return numbers.isin([float("inf"), float("-inf")])


def _missing(column: Any) -> Any:
    return column.isna()


def _key(keys: Any, row: int) -> str:
    return str(list(keys)[row])
