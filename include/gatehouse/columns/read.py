"""A delivered column as its declared type, and the cells that it cannot hold.

Whole columns are converted at once where that is exact; the others are read value by value.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from gatehouse.columns.cell import Cell, UnreadableError, shown
from gatehouse.columns.formats import ColumnFormat
from gatehouse.columns.hints import key_for
from gatehouse.columns.moments import MOMENTS, of_moments
from gatehouse.columns.texts import of_texts
from gatehouse.columns.values import INFINITE, READERS, TOO_FINE, TOO_LONG, is_null, number

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from gatehouse.core.config.contract import ColumnType
    from gatehouse.core.config.dialect import Dialect

FEW = 32  # texts that are read one by one sooner than at once
_REMEMBERED = 100_000  # different texts of a column that are read once
Bad = dict[int, tuple[str, str]]  # by position: the value as delivered, and advice
DTYPES: dict[ColumnType, str] = {
    "string": "str", "integer": "Int64", "unsigned": "UInt64", "number": "float64", "decimal": "object",
    "boolean": "boolean", "date": "datetime64[s]", "timestamp": "datetime64[us, UTC]", "timestamp_ns": "datetime64[ns, UTC]",
}  # fmt: skip
_SMALL_INTEGERS = ("int8", "int16", "int32", "uint8", "uint16", "uint32")
# Delivered types whose every value (but an infinity) the declared type holds exactly.
_EXACT: dict[ColumnType, frozenset[str]] = {
    "integer": frozenset({"int64", *_SMALL_INTEGERS}),
    "unsigned": frozenset({"uint64", "uint8", "uint16", "uint32"}),
    "number": frozenset({"float64", "float32", "float16", *_SMALL_INTEGERS}),
    "boolean": frozenset({"boolean", "bool"}),
}


def read(
    series: pd.Series[Any], name: str, declared: ColumnType, exact: bool, dialect: Dialect | None = None
) -> tuple[pd.Series[Any], list[Cell]]:
    """The column as the declared type, null where a cell cannot be read, and those cells in order. `exact` is for the
    columns of a key: they hold no number that was rounded. A `timestamp` keeps nanoseconds where all of the column's
    moments lie in the years that nanoseconds reach. `dialect` says how the texts of a file are written."""
    series = series.reset_index(drop=True)
    written = ColumnFormat.of(dialect, name) if dialect is not None else None
    column, bad = _read(series, declared, exact, written)
    if any(advice == TOO_FINE for _, advice in bad.values()):
        finer, finer_bad = _read(series, "timestamp_ns", exact, written)
        if not any(advice == TOO_LONG for _, advice in finer_bad.values()):
            column, bad = finer, finer_bad
    return column, [Cell(row, name, declared, value, advice) for row, (value, advice) in bad.items()]


def _read(
    series: pd.Series[Any], declared: ColumnType, exact: bool, written: ColumnFormat | None
) -> tuple[pd.Series[Any], Bad]:
    whole = None
    few = len(series) <= FEW and declared != "string" and str(series.dtype) == "str"
    if not few and (written is None or not _needs_format(series, declared, written)):
        whole = _whole(series, declared, exact)
    return whole or _by_value(series, declared, exact, written)


def _needs_format(series: pd.Series[Any], declared: ColumnType, written: ColumnFormat) -> bool:
    """Whether the format says anything about these values: texts, or moments that lack a time zone."""
    dtype: Any = series.dtype
    if getattr(dtype, "kind", "") == "M":
        return written.timezone is not None and declared in MOMENTS[1:] and getattr(dtype, "tz", None) is None
    return str(dtype) in ("str", "object", "string") and written.concerns(declared)


def _whole(series: pd.Series[Any], declared: ColumnType, exact: bool) -> tuple[pd.Series[Any], Bad] | None:
    """The column when all of it can be converted at once, else None."""
    import pandas as pd

    dtype = series.dtype
    if declared == "string" and str(dtype) == "str":
        return series.mask(series == ""), {}
    if isinstance(dtype, pd.DatetimeTZDtype) or dtype.kind == "M":
        return of_moments(series, declared, DTYPES[declared])
    if not (exact and declared == "number") and (column := of_texts(series, declared, DTYPES[declared])) is not None:
        return column, {}
    if str(dtype).lower() not in _EXACT.get(declared, ()):
        return None
    column = series.astype(pd.api.types.pandas_dtype(DTYPES[declared]))
    return _finite(column) if declared == "number" else (column, {})


def _finite(column: pd.Series[Any]) -> tuple[pd.Series[Any], Bad]:
    import numpy as np

    infinite = np.isinf(column.to_numpy())
    if not infinite.any():
        return column, {}
    return column.mask(infinite), {int(row): (shown(column[row]), INFINITE) for row in np.flatnonzero(infinite)}


def _by_value(
    series: pd.Series[Any], declared: ColumnType, exact: bool, written: ColumnFormat | None
) -> tuple[pd.Series[Any], Bad]:
    reader = partial(number, exact=exact) if declared == "number" else READERS[declared]
    texts: dict[str, tuple[Any, str | None]] = {}
    values: list[Any] = []
    bad: Bad = {}
    for row, value in enumerate(series.astype("object")):
        if type(value) is not str:
            result, advice = _cell(value, declared, reader, written)
        elif (known := texts.get(value)) is not None:
            result, advice = known
        else:
            result, advice = _cell(value, declared, reader, written)
            if len(texts) < _REMEMBERED:
                texts[value] = result, advice
        values.append(result)
        if advice is not None:
            bad[row] = shown(value), advice
    return _column(values, declared), bad


def _cell(
    value: Any, declared: ColumnType, reader: Callable[[Any], Any], written: ColumnFormat | None
) -> tuple[Any, str | None]:
    """One value as its type; or None and why it cannot be read."""
    try:
        if is_null(value, declared):
            return None, None
        formatted = value if written is None else written.canonical(value, declared)
        return (None if formatted is None else reader(formatted)), None
    except UnreadableError as error:
        advice = str(error)
    except (ValueError, TypeError, ArithmeticError):
        advice = ""
    return None, advice or (key_for(value, declared) if written is not None else "")


def _column(values: list[Any], declared: ColumnType) -> pd.Series[Any]:
    import numpy as np
    import pandas as pd

    if declared == "timestamp_ns":
        nothing = np.iinfo(np.int64).min  # NaT
        moments = np.array([nothing if value is None else value for value in values], dtype=np.int64)
        return pd.Series(pd.DatetimeIndex(moments.view("M8[ns]"), tz="UTC"))
    if declared in MOMENTS:
        unit = "s" if declared == "date" else "us"
        naive = [value if value is None or declared == "date" else value.replace(tzinfo=None) for value in values]
        column = pd.Series(np.array(naive, dtype=f"M8[{unit}]"))
        return column if declared == "date" else column.dt.tz_localize("UTC")
    return pd.Series(values, dtype=pd.api.types.pandas_dtype(DTYPES[declared]))
