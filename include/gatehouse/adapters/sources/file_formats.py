"""Bytes of a delivered CSV or Parquet file to a table, or one sentence that names the file and, if known, the line."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from gatehouse.adapters import parquet
from gatehouse.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

MAX_BYTES = 2 * 2**30
FORMATS = (".csv", ".parquet")


def read_table(data: bytes, name: str, encoding: str) -> pd.DataFrame:
    """The table in `data`, a file called `name`. A CSV gives texts (an empty one is null), a Parquet file its own
    types.
    """
    if not data:
        raise SourceError(f"{name}: the file is empty; a table has at least a header")
    if name.endswith(".csv"):
        return _csv(_text(data, name, encoding), name)
    try:
        return parquet.decode(data)
    except ValueError as error:
        raise SourceError(f"{name}: {error}") from error


def _text(data: bytes, name: str, encoding: str) -> str:
    try:
        return data.decode("utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found = data[error.start : error.start + 4]
        raise SourceError(
            f"{name}: line {line}: found bytes {found!r}, which are not {encoding}; {error.reason}"
        ) from error


def _csv(text: str, name: str) -> pd.DataFrame:
    import pandas as pd

    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise SourceError(
            f"{name}: line {line}: found a NUL byte, which no text has; the file is damaged, or its encoding is another "
            "than contract.yaml declares"
        )
    csv.field_size_limit(MAX_BYTES)  # Python's own limit, 131,072 characters, is for all readers of the process
    records = _records(text, name)
    _, header = next(records, (1, []))
    rows = []
    for line, row in records:
        if len(row) == len(header):
            rows.append(row)
        elif row:
            raise SourceError(f"{name}: line {line}: found {len(row)} fields, the header has {len(header)}")
    repeated = sorted({column for column in header if header.count(column) > 1})
    if repeated or not header:
        raise SourceError(f"{name}: line 1: the header must name each column once; found {repeated or 'no column'}")
    frame = pd.DataFrame(rows, columns=header, dtype="str")
    return frame.mask(frame == "")


def _records(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line that it begins at. SourceError where a quoted field does not end as it must."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for record in reader:
            yield line, record
            line = reader.line_num + 1
    except csv.Error as error:
        raise SourceError(f"{name}: line {line}: {_unbalanced(error, reader.line_num)}") from error


def _unbalanced(error: csv.Error, last: int) -> str:
    if "unexpected end of data" in str(error):
        return f'a field in double quotes begins here and has no closing `"` up to the last line, {last}'
    if "expected after" in str(error):
        return (
            f'a field in double quotes goes on after its closing `"` (by line {last}); a quote inside is written `""`'
        )
    return str(error)
