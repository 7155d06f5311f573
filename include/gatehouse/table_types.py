"""Reads a delivered table into the declared columns as the declared types, or says exactly why it cannot.

The declared types are always the same pandas types: string -> str, integer -> Int64, unsigned -> UInt64, number ->
float64, decimal -> Decimal objects, boolean -> boolean, date -> datetime64[s], timestamp -> datetime64[us, UTC],
timestamp_ns -> datetime64[ns, UTC]. Nothing is guessed, rounded or cut, and nothing becomes null in silence: a cell that
its type cannot hold is named, and its row is quarantined. docs/reference/contract-columns.md has each type in detail.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gatehouse.columns import Cell, read, summary
from gatehouse.core.rows.with_columns import with_columns
from gatehouse.errors import SchemaMismatchError

if TYPE_CHECKING:
    import pandas as pd

    from gatehouse.core.config.contract import ColumnType
    from gatehouse.core.config.dialect import Dialect

UNDECLARED = "undeclared_columns"
_MAX_FAULTS = 5
_NAMES = (
    "; if the file has these columns under other names, set `rename`, `names`, `header` or `skip` in source.dialect"
)


@dataclass(frozen=True)
class Declared:
    """A table as declared: a null stands for each of the unreadable `cells`, which are in the order of rows."""

    frame: pd.DataFrame
    cells: tuple[Cell, ...] = ()

    @property
    def unreadable(self) -> dict[int, tuple[str, ...]]:
        """For each row that cannot be read, by position, a sentence for each of its unreadable cells."""
        return sentences(self.cells)


def read_declared(
    frame: pd.DataFrame,
    columns: Mapping[str, ColumnType],
    where: str,
    key: Collection[str] = (),
    dialect: Dialect | None = None,
) -> Declared:
    """Read the declared columns in declared order as declared types, with a fresh index.

    Columns that were delivered but not declared are dropped; `undeclared(declared.frame)` names them.

    Args:
        frame: the table as delivered.
        columns: the declared type of each column.
        where: the table (and file) for the message.
        key: the columns that name a row: a number in them must not be rounded.
        dialect: how the texts of a delivered file are written.

    Raises:
        SchemaMismatchError: a declared column is missing or appears more than once.
    """
    import pandas as pd

    delivered = [str(name) for name in frame.columns]
    faults = [_fault(name, declared, delivered) for name, declared in columns.items() if delivered.count(name) != 1]
    if faults:
        raise _mismatch(faults, where, _NAMES if dialect is not None else "")
    series: dict[str, pd.Series[Any]] = {}
    cells: list[Cell] = []
    for name, declared in columns.items():
        series[name], found = read(frame.iloc[:, delivered.index(name)], name, declared, name in key, dialect)
        cells += found
    result = pd.DataFrame(series, index=pd.RangeIndex(len(frame)))
    result.attrs[UNDECLARED] = tuple(sorted(set(delivered) - set(columns)))
    return Declared(result, tuple(sorted(cells, key=lambda cell: cell.row)))


def as_declared(
    frame: pd.DataFrame, columns: Mapping[str, ColumnType], where: str, key: Collection[str] = ()
) -> pd.DataFrame:
    """What `read_declared` reads, where every cell can be read. Raises SchemaMismatchError with up to five faults if not."""
    declared = read_declared(frame, columns, where, key)
    if declared.cells:
        raise _mismatch(summary(declared.cells, len(frame)), where)
    return declared.frame


def empty_decimals(frame: pd.DataFrame, columns: Mapping[str, ColumnType]) -> pd.DataFrame:
    """A table of the lake with its declared decimal columns as objects: a file has no type for nothing but nulls."""
    empty = [name for name, kind in columns.items() if kind == "decimal" and name in frame and frame[name].isna().all()]
    return with_columns(frame, dict.fromkeys(empty)) if empty else frame


def sentences(cells: Collection[Cell]) -> dict[int, tuple[str, ...]]:
    """For each row of these cells, by position, a sentence for each cell."""
    rows: dict[int, tuple[str, ...]] = {}
    for cell in cells:
        rows[cell.row] = (*rows.get(cell.row, ()), cell.sentence)
    return rows


def undeclared(frame: pd.DataFrame) -> tuple[str, ...]:
    """The columns that the delivery had and the declaration has not: a schema change that must be seen."""
    return tuple(frame.attrs.get(UNDECLARED, ()))


def _fault(name: str, declared: ColumnType, delivered: list[str]) -> str:
    state = "is missing" if name not in delivered else "appears more than once"
    return f"column {name!r} {state}; declared: {declared}; delivered columns: {_some(delivered)}"


def _mismatch(faults: Collection[str], where: str, advice: str = "") -> SchemaMismatchError:
    more = f" (and {len(faults) - _MAX_FAULTS} more)" if len(faults) > _MAX_FAULTS else ""
    shown = " | ".join(list(faults)[:_MAX_FAULTS])
    return SchemaMismatchError(
        f"{where}: {shown}{more}{advice}; the declaration in contract.yaml is the data engineer's"
    )


def _some(names: list[str]) -> str:
    shown = ", ".join(repr(name) for name in names[:20])
    return f"{shown} and {len(names) - 20} more" if len(names) > 20 else shown or "none"
