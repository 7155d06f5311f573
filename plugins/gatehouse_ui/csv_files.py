"""Tables as CSV files that no spreadsheet obeys."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from fastapi.responses import StreamingResponse

FORMULA = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
)  # OWASP, CSV injection


def csv_response(name: str, lines: Iterable[str]) -> StreamingResponse:
    """Lines of CSV as a file to keep."""
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", name)
    headers = {"Content-Disposition": f'attachment; filename="{safe}"'}
    return StreamingResponse(iter(lines), media_type="text/csv; charset=utf-8", headers=headers)


def csv_table(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Headings and rows, line by line, with formulas made harmless."""
    yield csv_line([escape_csv(each) for each in headings])
    for row in rows:
        yield csv_line([escape_csv(each) for each in row])


def escape_csv(value: Any) -> Any:
    """A value that no spreadsheet takes for a formula; numbers stay numbers."""
    if isinstance(value, str) and value.lstrip(" ").startswith(FORMULA):
        return f"'{value}"
    if value is None or value != value:
        return ""
    return value.isoformat() if isinstance(value, date) else value


def csv_line(values: list[Any]) -> str:
    """Values as one line of CSV."""
    stream = io.StringIO()
    csv.writer(stream, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n").writerow(values)
    return stream.getvalue()
