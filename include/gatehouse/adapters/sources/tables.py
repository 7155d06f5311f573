"""Bytes of a delivered CSV or Parquet file to a table, or one sentence that names the file and, if known, the line."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from gatehouse.adapters import parquet
from gatehouse.errors import SourceError

if TYPE_CHECKING:
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

    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        rows = []
        for row in reader:
            if len(row) != len(header):
                if not row:
                    continue
                raise SourceError(
                    f"{name}: line {reader.line_num}: found {len(row)} fields, the header has {len(header)}"
                )
            rows.append(row)
    except csv.Error as error:
        raise SourceError(f"{name}: line {reader.line_num}: {error}; the file is damaged or cut off") from error
    repeated = sorted({column for column in header if header.count(column) > 1})
    if repeated or not header:
        raise SourceError(f"{name}: line 1: the header must name each column once; found {repeated or 'no column'}")
    frame = pd.DataFrame(rows, columns=header, dtype="str")
    return frame.mask(frame == "")
