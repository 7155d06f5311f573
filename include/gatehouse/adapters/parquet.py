"""Tables as Parquet bytes and back: equal values give equal bytes, and what is read has the declared types' dtypes.

Index, attributes and the metadata in which pandas and pyarrow name their versions are left out. Integers of every width
are Int64 (64 bits without a sign: UInt64), floats float64, texts str, moments datetime64[us, UTC] (with nanoseconds: ns),
days datetime64[s], decimals Decimal objects; categories keep their order. No value changes: what cannot be stored exactly
is a ValueError, and the caller knows whose file it is.
"""

from __future__ import annotations

import io
from itertools import accumulate
from typing import IO, TYPE_CHECKING, Any

from gatehouse.adapters import categories, int96
from gatehouse.columns.values import DIGITS, short_decimal

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
    stream = io.BytesIO()
    encode_parts([frame], stream)
    return stream.getvalue()


def encode_parts(frames: Iterable[pd.DataFrame], stream: IO[bytes]) -> int:
    """Write the bytes that `encode` gives for these frames one below the other; returns how many rows they are. One of them
    at a time is held. There is at least one frame, and all have the same columns."""
    import pyarrow as pa

    sink, writer, rest, rows = pa.PythonFile(stream, "w"), None, None, 0
    for frame in frames:
        rows += len(frame)
        table = _table(frame, rows)
        rest = table if rest is None else _below(rest, table)
        if any(pa.types.is_null(kind) for kind in rest.schema.types):  # a later part may say what its values are
            continue
        writer = writer or _writer(sink, rest.schema)
        whole = len(rest) - len(rest) % _ROW_GROUP
        if whole:
            writer.write_table(rest.slice(0, whole).combine_chunks(), row_group_size=_ROW_GROUP)
            rest = rest.slice(whole)
    if rest is None:
        raise ValueError("a table is made of one part or more")
    rest = _texts(rest)
    writer = writer or _writer(sink, rest.schema)
    if len(rest) or not rows:  # a table without rows has one row group, as `encode` always wrote it
        writer.write_table(rest.combine_chunks(), row_group_size=_ROW_GROUP)
    writer.close()
    return rows


def _writer(sink: pa.PythonFile, schema: pa.Schema) -> Any:
    import pyarrow.parquet as pq

    writer = pq.ParquetWriter(sink, schema, compression="zstd", version="2.6", store_schema=False)
    if schema.metadata:
        writer.add_key_value_metadata(schema.metadata)
    return writer


def _texts(table: pa.Table) -> pa.Table:
    """The table with its columns of nothing but nulls as texts, whatever they were to hold."""
    import pyarrow as pa

    fields = [field.with_type(pa.string()) if pa.types.is_null(field.type) else field for field in table.schema]
    return table.cast(pa.schema(fields, table.schema.metadata))


def _below(table: pa.Table, part: pa.Table) -> pa.Table:
    """The table with a part below it; a column that was null so far gets the part's type, and the other way round."""
    import pyarrow as pa

    if (table.schema.metadata or {}) != (part.schema.metadata or {}):
        raise ValueError("a part has other categories than the parts before it")
    try:
        return pa.concat_tables([table, part], promote_options="default")
    except pa.ArrowTypeError as error:
        raise ValueError(
            f"{_difference(table.schema, part.schema)}; declare the type that holds all of them"
        ) from error


def _difference(before: pa.Schema, part: pa.Schema) -> str:
    found = ((each, part.field(each.name)) for each in before)
    earlier, later = next((one, other) for one, other in found if one.type != other.type)
    return f"column {earlier.name!r} is {later.type} in one part and {earlier.type} in the parts before it"


def _table(frame: pd.DataFrame, rows: int) -> pa.Table:
    import pyarrow as pa

    names = [str(name) for name in frame.columns]
    _refuse_repeated(names)
    for what, found, most in (("rows", rows, MAX_ROWS), ("columns", len(names), MAX_COLUMNS)):
        if found > most:
            raise ValueError(f"it has {found} {what}; at most {most} are kept")
    arrays = [_column(name, frame.iloc[:, number]) for number, name in enumerate(names)]
    return pa.table(arrays, names=names).replace_schema_metadata(categories.metadata(frame))


