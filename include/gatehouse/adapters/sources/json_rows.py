"""JSON: one object a line, or one list of objects; a column for each name, null where an object has none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from gatehouse.adapters.parquet import MAX_COLUMNS
from gatehouse.columns import json_text
from gatehouse.errors import SourceError

if TYPE_CHECKING:
    import pandas as pd


def read_json(text: str, name: str) -> pd.DataFrame:
    """The table. Numbers with a point keep their text, so that a decimal loses no digit; SourceError names a bad object."""
    import pandas as pd

    rows, names = [], dict[str, None]()
    for where, row in _rows(text, name):
        if not isinstance(row, dict):
            raise SourceError(
                f"{where}: found a {type(row).__name__}; each line, or each member of a list, must be an object"
            )
        rows.append(row)
        names.update(dict.fromkeys(row))
        if len(names) > MAX_COLUMNS:  # each name is a column of all rows, however few of them have it
            raise SourceError(f"{where}: the file has more than {MAX_COLUMNS} names; found {len(names)}")
    if not names:
        raise SourceError(f'{name}: it holds no object; each line must be one, such as {{"id": 1}}')
    columns = {column: json_text.column([row.get(column) for row in rows]) for column in names}
    return pd.DataFrame(columns)


def _rows(text: str, name: str) -> Iterator[tuple[str, Any]]:
    if text.lstrip()[:1] == "[":
        for number, row in enumerate(_parsed(text, name, "list of objects"), 1):
            yield f"{name}: row {number}", row
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            where = f"{name}: line {number}"
            yield where, _parsed(line, where, "JSON object")


def _parsed(text: str, where: str, what: str) -> Any:
    try:
        return json_text.parse(text)
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{where}: not one whole {what}: {error}") from error
