"""Messages between a task and the process of a use case's code: JSON, and Arrow for tables. Nothing is unpickled.

A message is its length in eight bytes, then JSON, then the parts that the JSON names with their lengths.
"""

from __future__ import annotations

import io
import json
import socket
import struct
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

KIND, PART = "$kind", "$part"
MOST_BYTES = 8 * 2**30  # of one message: as much as a file of the lake may unpack to
_LENGTH = struct.Struct(">Q")


def send(channel: socket.socket, value: Mapping[str, Any], until: float | None = None) -> None:
    """Write one message; TimeoutError when the other side has not read it by `until` (of `time.monotonic`)."""
    parts: list[bytes] = []
    header = json.dumps({"value": _plain(value, parts), "sizes": [len(part) for part in parts]}).encode()
    for piece in (_LENGTH.pack(len(header)), header, *parts):
        _limit(channel, until)
        channel.sendall(piece)


def receive(channel: socket.socket, until: float | None = None) -> dict[str, Any]:
    """Read one message. EOFError when the other side has ended, TimeoutError when nothing came by `until`, ValueError when
    what came is no message."""
    (length,) = _LENGTH.unpack(_exactly(channel, _LENGTH.size, until))
    _refuse_large(length)
    try:
        header = json.loads(_exactly(channel, length, until))
        sizes = [int(size) for size in header["sizes"]]
        _refuse_large(sum(sizes))
        found: dict[str, Any] = dict(_whole(header["value"], [_exactly(channel, size, until) for size in sizes]))
    except (KeyError, TypeError, AttributeError, IndexError, RecursionError, pa.ArrowException) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error
    return found


def _limit(channel: socket.socket, until: float | None) -> None:
    channel.settimeout(None if until is None else max(until - time.monotonic(), 0.001))


def _exactly(channel: socket.socket, size: int, until: float | None) -> bytearray:
    data, filled = bytearray(size), 0
    view = memoryview(data)
    while filled < size:
        _limit(channel, until)
        read = channel.recv_into(view[filled:])
        if not read:
            raise EOFError
        filled += read
    return data


def _refuse_large(size: int) -> None:
    if size > MOST_BYTES:
        raise ValueError(f"a message of {size:,} bytes; at most {MOST_BYTES:,} are read")


def _plain(value: Any, parts: list[bytes]) -> Any:
    """The value as JSON holds it; tables, arrays and bytes go into `parts`."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each, parts) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each, parts) for each in value]
    for kind, (types, write, _) in _KINDS.items():
        if isinstance(value, types):
            parts.append(write(value))
            return {KIND: kind, PART: len(parts) - 1}
    return value.item() if isinstance(value, np.generic) else value


def _whole(value: Any, parts: list[bytearray]) -> Any:
    if isinstance(value, list):
        return [_whole(each, parts) for each in value]
    if not isinstance(value, dict):
        return value
    if KIND in value:
        return _KINDS[value[KIND]][2](parts[value[PART]])
    return {name: _whole(each, parts) for name, each in value.items()}


def _write_frame(frame: pd.DataFrame) -> bytes:
    sink = pa.BufferOutputStream()
    table = pa.Table.from_pandas(frame)
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())


def _read_frame(data: bytearray) -> pd.DataFrame:
    with pa.ipc.open_stream(pa.py_buffer(data)) as stream:
        table = stream.read_all()
    table.validate(full=True)  # the other side may have written anything
    frame: pd.DataFrame = table.to_pandas()
    return frame


def _write_array(array: np.ndarray[Any, Any]) -> bytes:
    sink = io.BytesIO()
    np.save(sink, array, allow_pickle=False)
    return sink.getvalue()


def _read_array(data: bytearray) -> np.ndarray[Any, Any]:
    array: np.ndarray[Any, Any] = np.load(io.BytesIO(data), allow_pickle=False)
    return array


_KINDS: dict[str, tuple[Any, Any, Any]] = {
    "frame": (pd.DataFrame, _write_frame, _read_frame),
    "array": (np.ndarray, _write_array, _read_array),
    "bytes": ((bytes, bytearray), bytes, bytes),
}
