"""Rows of a JSON request. A number with a point keeps its digits as text, so that a decimal loses none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gatehouse.columns import json_text
from gatehouse.errors import InvalidInputError
from gatehouse.serving.row_problem import ABSENT, RowProblem

if TYPE_CHECKING:
    import pandas as pd

ALLOWED = '{"rows": [{...}]}, and "tables": {"NAME": [{...}]} for tables beside the main one'


def parse(body: bytes) -> dict[str, Any]:
    """The object in the body of a request; InvalidInputError says what it is instead."""
    try:
        found = json_text.parse(body)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError("the body is not JSON", found=str(error)[:200], allowed=ALLOWED) from error
    if not isinstance(found, dict) or not set(found) <= {"rows", "tables"} or "rows" not in found:
        names = ", ".join(map(repr, found)) if isinstance(found, dict) else f"a {type(found).__name__}"
        raise InvalidInputError("the body is another object", found=names or "no names", allowed=ALLOWED)
    tables = found.get("tables", {})
    if not isinstance(tables, dict):
        raise InvalidInputError("`tables` is no object", found=f"a {type(tables).__name__}", allowed=ALLOWED)
    for name, rows in {"rows": found["rows"], **tables}.items():
        _refuse_other_than_rows(name, rows)
    return found


def frame_of(
    table: str, rows: Sequence[Mapping[str, Any]], columns: Iterable[str]
) -> tuple[pd.DataFrame, list[RowProblem]]:
    """The declared columns of the rows, and a problem for each row that lacks some: absent is not null.

    Undeclared columns follow the declared ones, so that they are named as left out.
    """
    import pandas as pd

    declared = list(columns)
    try:
        data = {name: [row[name] for row in rows] for name in declared}
    except KeyError:
        lacking = [tuple(name for name in declared if name not in row) for row in rows]
        return pd.DataFrame(), [
            RowProblem(table, number, ABSENT, names, "nothing") for number, names in enumerate(lacking) if names
        ]
    more = dict.fromkeys(name for row in rows if len(row) > len(declared) for name in row if name not in data)
    return pd.DataFrame(
        {**{name: json_text.column(values) for name, values in data.items()}, **dict.fromkeys(more, "")}
    ), []


def _refuse_other_than_rows(name: str, rows: Any) -> None:
    if not isinstance(rows, list):
        raise InvalidInputError(f"`{name}` is no list", found=f"a {type(rows).__name__}", allowed=ALLOWED)
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            what = f"row {number} of `{name}` is no object"
            raise InvalidInputError(what, found=f"a {type(row).__name__}", allowed=ALLOWED)
