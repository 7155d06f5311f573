"""The text of a CSV in a stated dialect as a table of texts, or one sentence that names the line and the key to set."""

from __future__ import annotations

import csv
import io
from itertools import islice, zip_longest
from typing import TYPE_CHECKING, Any

from gatehouse.adapters.sources import csv_arrow
from gatehouse.core.config.dialect import NO_QUOTE
from gatehouse.errors import SourceError
from gatehouse.ports import PartsDifferError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from gatehouse.core.config.dialect import Dialect

_AT_ONCE = 65_536  # rows that are held as Python lists
_DELIMITERS = {",": "','", ";": "';'", "\t": "tab", "|": "'|'"}
_LARGEST_FIELD = 2 * 2**30


def read_csv(text: str, name: str, dialect: Dialect, in_parts: bool = False) -> pd.DataFrame:
    """A column of texts for each name of the header; an empty text is null. Where the text is a part of a file, only Arrow's
    reader knows that it ends with a row: PartsDifferError where it does not read the text."""
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise SourceError(
            f"{name}: line {line}: found a NUL byte, which no text has; the file is damaged, or its encoding is another "
            f"than {dialect.encoding}: set `encoding` in source.dialect, such as utf-16"
        )
    records = _records(text, name, dialect)
    header, first = _header(records, name, dialect)
    columns = csv_arrow.columns(text, header, first, dialect)
    if columns is None and in_parts:
        raise PartsDifferError(name)
    if columns is None:
        columns = _columns(records, header, name, dialect)
    return csv_arrow.frame(header, columns)


def _header(records: Iterator[tuple[int, list[str]]], name: str, dialect: Dialect) -> tuple[list[str], int]:
    """The names of the columns, and how many records they take."""
    lines = list(islice((row for _, row in records if row), dialect.header))
    line = dialect.skip + 1
    if dialect.names is not None:
        header = list(dialect.names)
        found = next((row for row in lines if len(row) != len(header)), None)
        if found is not None:
            raise SourceError(f"{name}: line {line}: the header has {len(found)} fields; `names` has {len(header)}")
    else:
        header = _joined(lines)
    _refuse_header(header, name, line, dialect)
    return header, len(lines)


def _joined(lines: Sequence[Sequence[str]]) -> list[str]:
    """One name for each column out of the lines of a header."""
    if len(lines) < 2:
        return list(lines[0]) if lines else []
    parts = zip_longest(*lines, fillvalue="")
    return [" ".join(filter(None, map(str.strip, column))) for column in parts]


def _refuse_header(header: Sequence[str], name: str, line: int, dialect: Dialect) -> None:
    repeated = sorted({column for column in header if header.count(column) > 1})
    if repeated or not header:
        raise SourceError(
            f"{name}: line {line}: the header must name each column once; found {repeated or 'no column'}"
            + ("; set `names` in source.dialect to name the columns in the file's order" if repeated else "")
        )
    other = next((mark for mark in _DELIMITERS if mark != dialect.delimiter and mark in header[0]), None)
    if len(header) == 1 and other is not None and "delimiter" not in dialect.model_fields_set:
        raise SourceError(
            f"{name}: line {line}: found one column, {header[0][:80]!r}; "
            f"set `delimiter: {_DELIMITERS[other]}` in source.dialect"
        )


def _columns(records: Iterator[tuple[int, list[str]]], header: Sequence[str], name: str, dialect: Dialect) -> list[Any]:
    """The fields below the header by column, as Arrow's texts. A footer may have any number of fields."""
    import pyarrow as pa

    pieces: list[list[Any]] = [[] for _ in header]
    held: list[tuple[int, list[str]]] = []  # the last records, which may be the footer
    rows: list[list[str]] = []
    for record in records:
        if not record[1]:
            continue
        held.append(record)
        if len(held) <= dialect.footer:
            continue
        line, row = held.pop(0)
        if len(row) != len(header):
            raise SourceError(f"{name}: line {line}: {_ragged(row, header, dialect)}")
        rows.append(row)
        if len(rows) == _AT_ONCE:
            _flush(rows, pieces)
    _flush(rows, pieces)
    return [pa.chunked_array(column, pa.string()) for column in pieces]


def _flush(rows: list[list[str]], pieces: list[list[Any]]) -> None:
    import pyarrow as pa

    for column, values in zip(pieces, zip(*rows, strict=True), strict=False):
        column.append(pa.array([value or None for value in values], pa.string()))
    rows.clear()


def _ragged(row: Sequence[str], header: Sequence[str], dialect: Dialect) -> str:
    what = f"found {len(row)} fields, the header has {len(header)}"
    other = next((mark for mark in _DELIMITERS if mark != dialect.delimiter and mark in "".join(header)), None)
    if other is not None and "delimiter" not in dialect.model_fields_set:
        return f"{what}; set `delimiter: {_DELIMITERS[other]}` in source.dialect if the columns are cut so"
    if row[0].startswith(("#", "//")) and dialect.comment is None:
        return f"{what}; set `comment: {row[0][:1]!r}` in source.dialect if it is a remark"
    if len(header) == 1:
        return f"{what}; set `skip` in source.dialect if line {dialect.skip + 1} is no header"
    return (
        f"{what}; set `footer` in source.dialect if the file ends with other lines than rows"
        if len(row) < len(header)
        else what
    )


class _Lines:
    """The lines of a text, without remarks: those that begin with the mark where a record begins."""

    def __init__(self, text: str, dialect: Dialect) -> None:
        self._lines = io.StringIO(text, newline="")
        self._comment, self.number, self.at_record = dialect.comment, 0, True
        for _ in range(dialect.skip):
            self.number += next(self._lines, "") != ""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        for line in self._lines:
            self.number += 1
            if self.at_record and self._comment is not None and line.startswith(self._comment):
                continue
            self.at_record = False
            return line
        raise StopIteration


def _records(text: str, name: str, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line that it begins at. SourceError where a quoted field does not end as it must."""
    csv.field_size_limit(_LARGEST_FIELD)  # Python's own limit, 131,072 characters, is for all readers of the process
    lines = _Lines(text, dialect)
    unquoted = dialect.quote == NO_QUOTE
    reader = csv.reader(
        lines,
        strict=True,
        delimiter=dialect.delimiter,
        quotechar=None if unquoted else dialect.quote,
        quoting=csv.QUOTE_NONE if unquoted else csv.QUOTE_MINIMAL,
        escapechar=dialect.escape,
    )
    line = lines.number + 1
    try:
        while True:
            lines.at_record, line = True, lines.number + 1
            record = next(reader, None)
            if record is None:
                return
            yield line, record
    except csv.Error as error:
        raise SourceError(f"{name}: line {line}: {_unbalanced(error, lines.number, dialect)}") from error


def _unbalanced(error: csv.Error, last: int, dialect: Dialect) -> str:
    mark = dialect.quote
    called = "double quotes" if mark == '"' else f"{mark} quotes"
    advice = "; set `quote: none` in source.dialect if quotes are plain text"
    if "unexpected end of data" in str(error):
        return f"a field in {called} begins here and has no closing `{mark}` up to the last line, {last}{advice}"
    if "expected after" in str(error):
        return (
            f"a field in {called} goes on after its closing `{mark}` (by line {last}); a quote inside is written "
            f"`{mark}{mark}`, or after the sign that `escape` names{advice}"
        )
    return str(error)
