"""Looks at a table or a query of a database: its columns, their types, and its rows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from gatehouse.adapters.sources.database_address import address
from gatehouse.adapters.sources.sql import open_database
from gatehouse.core.contract.batch_calendar import Interval
from gatehouse.errors import InvalidInputError
from gatehouse.proposal.column_types import ColumnGuess, infer
from gatehouse.proposal.exported import Exported, renamed_columns
from gatehouse.table_types import read_declared

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from gatehouse.core.config.contract import SqlSource

MOST_ROWS = 1_000_000  # that a proposal is made from
_EVERY_TIME = Interval(datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))
_QUERY = re.compile(r"(select|with)\b", re.IGNORECASE)
_DTYPES = {"Int64": "integer", "float64": "number", "boolean": "boolean", "datetime64[us, UTC]": "timestamp"}
_NUMBERS = {frozenset({int, float}): "number", frozenset({int, Decimal}): "decimal"}
_KINDS = {bool: "boolean", int: "integer", float: "number", str: "string", Decimal: "decimal", date: "date",
          datetime: "timestamp"}  # fmt: skip


@dataclass(frozen=True)
class DatabaseTable:
    """A table by its name, or the answer of a query, in the database whose address `spec` names."""

    spec: SqlSource
    wanted: str

    def as_relation(self) -> str:
        """What stands after FROM: the name, quoted where it must be, or the query in brackets."""
        text = self.wanted.strip().rstrip(";").strip()
        if _QUERY.match(text):
            return f"({text})"
        if not re.fullmatch(r'[^\s;"\'`()]+', text):
            raise InvalidInputError(
                "neither a table nor a query", found=repr(text), allowed="the name of a table, or a query with SELECT"
            )
        return ".".join(map(self.quoted, text.split(".")))

    def quoted(self, name: str) -> str:
        """A name as the database's dialect writes it."""
        quoted = str(address(self.spec).get_dialect()().identifier_preparer.quote(name))
        doubled = quoted.count("%") == 2 * name.count(
            "%"
        )  # some drivers bind by `%`; queries are text until they are bound
        return quoted.replace("%%", "%") if doubled else quoted

    @property
    def backend(self) -> str:
        return address(self.spec).get_backend_name()


def look(table: DatabaseTable) -> Exported:
    """Read the table, or the first million rows of it."""
    raw, notes = _rows(table)
    renamed = renamed_columns([str(column) for column in raw.columns])
    raw = raw.rename(columns=renamed)
    types, texts, odd = _types(raw)
    raw = raw.assign(**{name: _as_texts(raw[name]) for name in texts})
    found = read_declared(raw, types, table.wanted)  # type: ignore[arg-type]
    for name in dict.fromkeys(cell.column for cell in found.cells):
        odd.append(f"column {name!r}: not all values are of type {types[name]}; it is read as text")
        types[name] = "string"
    typed = read_declared(raw, types, table.wanted).frame  # type: ignore[arg-type]
    dialect = {"rename": renamed} if renamed else {}
    return Exported(table.wanted, None, dialect, types, typed, (*notes, *odd), frozenset(texts))


def _rows(table: DatabaseTable) -> tuple[pd.DataFrame, list[str]]:
    import pandas as pd

    with open_database(table.spec).session("the proposal") as read:
        chunks = read(f"SELECT * FROM {table.as_relation()} q", _EVERY_TIME)
        frames = list(_first(chunks, MOST_ROWS))
        chunks.close()
    rows = pd.concat(frames, ignore_index=True)
    if rows.empty:
        raise InvalidInputError("the table has no rows", found=table.wanted, allowed="a table with a history")
    if len(rows) < MOST_ROWS:
        return rows, []
    return rows, [f"only the first {len(rows):,} rows were looked at: first_batch may have to be an earlier one"]


def _first(chunks: Iterator[pd.DataFrame], most: int) -> Iterator[pd.DataFrame]:
    count = 0
    for chunk in chunks:
        yield chunk
        count += len(chunk)
        if count >= most:
            return


def _types(raw: pd.DataFrame) -> tuple[dict[str, str], list[str], list[str]]:
    """The types of the columns that a contract can hold, which of them are stored as texts, and the notes."""
    types: dict[str, str] = {}
    texts, notes = [], []
    for name in map(str, raw.columns):
        kind, why = _type(raw[name])
        if kind is None:
            notes.append(f"column {name!r} is left out: {why}")
            continue
        types[name] = kind
        if kind == "integer" and (unit := _guess(name, raw[name]).epoch_unit):
            notes.append(f"column {name!r} counts {unit} since 1970: convert it in the query to use it as a time")
        if kind == "string":
            texts.append(name)
            types[name] = _of_texts(name, raw[name], notes)
    return types, texts, notes


def _guess(name: str, column: pd.Series[Any]) -> ColumnGuess:
    return infer({name: [str(value) for value in column.dropna().unique()]}).columns[name]


def _as_texts(column: pd.Series[Any]) -> pd.Series[Any]:
    return column.map(str, na_action="ignore").astype("str")


def _of_texts(name: str, column: pd.Series[Any], notes: list[str]) -> str:
    """The type of texts. What only a dialect of files reads stays text: a query says it instead."""
    guess = _guess(name, column)
    if guess.date_format or guess.nulls or guess.epoch_unit:
        notes.append(f"column {name!r} is read as text: convert it in the query to have it as {guess.type}")
        return "string"
    return guess.type if guess.type in ("date", "timestamp") else "string"


def _type(column: pd.Series[Any]) -> tuple[str | None, str]:
    """The declared type that holds the values of a driver, or why there is none."""
    if (kind := _DTYPES.get(str(column.dtype))) is not None and column.notna().any():
        return kind, ""
    kinds = frozenset(map(type, column.dropna()))
    if not kinds:
        return None, "it is empty in all rows"
    if kinds in _NUMBERS:
        return _NUMBERS[kinds], ""
    of_columns: Mapping[type, str] = _KINDS
    strange = sorted(kind.__name__ for kind in kinds if kind not in of_columns)
    if strange:
        return None, f"it holds {', '.join(strange)}; select its parts, or CAST it, in the query"
    return (of_columns[next(iter(kinds))] if len(kinds) == 1 else "string"), ""
