"""Reads a delivered table into the declared columns as the declared types, or says exactly why it cannot.

The declared types are always the same pandas types: string -> str, integer -> Int64, number -> float64,
boolean -> boolean, timestamp -> datetime64[us, UTC]. Nothing is guessed and nothing becomes null in silence: one cell
that cannot be read is a SchemaMismatch, and the caller quarantines the batch.

Null is None, NaN, NaT, an empty text, and in columns that hold no text also `NA`, `NaN`, `null` and `None`.
A timestamp without an offset is UTC. Integers may be written `5.0`. Numbers beyond the range of the type are refused.
"""

from __future__ import annotations

import math
import numbers
import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from gatehouse.errors import SchemaMismatch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from gatehouse.core.specs.contract import ColumnType

UNDECLARED = "undeclared_columns"
_DTYPES: dict[ColumnType, str] = {
    "string": "str", "integer": "Int64", "number": "float64", "boolean": "boolean", "timestamp": "datetime64[us, UTC]",
}  # fmt: skip
# Delivered types whose every value the declared type holds exactly.
_EXACT: dict[ColumnType, tuple[str, ...]] = {
    "integer": ("Int64", "int64", "int32", "int16", "int8"),
    "number": ("float64", "float32", "int32", "int16", "int8"),
    "boolean": ("boolean", "bool"),
}
_NULLS = frozenset({"", "NA", "NaN", "nan", "null", "NULL", "None"})
_INTEGER = re.compile(r"[+-]?\d{1,19}(\.0*)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_INFINITY = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?)?", re.ASCII)
_TRUTH = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
_MAX_FAULTS = 5


class _UnreadableError(ValueError):
    """A value that its declared type cannot hold."""


def as_declared(frame: pd.DataFrame, columns: Mapping[str, ColumnType], where: str) -> pd.DataFrame:
    """The declared columns in declared order as declared types, with a fresh index.

    `where` names the table (and file) for the message. Columns that were delivered but not declared are dropped;
    `undeclared(result)` names them. Raises SchemaMismatch with up to five faults.
    """
    import pandas as pd

    delivered = [str(name) for name in frame.columns]
    read: dict[str, pd.Series[Any]] = {}
    faults = _faults(delivered, columns, lambda name: frame.iloc[:, delivered.index(name)], read)
    if faults:
        raise _mismatch(faults, where)
    result = pd.DataFrame(read, index=pd.RangeIndex(len(frame)))
    result.attrs[UNDECLARED] = tuple(sorted(set(delivered) - set(columns)))
    return result


def mismatch(
    delivered: Sequence[str], columns: Mapping[str, ColumnType], take: Callable[[str], pd.Series[Any]], where: str
) -> SchemaMismatch | None:
    """What `as_declared` would raise about a table that is taken column by column and never held whole; None for nothing."""
    faults = _faults(list(delivered), columns, take, None)
    return _mismatch(faults, where) if faults else None


def _faults(
    delivered: list[str],
    columns: Mapping[str, ColumnType],
    take: Callable[[str], pd.Series[Any]],
    read: dict[str, pd.Series[Any]] | None,
) -> list[str]:
    """A sentence a column that cannot be read; the others go into `read`, if they are wanted."""
    faults = []
    for name, declared in columns.items():
        if delivered.count(name) != 1:
            state = "is missing" if name not in delivered else "appears more than once"
            faults.append(f"column {name!r} {state}; declared: {declared}; delivered columns: {_some(delivered)}")
            continue
        try:
            column = _read(take(name).reset_index(drop=True), declared)
        except ValueError as error:
            faults.append(f"column {name!r}: {error}; declared: {declared}")
        else:
            if read is not None:
                read[name] = column
    return faults


def _mismatch(faults: list[str], where: str) -> SchemaMismatch:
    more = f" (and {len(faults) - _MAX_FAULTS} more)" if len(faults) > _MAX_FAULTS else ""
    shown = " | ".join(faults[:_MAX_FAULTS])
    return SchemaMismatch(f"{where}: {shown}{more}; the declaration in contract.yaml is the data engineer's")


