"""A batch's columns as Arrow arrays, read as numbers or as categories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from gatehouse.errors import SchemaMismatchError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NUMERIC = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_null)
PROFILED = (
    *NUMERIC,
    pa.types.is_boolean,
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_timestamp,
    pa.types.is_date,
)


def columns_of(table: Any) -> dict[str, pa.ChunkedArray]:
    """The columns of an Arrow table, a pandas frame or a mapping of arrays. A timestamp `t` becomes the two
    categorical columns `t.hour` and `t.weekday` (in UTC; 1 is Monday): the moment itself is new in every batch."""
    names = table.column_names if isinstance(table, pa.Table) else table.keys()
    columns: dict[str, pa.ChunkedArray] = {}
    for name in map(str, names):
        column = _arrow(name, table[name])
        if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
            moment = column.cast(pa.timestamp("s", tz="UTC"), safe=False)
            columns[f"{name}.hour"] = pc.hour(moment).cast(pa.string())
            columns[f"{name}.weekday"] = pc.day_of_week(moment, count_from_zero=False).cast(pa.string())
        else:
            columns[name] = column
    return columns


def is_numeric(column: pa.ChunkedArray) -> bool:
    """Numbers, and a column without any value, are numeric; text and booleans are categories."""
    return any(test(column.type) for test in NUMERIC)


def numbers(name: str, column: pa.ChunkedArray) -> NDArray[np.float64]:
    """The values as float64, nulls as NaN. Integers beyond 2**53 are rounded."""
    if not is_numeric(column) and not pa.types.is_boolean(column.type):
        raise SchemaMismatchError(f"column {name!r} is numeric in the reference; found {column.type}")
    values: NDArray[np.float64] = column.cast(pa.float64(), safe=False).to_numpy()
    return values


def counted(column: pa.ChunkedArray) -> tuple[dict[str, int], int]:
    """The count of each value as text (`true` and `false` for booleans), and the number of nulls."""
    found = pc.value_counts(column)  # nulls as one more value: taking them out first would copy every text
    names = found.field("values").cast(pa.string()).to_pylist()
    counts = dict(zip(names, found.field("counts").to_pylist(), strict=True))
    nulls = counts.pop(None, 0)
    return counts, nulls


def _arrow(name: str, values: Any) -> pa.ChunkedArray:
    try:
        column = (
            values if isinstance(values, pa.ChunkedArray) else pa.chunked_array([pa.array(values, from_pandas=True)])
        )
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise SchemaMismatchError(f"column {name!r} mixes types and cannot be profiled: {error}") from None
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not any(test(kind) for test in PROFILED):
        raise SchemaMismatchError(
            f"column {name!r} cannot be profiled; found {kind}; allowed: number, boolean, string, timestamp"
        )
    return column
