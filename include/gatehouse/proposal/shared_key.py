"""The key of the rows among the outcomes, where it has another name or type there."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gatehouse.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from gatehouse.proposal.exported import Exported

_KINDS = ("integer", "unsigned", "string")
LEAST_MATCHED, LEAST_DIFFERENT = 0.5, 0.5  # shares: of the outcomes that match a row, of their values that differ


def with_key_of(labelled: Exported, table: Exported, label: str, given: Sequence[str] = ()) -> Exported:
    """The outcomes with the columns that they share with the rows as the rows have them.

    Where these do not name each row, a column of another name that holds a key's values gets the key's name. `given` is the
    key that a person named: it is taken as it is where the outcomes have it.
    """
    shared = [name for name in labelled.types if name in table.types and name != label]
    found = labelled
    for name in shared:
        found = _as_in(found, table, name, name)
    known = set(given) <= set(shared) if given else shared and not table.rows.duplicated(shared).any()
    if labelled.files is None or known:
        return found
    pairs = [(_matched(found, table, other, name), other, name) for name in given or table.types for other in found.types
             if _may_match(found, table, other, name, label)]  # fmt: skip
    share, other, name = max(pairs, default=(0.0, "", ""))
    if share < LEAST_MATCHED:
        raise InvalidInputError(
            "no column of the outcomes holds the key of the rows",
            found=", ".join(found.types),
            allowed="outcomes with the column that names a row; for a key of several columns, under the same names",
        )
    note = f"outcomes: {other!r} holds values of {name!r} in {100 * share:.0f}% of the lines, so it is renamed"
    return replace(_as_in(found, table, other, name), notes=(*found.notes, note))


def _may_match(labelled: Exported, table: Exported, other: str, name: str, label: str) -> bool:
    if other in table.types or other == label or not {table.types[name], labelled.types[other]} <= set(_KINDS):
        return False
    different = labelled.rows[other].nunique() >= LEAST_DIFFERENT * len(labelled.rows)
    return bool(different and table.rows[name].notna().all() and not table.rows[name].duplicated().any())


def _matched(labelled: Exported, table: Exported, other: str, name: str) -> float:
    """The share of the outcomes whose value is one of the rows'."""
    values = _typed(labelled.rows[other], table.types[name])
    return float(values.isin(table.rows[name]).mean()) if len(values) else 0.0


def _as_in(labelled: Exported, table: Exported, other: str, name: str) -> Exported:
    """The outcomes with this column under the name and of the type that the rows have."""
    kind, had = table.types[name], labelled.types[other]
    if (other == name and kind == had) or not {kind, had} <= set(_KINDS):
        return labelled
    rows = labelled.rows.assign(**{other: _typed(labelled.rows[other], kind)}).rename(columns={other: name})
    types = {
        (name if each == other else each): (kind if each == other else was) for each, was in labelled.types.items()
    }
    dialect = dict(labelled.dialect)
    if other != name:
        renamed = dict(dialect.get("rename", {}))
        raw = next((was for was, now in renamed.items() if now == other), other)
        dialect["rename"] = {**renamed, raw: name}
    return replace(labelled, rows=rows, types=types, dialect=dialect)


def _typed(values: pd.Series[Any], kind: str) -> pd.Series[Any]:
    """The values as whole numbers, `007` as 7, or as texts; null where that cannot be."""
    import pandas as pd

    if kind == "string":
        return values.map(lambda value: str(value).strip(), na_action="ignore").astype("str")
    texts = values.map(lambda value: str(value).strip(), na_action="ignore")
    whole = [int(text) if isinstance(text, str) and re.fullmatch(r"[+-]?\d{1,99}", text) else None for text in texts]
    low, high = (0, 2**64) if kind == "unsigned" else (-(2**63), 2**63)
    held = [number if number is not None and low <= number < high else None for number in whole]
    return pd.Series(held, index=values.index, dtype="UInt64" if kind == "unsigned" else "Int64")
