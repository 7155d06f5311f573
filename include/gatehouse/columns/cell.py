"""A cell that its declared type cannot hold, and the sentences about such cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

_EXAMPLES = 3
_LONG = 200


class UnreadableError(ValueError):
    """A value that its declared type cannot hold; the text says why, or which type holds it."""


@dataclass(frozen=True)
class Cell:
    """An unreadable cell: its row by position, its column, the value as delivered, and what to do if there is advice."""

    row: int
    column: str
    declared: str
    value: str
    advice: str = ""

    @property
    def sentence(self) -> str:
        """Why the row of this cell is quarantined."""
        return f"column {self.column!r}: found {self.value}; declared: {self.declared}{_advised(self.advice)}"


def shown(value: Any) -> str:
    """The value as a message shows it: Python's own spelling, at most 200 characters."""
    import numpy as np

    text = repr(value.item() if isinstance(value, np.generic) else value)
    return text if len(text) <= _LONG else f"{text[: _LONG - 3]}..."


def summary(cells: Iterable[Cell], rows: int) -> tuple[str, ...]:
    """One sentence for each column with unreadable cells: how many of `rows`, and the first different ones."""
    columns: dict[str, list[Cell]] = {}
    for cell in cells:
        columns.setdefault(cell.column, []).append(cell)
    return tuple(_sentence(column, rows) for column in columns.values())


def _sentence(cells: list[Cell], rows: int) -> str:
    first: dict[str, Cell] = {}
    for cell in cells:
        first.setdefault(cell.value, cell)
        if len(first) == _EXAMPLES:
            break
    examples = ", ".join(f"{cell.value} (row {cell.row})" for cell in first.values())
    advice = next((cell.advice for cell in cells if cell.advice), "")
    return (
        f"column {cells[0].column!r}: {len(cells)} of {rows} values cannot be read, for example {examples}; "
        f"declared: {cells[0].declared}{_advised(advice)}"
    )


def _advised(advice: str) -> str:
    return f"; {advice}" if advice else ""
