"""Rows that are bad whatever the expectations say: those with an unreadable cell, and those without a key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gatehouse.columns import Cell, summary
from gatehouse.core.contract.validation import joined_reasons
from gatehouse.core.rows.row_keys import keyless_summary
from gatehouse.ports import TableCheck
from gatehouse.table_types import sentences


def counted(check: TableCheck, cells: Sequence[Cell], keyless: Mapping[int, tuple[str, ...]], rows: int) -> TableCheck:
    """The check with these rows among its bad rows, and a sentence for each kind of them.

    To the expectations an unreadable cell is a null. A row whose key cannot be read is named once, by its cell."""
    unreadable = sentences(cells)
    keyless = {row: reasons for row, reasons in keyless.items() if row not in unreadable}
    problems = (*summary(cells, rows), *keyless_summary(keyless, rows))
    return replace(check, bad_rows=joined_reasons(unreadable, keyless, check.bad_rows), row_problems=problems)