def decode(data: bytes, columns: Sequence[str] | None = None, rows: range | None = None) -> pd.DataFrame:
    """The table in `data`, or only some of its columns, or rows: then only the row groups that hold them are unpacked. The
    declared size is looked at before anything is read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(data), coerce_int96_timestamp_unit=int96.UNIT)
        _refuse_bombs(file.metadata)
        _refuse_repeated(file.schema_arrow.names)
        unknown = [name for name in columns or () if name not in file.schema_arrow.names]
        if unknown:
            raise ValueError(f"no column {', '.join(map(repr, unknown))}; found {', '.join(file.schema_arrow.names)}")
        wanted = None if columns is None else list(columns)
        table = _read(file, wanted, rows)
        if old := int96.columns(file):
            table = int96.exact(table, _read(pq.ParquetFile(pa.BufferReader(data)), wanted, rows), old)
        frame = _frame(table.select(list(columns)) if columns is not None else table)
        return categories.restored(frame, file.metadata.metadata)
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"not a whole Parquet file: {error}") from error


def groups(data: bytes) -> list[range]:
    """The rows of each row group of a Parquet file: what can be read without unpacking others. ValueError as `decode`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_metadata(pa.BufferReader(data))
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"not a whole Parquet file: {error}") from error
    sizes = [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]
    ends = list(accumulate(sizes))
    return [range(end - size, end) for end, size in zip(ends, sizes, strict=True)]


def _read(file: Any, columns: list[str] | None, rows: range | None) -> pa.Table:
    return file.read(columns=columns, use_threads=False) if rows is None else _rows(file, columns, rows)


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
        if zoned:
            return array.cast(pa.timestamp("ns" if array.type.unit == "ns" else "us", "UTC"))
        return array.cast(pa.date32() if _are_days(array) else _stored(array.type))
    except (pa.ArrowException, UnicodeEncodeError, OverflowError) as error:
        raise ValueError(f"column {name!r} ({series.dtype}) cannot be stored: {error}") from error


def _are_days(array: pa.Array) -> bool:
    """Whether these are moments of whole seconds without a time zone, as days are, and all of them midnights."""
    import pyarrow as pa

    seconds = pa.timestamp("s")
    return bool(array.type == seconds and array.cast(pa.date32()).cast(seconds).equals(array))


def _stored(kind: pa.DataType) -> pa.DataType:
    """One stored type for each kind of value, whatever width or encoding it came in."""
    import pyarrow as pa
    from pyarrow import types

    if types.is_dictionary(kind):
        return _stored(kind.value_type)
    if types.is_integer(kind):
        return pa.uint64() if kind == pa.uint64() else pa.int64()
    if types.is_decimal(kind):
        return pa.decimal256(2 * DIGITS, DIGITS)
    if types.is_duration(kind):
        raise pa.ArrowInvalid("a duration is no type of Parquet; keep its seconds as a number")
    if types.is_floating(kind):
        return pa.float64()
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return pa.string()
    if types.is_timestamp(kind):
        return pa.timestamp("ns" if kind.unit == "ns" else "us", kind.tz and "UTC")
    return pa.date32() if types.is_date(kind) else kind


def _frame(table: pa.Table) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa

    arrays = [_utc(column) for column in table.columns]
    table = pa.table(arrays, names=table.column_names)
    frame: pd.DataFrame = table.to_pandas(types_mapper=_dtype, date_as_object=False, use_threads=False)
    for name, column in zip(table.column_names, arrays, strict=True):
        if pa.types.is_date(column.type):
            frame[name] = frame[name].astype("datetime64[s]")
        elif pa.types.is_decimal(column.type):
            values = [None if value is None else short_decimal(value) for value in column.to_pylist()]
            frame[name] = pd.Series(values, dtype="object")
    return frame


def _utc(column: pa.ChunkedArray) -> pa.ChunkedArray:
    import pyarrow as pa

    zoned = pa.types.is_timestamp(column.type) and column.type.tz is not None
    return column.cast(pa.timestamp(column.type.unit, "UTC")) if zoned else column


def _dtype(kind: pa.DataType) -> Any:
    """The pandas type that holds every value of an Arrow type, nulls included; None for pandas' own choice."""
    import numpy as np
    import pandas as pd
    from pyarrow import types

    if types.is_integer(kind):
        return pd.UInt64Dtype() if str(kind) == "uint64" else pd.Int64Dtype()
    if types.is_boolean(kind):
        return pd.BooleanDtype()
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return pd.StringDtype(na_value=np.nan)
    if types.is_nested(kind) or types.is_time(kind) or types.is_duration(kind):
        return pd.ArrowDtype(kind)  # pandas' own types would cut nanoseconds and make numbers of nulls
    return None


def _refuse_bombs(metadata: Any) -> None:
    size = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    for what, found, most in (
        ("rows", metadata.num_rows, MAX_ROWS),
        ("columns", metadata.num_columns, MAX_COLUMNS),
        ("bytes when unpacked", size, MAX_BYTES),
    ):
        if found > most:
            raise ValueError(f"it declares {found} {what}; at most {most} are read")
