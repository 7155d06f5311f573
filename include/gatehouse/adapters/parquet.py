"""Tables as Parquet bytes and back: equal values give equal bytes, and what is read has the declared types' dtypes.

Index, attributes and the metadata in which pandas and pyarrow name their versions are left out; integers of every
width are Int64, floats float64, texts str, moments datetime64[us, UTC]. Errors are ValueError: the caller knows whose
file it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    import pyarrow as pa

MAX_ROWS = 50_000_000
MAX_COLUMNS = 2_000
MAX_BYTES = 8 * 2**30
_ROW_GROUP = 131_072


def encode(frame: pd.DataFrame) -> bytes:
    """The frame as Parquet (zstd). Raises ValueError for a column that no Parquet type can hold, and for a table larger than
    `decode` would read back."""
    return encode_parts([frame])[0]


def encode_parts(frames: Iterable[pd.DataFrame]) -> tuple[bytes, int]:
    """The bytes that `encode` gives for these frames one below the other, and how many rows they are; one of them at a
    time is held, besides the bytes. There is at least one frame, and all have the same columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink, writer, rest, rows = pa.BufferOutputStream(), None, None, 0
    for frame in frames:
        rows += len(frame)
        table = _table(frame, rows)
        rest = table if rest is None else pa.concat_tables([rest, table])
        writer = writer or pq.ParquetWriter(sink, rest.schema, compression="zstd", version="2.6", store_schema=False)
        whole = len(rest) - len(rest) % _ROW_GROUP
        if whole:
            writer.write_table(rest.slice(0, whole).combine_chunks(), row_group_size=_ROW_GROUP)
            rest = rest.slice(whole)
    if writer is None or rest is None:
        raise ValueError("a table is made of one part or more")
    if len(rest) or not rows:  # a table without rows has one row group, as `encode` always wrote it
        writer.write_table(rest.combine_chunks(), row_group_size=_ROW_GROUP)
    writer.close()
    return bytes(sink.getvalue()), rows


def _table(frame: pd.DataFrame, rows: int) -> pa.Table:
    import pyarrow as pa

    names = [str(name) for name in frame.columns]
    _refuse_repeated(names)
    for what, found, most in (("rows", rows, MAX_ROWS), ("columns", len(names), MAX_COLUMNS)):
        if found > most:
            raise ValueError(f"it has {found} {what}; at most {most} are kept")
    return pa.table([_column(name, frame.iloc[:, number]) for number, name in enumerate(names)], names=names)


def decode(data: bytes, columns: Sequence[str] | None = None, rows: range | None = None) -> pd.DataFrame:
    """The table in `data`, or only some of its columns, or rows: then only the row groups that hold them are unpacked. The
    declared size is looked at before anything is read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        _refuse_bombs(file.metadata)
        _refuse_repeated(file.schema_arrow.names)
        unknown = [name for name in columns or () if name not in file.schema_arrow.names]
        if unknown:
            raise ValueError(f"no column {', '.join(map(repr, unknown))}; found {', '.join(file.schema_arrow.names)}")
        wanted = None if columns is None else list(columns)
        table = file.read(columns=wanted, use_threads=False) if rows is None else _rows(file, wanted, rows)
        return _frame(table.select(list(columns)) if columns is not None else table)
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"not a whole Parquet file: {error}") from error


def _rows(file: Any, columns: list[str] | None, rows: range) -> pa.Table:
    """The rows from `rows.start` on, up to before `rows.stop`; fewer where the table ends."""
    groups: list[int] = []
    first, before = 0, 0
    for number in range(file.metadata.num_row_groups):
        after = before + file.metadata.row_group(number).num_rows
        if after > rows.start and before < rows.stop:
            first = first if groups else before
            groups.append(number)
        before = after
    table = file.read_row_groups(groups, columns=columns, use_threads=False)
    return table.slice(rows.start - first if groups else 0, len(rows))


def _refuse_repeated(names: Sequence[str]) -> None:
    seen: set[str] = set()
    repeated = sorted({name for name in names if name in seen or seen.add(name)})  # type: ignore[func-returns-value]
    if repeated:
        raise ValueError(f"columns appear more than once: {', '.join(map(repr, repeated))}")


def _column(name: str, series: pd.Series[Any]) -> pa.Array:
    import pandas as pd
    import pyarrow as pa

    try:
        zoned = isinstance(series.dtype, pd.DatetimeTZDtype)
        array = pa.array(series.dt.tz_convert(None) if zoned else series, from_pandas=True)
        array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
        return array.cast(pa.timestamp("us", "UTC") if zoned else _stored(array.type))
    except (pa.ArrowException, UnicodeEncodeError, OverflowError) as error:
        raise ValueError(f"column {name!r} ({series.dtype}) cannot be stored: {error}") from error


def _stored(kind: pa.DataType) -> pa.DataType:
    """One stored type for each kind of value, whatever width or encoding it came in."""
    import pyarrow as pa
    from pyarrow import types

    if types.is_dictionary(kind):
        return _stored(kind.value_type)
    if types.is_integer(kind):
        return pa.int64()
    if types.is_floating(kind):
        return pa.float64()
    if types.is_null(kind) or types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return pa.string()
    return pa.timestamp("us", kind.tz and "UTC") if types.is_timestamp(kind) else kind


def _frame(table: pa.Table) -> pd.DataFrame:
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    dtypes: dict[Any, Any] = {
        **{kind: pd.Int64Dtype() for kind in (pa.int8(), pa.int16(), pa.int32(), pa.int64())},
        pa.bool_(): pd.BooleanDtype(),
        pa.string(): pd.StringDtype(na_value=np.nan),
        pa.large_string(): pd.StringDtype(na_value=np.nan),
    }
    frame: pd.DataFrame = table.replace_schema_metadata(None).to_pandas(types_mapper=dtypes.get, use_threads=False)
    return frame


def _refuse_bombs(metadata: Any) -> None:
    size = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    for what, found, most in (
        ("rows", metadata.num_rows, MAX_ROWS),
        ("columns", metadata.num_columns, MAX_COLUMNS),
        ("bytes when unpacked", size, MAX_BYTES),
    ):
        if found > most:
            raise ValueError(f"it declares {found} {what}; at most {most} are read")
