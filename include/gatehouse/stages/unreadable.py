"""Unreadable cells in the verdict on a batch: each costs its row, up to the share that the contract allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gatehouse.columns import Cell, summary
from gatehouse.frames import sentences
from gatehouse.ports import TableCheck


def counted(check: TableCheck, cells: Sequence[Cell], rows: int) -> TableCheck:
    """The check with the rows of these cells among its bad rows, and a sentence for each column that has such cells.

    To the expectations an unreadable cell is a null."""
    unreadable = sentences(cells)
    bad = {row: (*unreadable.get(row, ()), *check.bad_rows.get(row, ())) for row in {*unreadable, *check.bad_rows}}
    return replace(check, bad_rows=dict(sorted(bad.items())), unreadable=summary(cells, rows))