def undeclared(frame: pd.DataFrame) -> tuple[str, ...]:
    """The columns that the delivery had and the declaration has not: a schema change that must be seen."""
    return tuple(frame.attrs.get(UNDECLARED, ()))


def _read(series: pd.Series[Any], declared: ColumnType) -> pd.Series[Any]:
    """The series as the declared type; ValueError says what was found instead."""
    import pandas as pd

    native = _native(series, declared)
    if native is not None:
        return native
    values, bad = [], []
    for value in series.astype("object"):
        try:
            values.append(None if _null(value, declared) else _READERS[declared](value))
        except (ValueError, ArithmeticError):
            bad.append(value)
    if bad:
        raise ValueError(
            f"{len(bad)} of {len(series)} values cannot be read ({series.dtype}), for example {_shown(bad[0])}"
        )
    if declared == "timestamp":
        return pd.Series(pd.DatetimeIndex(values, dtype=_DTYPES[declared]))
    return pd.Series(values, dtype=_DTYPES[declared])


def _native(series: pd.Series[Any], declared: ColumnType) -> pd.Series[Any] | None:
    """The series when whole-column conversion is exact, else None: then each value is read by itself."""
    import pandas as pd

    dtype = str(series.dtype)
    if declared == "string" and dtype == "str":
        return series.mask(series == "")
    if declared == "timestamp" and dtype.startswith("datetime64["):
        return pd.Series(
            series.dt.tz_localize("UTC") if series.dt.tz is None else series.dt.tz_convert("UTC")
        ).dt.as_unit("us")
    return series.astype(pd.api.types.pandas_dtype(_DTYPES[declared])) if dtype in _EXACT.get(declared, ()) else None


def _null(value: Any, declared: ColumnType) -> bool:
    if isinstance(value, str):
        return value == "" if declared == "string" else value.strip() in _NULLS
    import pandas as pd

    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))


def _string(value: Any) -> str:
    if isinstance(value, str):
        value.encode()  # a lone surrogate is no text: UnicodeEncodeError is a ValueError
        return value
    raise _UnreadableError


def _integer(value: Any) -> int:
    if isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
        number = int(value.strip().partition(".")[0])
    elif _is_number(value) and value == int(value):
        number = int(value)
    else:
        raise _UnreadableError
    if -(2**63) <= number < 2**63:
        return number
    raise _UnreadableError


def _number(value: Any) -> float:
    if isinstance(value, str):
        text = value.strip()
        number = float(text) if _NUMBER.fullmatch(text) else math.inf
        if math.isfinite(number) or _INFINITY.fullmatch(text):
            return float(text)
    elif _is_number(value):
        return float(value)
    raise _UnreadableError


def _boolean(value: Any) -> bool:
    several = hasattr(value, "__len__")  # a Parquet file may hold a list in each row
    text = (
        value.strip().lower() if isinstance(value, str) else "" if several or value not in (0, 1) else str(int(value))
    )
    if text in _TRUTH:
        return _TRUTH[text]
    raise _UnreadableError


def _timestamp(value: Any) -> datetime:
    if isinstance(value, str) and _MOMENT.fullmatch(value.strip()):
        value = datetime.fromisoformat(value.strip())
    elif type(value) is date:
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    raise _UnreadableError


def _is_number(value: Any) -> bool:
    """Whether it is a real number, of Python, NumPy or decimal; a truth value is none."""
    return isinstance(value, numbers.Number) and not isinstance(value, (bool, complex))


_READERS: dict[ColumnType, Callable[[Any], Any]] = {
    "string": _string, "integer": _integer, "number": _number, "boolean": _boolean, "timestamp": _timestamp,
}  # fmt: skip


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _some(names: list[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:20])
    return f"{shown} and {len(names) - 20} more" if len(names) > 20 else shown or "none"
