"""Columns of texts converted whole by Arrow, where each text has a spelling that Arrow reads as exactly as `values` does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gatehouse.columns.values import NULLS

if TYPE_CHECKING:
    import pandas as pd

    from gatehouse.core.config.contract import ColumnType

# Nothing of these is rounded but a decimal fraction, to the nearest float; longer ones are read value by value.
_SPELLED: dict[ColumnType, str] = {
    "integer": r"^-?[0-9]{1,18}$",
    "unsigned": r"^[0-9]{1,19}$",
    "number": r"^-?[0-9]{1,15}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?$",
    "date": r"^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}$",
    "timestamp": r"^[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?Z?$",
}


def of_texts(series: pd.Series[Any], declared: ColumnType, dtype: str) -> pd.Series[Any] | None:
    """The column as the declared type; None where a text is spelled in another way."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    if declared not in _SPELLED or str(series.dtype) != "str" or series.empty:
        return None
    texts = pa.array(series, pa.string(), from_pandas=True)
    texts = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    texts = pc.if_else(pc.is_in(texts, pa.array(sorted(NULLS))), None, texts)
    if not pc.all(pc.match_substring_regex(texts, _SPELLED[declared]), min_count=0).as_py():
        return None
    try:
        column = _cast(texts, declared)
    except pa.ArrowInvalid:  # a day that no month has, and the like: read value by value, each is named
        return None
    if declared in ("integer", "unsigned", "number"):
        kinds = {pa.int64(): pd.Int64Dtype(), pa.uint64(): pd.UInt64Dtype()}
        return pd.Series(column.to_pandas(types_mapper=kinds.get))
    moments: pd.Series[Any] = pd.Series(column.to_numpy(zero_copy_only=False))
    if declared == "date":
        return moments.astype(pd.api.types.pandas_dtype(dtype))
    return moments.astype("datetime64[us]").dt.tz_localize("UTC")


def _cast(texts: Any, declared: ColumnType) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    if declared == "timestamp":
        return pc.replace_substring_regex(texts, "Z$", "").cast(pa.timestamp("us"))
    kinds = {"integer": pa.int64(), "unsigned": pa.uint64(), "number": pa.float64(), "date": pa.date32()}
    return texts.cast(kinds[declared])
