"""JSON lines: one object a line, a column for each name, null where a line has none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gatehouse.adapters.parquet import MAX_COLUMNS
from gatehouse.columns import json_text
from gatehouse.errors import SourceError

if TYPE_CHECKING:
    import pandas as pd


def read_json_lines(text: str, name: str) -> pd.DataFrame:
    """The table. Numbers with a point keep their text, so that a decimal loses no digit; SourceError names a bad line."""
    import pandas as pd

    rows, names = [], dict[str, None]()
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            rows.append(_row(line, f"{name}: line {number}"))
            names.update(dict.fromkeys(rows[-1]))
            if len(names) > MAX_COLUMNS:  # each name is a column of all rows, however few lines have it
                raise SourceError(
                    f"{name}: line {number}: the file has more than {MAX_COLUMNS} names; found {len(names)}"
                )
    if not names:
        raise SourceError(f'{name}: it holds no object; each line must be one, such as {{"id": 1}}')
    columns = {column: json_text.column([row.get(column) for row in rows]) for column in names}
    return pd.DataFrame(columns)


def _row(line: str, where: str) -> dict[str, Any]:
    try:
        row = json_text.parse(line)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{where}: not one whole JSON object: {error}") from error
    if not isinstance(row, dict):
        raise SourceError(f"{where}: found a {type(row).__name__}; each line must be one JSON object")
    return row
