"""Parquet's old INT96 moments (Spark's default until 3.0), read exactly.

They count days and nanoseconds. Arrow reads them as microseconds, which cuts the nanoseconds, or as nanoseconds, which wraps
dates outside 1677 to 2262 around: year 9999 becomes 1816. Both readings together give the exact moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

UNIT = "us"  # which holds every date


def columns(file: Any) -> list[str]:
    """The names of the INT96 columns of a `ParquetFile`."""
    schema = file.schema
    return [column.path for column in map(schema.column, range(len(schema))) if column.physical_type == "INT96"]


def exact(table: pa.Table, wrapped: pa.Table, names: Sequence[str]) -> pa.Table:
    """The table, read as microseconds, with columns that have nanoseconds as nanoseconds; `wrapped` is it so read.

    Raises ValueError for a column with nanoseconds and with dates that nanoseconds cannot hold."""
    for name in names:
        if name in table.column_names:
            column = _exact(name, table.column(name), wrapped.column(name))
            table = table.set_column(table.column_names.index(name), name, column)
    return table


def _exact(name: str, coarse: pa.ChunkedArray, wrapped: pa.ChunkedArray) -> pa.ChunkedArray:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    ticks = (pc.fill_null(column.cast(pa.int64()), 0).to_numpy() for column in (coarse, wrapped))
    microseconds, nanoseconds = (column.astype(np.int64, copy=False) for column in ticks)
    if not (nanoseconds - microseconds * 1000).any():  # both wrap around alike
        return coarse
    if (np.floor_divide(nanoseconds, 1000) != microseconds).any():
        raise ValueError(
            f"column {name!r} holds INT96 moments with nanoseconds and others outside 1677 to 2262: no type holds both; "
            "deliver it with microseconds, or as text"
        )
    return wrapped
