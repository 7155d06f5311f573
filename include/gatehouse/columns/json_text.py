"""Rows written as JSON: a name appears once, and a number with a point keeps its digits as text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def parse(text: str | bytes) -> Any:
    """What the text says; ValueError or RecursionError where it is no JSON, or has a name twice in one object."""
    return json.loads(text, parse_float=str, parse_constant=str, object_pairs_hook=_object)


def column(values: list[Any]) -> pd.Series[Any]:
    """The values of one name as a column: texts where all of them are texts or null."""
    import pandas as pd

    texts = all(value is None or isinstance(value, str) for value in values)
    return pd.Series(values, dtype="str" if texts else "object")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"name {next(name for name in names if names.count(name) > 1)!r} appears twice")
    return row
