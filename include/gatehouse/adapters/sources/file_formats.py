"""Bytes of a delivered file to a table, or one sentence that names the file, if known the line, and the key to set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatehouse.adapters import parquet
from gatehouse.adapters.sources.compression import COMPRESSIONS, MAX_BYTES, plain_name, unpacked
from gatehouse.adapters.sources.csv_text import read_csv
from gatehouse.adapters.sources.json_rows import read_json
from gatehouse.core.config.dialect import Dialect
from gatehouse.errors import SourceError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FORMATS", "MAX_BYTES", "adapted", "is_text", "read_table", "suffix_of"]

TEXTS = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson")
PLAIN = (*TEXTS, ".parquet")
FORMATS = tuple(f"{plain}{packed}" for plain in PLAIN for packed in ("", *COMPRESSIONS))
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def suffix_of(name: str) -> str:
    """The suffix of a name without that of a compression; empty for a file that no reader is for."""
    return next((suffix for suffix in PLAIN if plain_name(name).endswith(suffix)), "")


def is_text(name: str) -> bool:
    """Whether all columns of such a file are texts."""
    return suffix_of(name) in TEXTS


def read_table(data: bytes, name: str, dialect: Dialect | None = None) -> pd.DataFrame:
    """The table in `data`, a file called `name`. A CSV gives texts (an empty one is null), a Parquet file its own
    types.
    """
    dialect = dialect or Dialect()
    data = unpacked(data, name)
    if not data:
        raise SourceError(f"{name}: the file is empty; a table has at least a header")
    if is_text(name):
        text = _text(data, name, dialect.encoding)
        return read_json(text, name) if "json" in suffix_of(name) else read_csv(text, name, dialect)
    try:
        return parquet.decode(data)
    except ValueError as error:
        raise SourceError(f"{name}: {error}") from error


def adapted(frame: pd.DataFrame, name: str, dialect: Dialect) -> pd.DataFrame:
    """The table with its columns renamed and dropped as the dialect says."""
    if not dialect.rename and not dialect.drop:
        return frame
    frame = frame.drop(columns=[column for column in dialect.drop if column in frame.columns])
    names = [dialect.rename.get(str(column), str(column)) for column in frame.columns]
    repeated = sorted({column for column in names if names.count(column) > 1})
    if repeated:
        raise SourceError(f"{name}: after `rename` column {repeated[0]!r} appears more than once; `drop` one of them")
    return frame.set_axis(names, axis=1)


def _text(data: bytes, name: str, encoding: str) -> str:
    is_utf_8 = encoding.lower().replace("_", "-") in ("utf-8", "utf8")
    if is_utf_8 and data.startswith(_UTF_16):
        raise SourceError(f"{name}: it begins with the mark of UTF-16: set `encoding: utf-16` in source.dialect")
    try:
        return data.decode("utf-8-sig" if is_utf_8 else encoding)
    except UnicodeError as error:
        start = getattr(error, "start", 0)
        line = data.count(b"\n", 0, start) + 1
        found = data[start : start + 4]
        advice = "; set `encoding` in source.dialect, such as cp1252" if is_utf_8 else ""
        raise SourceError(
            f"{name}: line {line}: found bytes {found!r}, which are not {encoding}; "
            f"{getattr(error, 'reason', error)}{advice}"
        ) from error
