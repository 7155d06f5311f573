"""Reading a divided batch: some rows, or some columns, never the whole of a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gatehouse.context import UseCaseContext
from gatehouse.core.profiling.numeric import whole_pieces
from gatehouse.core.types import Batch
from gatehouse.errors import SchemaMismatchError
from gatehouse.table_types import Declared, read_declared

if TYPE_CHECKING:
    import pandas as pd

AT_ONCE = 1_000_000  # rows of a piece where the contract does not say
BadRows = Mapping[int, Any] | Sequence[int]


def is_partitioned(ctx: UseCaseContext, batch: Batch) -> bool:
    """Whether a table of the batch has more rows than the contract holds at once."""
    most = ctx.case.contract.max_rows_in_memory
    return most is not None and any(rows_of(batch, name) > most for name in ctx.case.contract.tables)


def needs_partitions(ctx: UseCaseContext, batch: Batch) -> bool:
    """Whether the batch is checked and profiled in pieces: a divided one, and every one of a use case on Spark."""
    return is_partitioned(ctx, batch) or ctx.case.contract.engine == "spark"


def rows_of(batch: Batch, table: str) -> int:
    """How many rows of a table were delivered."""
    return batch.tables[table].source.rows or 0


def ranges(rows: int, most: int) -> list[range]:
    """Consecutive rows in whole pieces, at least one range."""
    size = whole_pieces(most)
    return [range(start, min(start + size, rows)) for start in range(0, max(rows, 1), size)]


def size(ctx: UseCaseContext) -> int:
    """How many rows a partition has at most, before it is rounded up to whole pieces."""
    return ctx.case.contract.max_rows_in_memory or AT_ONCE


def where(batch: Batch, table: str) -> str:
    """What a sentence about unreadable columns calls the table."""
    return f"{batch.id} table {table!r}"


def declared(ctx: UseCaseContext, batch: Batch, table: str, which: range) -> Declared:
    """Some rows of a table as declared; SchemaMismatchError when a column lacks. Cells are named by their rows of the table."""
    spec = ctx.case.contract.tables[table]
    delivered = ctx.lake.frame(batch.tables[table].source, rows=which)
    found = read_declared(delivered, spec.columns, where(batch, table), spec.key, ctx.case.contract.dialect(table))
    return Declared(found.frame, tuple(replace(cell, row=which.start + cell.row) for cell in found.cells))


def rows(ctx: UseCaseContext, batch: Batch, table: str, which: range) -> pd.DataFrame:
    """The same with a null for each cell that cannot be read."""
    return declared(ctx, batch, table, which).frame


def accepted_rows(ctx: UseCaseContext, batch: Batch, table: str, which: range, bad: BadRows) -> pd.DataFrame:
    """The rows of a range that are not bad."""
    frame = rows(ctx, batch, table, which)
    bad_here = [row - which.start for row in bad if row in which]
    return frame.drop(index=bad_here).reset_index(drop=True) if bad_here else frame


def columns(ctx: UseCaseContext, batch: Batch, table: str, names: Sequence[str], bad: BadRows = ()) -> pd.DataFrame:
    """Some columns of all rows of a table as declared, without the bad rows; SchemaMismatchError when one lacks."""
    file, spec = batch.tables[table].source, ctx.case.contract.tables[table]
    lacking = set(names) - set(ctx.lake.columns(file))
    if lacking:
        raise SchemaMismatchError(f"{where(batch, table)} has no column {', '.join(sorted(lacking))}")
    types = {name: spec.columns[name] for name in names}
    delivered, dialect = ctx.lake.frame(file, columns=list(names)), ctx.case.contract.dialect(table)
    frame = read_declared(delivered, types, where(batch, table), spec.key, dialect).frame
    return frame.drop(index=list(bad)).reset_index(drop=True) if bad else frame


class AcceptedRows(Mapping[Any, Any]):
    """The accepted rows of a table as columns that are read when they are asked for."""

    def __init__(self, ctx: UseCaseContext, batch: Batch, table: str, bad: BadRows) -> None:
        self._ctx, self._batch, self._table, self._bad = ctx, batch, table, bad

    def __getitem__(self, name: Any) -> Any:
        """A column; several by a list of their names."""
        if isinstance(name, list):
            return {each: self[each] for each in name}
        return columns(self._ctx, self._batch, self._table, [name], self._bad)[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._ctx.case.contract.tables[self._table].columns)

    def __len__(self) -> int:
        """How many columns it has."""
        return len(self._ctx.case.contract.tables[self._table].columns)


def good_ranges(total: int, bad: Iterable[int], most: int) -> list[range]:
    """The rows of a table cut so that each range holds as many good rows as a partition has (the last one fewer): the
    pieces in which columns are summed are then those of the accepted table."""
    import numpy as np

    positions = np.sort(np.fromiter(bad, dtype=np.int64))
    accepted, size = total - len(positions), whole_pieces(most)
    before = positions - np.arange(len(positions))  # good rows in front of each bad one
    starts = [first + int(np.searchsorted(before, first, side="right")) for first in range(size, accepted, size)]
    return [range(start, stop) for start, stop in zip([0, *starts], [*starts, total])]
