"""A large delivery, one file or the parts of a folder, as tables below each other that fit into memory.

CSV is read in blocks, Parquet by its row groups, the files of a folder one by one. Everything else, and every fault, is
PartsDifferError: the delivery is then read as a whole, which names what is wrong with it.
"""

from __future__ import annotations

import gzip
import zlib
from typing import IO, TYPE_CHECKING, cast

from gatehouse.adapters import parquet
from gatehouse.adapters.sources.compression import plain_name, unpacked
from gatehouse.adapters.sources.csv_blocks import read_blocks
from gatehouse.adapters.sources.file_formats import adapted, suffix_of
from gatehouse.errors import SourceError
from gatehouse.ports import PartsDifferError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    import pandas as pd

    from gatehouse.core.config.dialect import Dialect

LARGE = 2**26  # bytes; a smaller delivery is read as a whole


def tables(
    files: Mapping[str, Callable[[], AbstractContextManager[IO[bytes]]]], suffix: str, dialect: Dialect
) -> Iterator[pd.DataFrame]:
    """The tables of the files, which are opened by name, in the order of their names."""
    columns = None
    for name in sorted(files):
        if not plain_name(name).endswith(plain_name(suffix)):
            raise PartsDifferError(name)
        with files[name]() as stream:
            for frame in _readable(stream, name, dialect):
                if columns is not None and list(frame.columns) != columns:
                    raise PartsDifferError(name)
                columns = list(frame.columns)
                yield frame


def _readable(stream: IO[bytes], name: str, dialect: Dialect) -> Iterator[pd.DataFrame]:
    try:
        for frame in _tables(stream, name, dialect):
            yield adapted(frame, name, dialect)
    except (SourceError, ValueError, EOFError, OSError, zlib.error) as error:
        raise PartsDifferError(name) from error


def _tables(stream: IO[bytes], name: str, dialect: Dialect) -> Iterator[pd.DataFrame]:
    if suffix_of(name) in (".csv", ".tsv", ".txt"):
        yield from read_blocks(_unpacked(stream, name), plain_name(name), dialect)
    elif suffix_of(name) == ".parquet":
        data = unpacked(stream.read(), name)
        for rows in parquet.groups(data):
            yield parquet.decode(data, rows=rows)
    else:
        raise PartsDifferError(name)


def _unpacked(stream: IO[bytes], name: str) -> IO[bytes]:
    packed = name[len(plain_name(name)) :]
    if packed == ".gz":
        return cast("IO[bytes]", gzip.GzipFile(fileobj=stream))
    if packed == ".zst":
        import pyarrow as pa

        return cast("IO[bytes]", pa.CompressedInputStream(pa.PythonFile(stream), "zstd"))
    if packed:
        raise PartsDifferError(name)
    return stream
