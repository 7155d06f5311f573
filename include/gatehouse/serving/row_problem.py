"""A row that breaks its contract: which rule, where, and what it holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

ABSENT = "each declared column is given, null where it has no value"


@dataclass(frozen=True)
class RowProblem:
    """One rule that one row breaks. `row` counts from 0 in the rows as they were given."""

    table: str
    row: int
    rule: str
    columns: tuple[str, ...]
    value: str
    reason: str = ""

    def __str__(self) -> str:
        """The problem in one sentence.

        >>> str(RowProblem("rides", 3, "integer", ("seats",), "'two'"))
        "table 'rides', row 3: column 'seats' holds 'two', which breaks integer"
        >>> str(RowProblem("rides", 3, ABSENT, ("seats", "fare"), "nothing"))
        "table 'rides', row 3 lacks 'seats', 'fare'; give each declared column, null where it has no value"
        """
        named = ", ".join(repr(name) for name in self.columns) or "of no name"
        if self.rule == ABSENT:
            return f"table {self.table!r}, row {self.row} lacks {named}; give each declared column, null where it has no value"
        because = f" ({self.reason})" if self.reason else ""
        return f"table {self.table!r}, row {self.row}: column {named} holds {self.value}, which breaks {self.rule}{because}"

    def document(self) -> dict[str, Any]:
        """The problem as plain values."""
        return asdict(self)
