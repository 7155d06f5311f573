"""The rows of an Arrow stream. A stream is never decoded beyond a limit: few compressed bytes may stand for gigabytes.

Arrow has no such limit of its own, so the sizes are read off each message first (Arrow's Message.fbs, format version 5).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gatehouse.errors import InvalidInputError
from gatehouse.serving.http_errors import RefusedError

if TYPE_CHECKING:
    import pandas as pd

TIMES = 8  # as large as the body may be, a table may be when it is decoded
_DICTIONARY, _RECORDS = 2, 3  # kinds of messages that have buffers
_CELL = 8  # bytes of a value in memory, at least


def read_arrow(body: bytes, most_body: int) -> pd.DataFrame:
    """The table in a stream; InvalidInputError when it is none, RefusedError (413) when it is too large once decoded."""
    import pyarrow as pa

    most = TIMES * most_body
    try:
        _refuse_large(sum(_declared_bytes(body)), most)
        with pa.ipc.open_stream(pa.py_buffer(body)) as stream:
            table = stream.read_all()
        table.validate(full=True)
        _refuse_large(sum(_plain_bytes(column) for column in table.columns), most)
        return _frame(table)
    except (pa.ArrowException, OSError, ValueError, struct.error) as error:
        what = "the body is no Arrow stream"
        raise InvalidInputError(what, found=str(error)[:200], allowed="one table as an IPC stream") from error


def _refuse_large(size: int, most: int) -> None:
    if size > most:
        raise RefusedError(
            413, f"The table has {size:,} bytes once it is decoded, of at most {most:,}. Send fewer rows."
        )


def _declared_bytes(body: bytes) -> Iterator[int]:
    """The bytes that the buffers of each message say they have once they are decompressed."""
    import pyarrow as pa

    reader = pa.ipc.MessageReader.open_stream(pa.py_buffer(body))
    while True:
        try:
            message = reader.read_next_message()
        except StopIteration:
            return
        metadata, buffers = message.metadata.to_pybytes(), message.body
        (root,) = struct.unpack_from("<I", metadata, 0)
        kind, header = _field(metadata, root, 1), _field(metadata, root, 2)
        if kind and header and metadata[kind] in (_DICTIONARY, _RECORDS) and buffers is not None:
            batch = _table(metadata, header)
            data = _field(metadata, batch, 1) if metadata[kind] == _DICTIONARY else None
            yield _of_batch(metadata, _table(metadata, data) if data else batch, memoryview(buffers))


def _of_batch(metadata: bytes, batch: int, buffers: memoryview) -> int:
    """The decoded bytes of one RecordBatch. A compressed buffer begins with its length, or -1 where it is plain."""
    listed, compressed = _field(metadata, batch, 2), _field(metadata, batch, 3) is not None
    if listed is None:
        return 0
    start, total = _table(metadata, listed), 0
    (count,) = struct.unpack_from("<I", metadata, start)
    for place in range(count):
        offset, length = struct.unpack_from("<qq", metadata, start + 4 + 16 * place)
        decoded = struct.unpack_from("<q", buffers, offset)[0] if compressed and length else -1
        total += max(decoded, length)
    return total


def _table(data: bytes, place: int) -> int:
    """Where the table or vector is that the offset at this place leads to."""
    (offset,) = struct.unpack_from("<I", data, place)
    return int(place + offset)


def _field(data: bytes, table: int, number: int) -> int | None:
    """Where a field of a table is; None where it is left out."""
    (back,) = struct.unpack_from("<i", data, table)
    vtable = table - back
    (size,) = struct.unpack_from("<H", data, vtable)
    if 4 + 2 * number >= size:
        return None
    (offset,) = struct.unpack_from("<H", data, vtable + 4 + 2 * number)
    return table + offset if offset else None


def _plain_bytes(column: Any) -> int:
    """The bytes of a column in memory, where each row has its value: a dictionary says a long text in one byte a row.
    ValueError for a type in which few bytes may stand for many values in other ways."""
    import pyarrow as pa
    import pyarrow.compute as pc

    coded = pa.types.is_dictionary(column.type)
    kind = column.type.value_type if coded else column.type
    if not (_is_text(kind) or pa.types.is_primitive(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind)):
        raise ValueError(
            f"a column is of type {column.type}; allowed: numbers, texts, booleans, times and dictionaries of them"
        )
    size = _CELL * len(column)
    for chunk in column.chunks if coded and _is_text(kind) else ():
        size += pc.sum(pc.binary_length(chunk.dictionary).take(chunk.indices).cast("int64")).as_py() or 0
    return size


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    checks = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
    return any(check(kind) for check in checks)


def _frame(table: Any) -> pd.DataFrame:
    import pandas as pd
    import pyarrow as pa

    exact = {
        pa.int64(): pd.Int64Dtype(), pa.int32(): pd.Int32Dtype(), pa.int16(): pd.Int16Dtype(), pa.int8(): pd.Int8Dtype(),
        pa.uint64(): pd.UInt64Dtype(), pa.uint32(): pd.UInt32Dtype(), pa.uint16(): pd.UInt16Dtype(),
        pa.uint8(): pd.UInt8Dtype(), pa.bool_(): pd.BooleanDtype(),
    }  # fmt: skip
    plain = [
        column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
        for column in table.columns
    ]
    frame: pd.DataFrame = pa.table(plain, names=table.column_names).to_pandas(
        types_mapper=exact.get, ignore_metadata=True
    )
    return frame
