"""Quarantined rows as a person reads them: a page of them, searched; and all of them as CSV."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gatehouse.errors import NotAllowedError
from gatehouse_ui.csv_files import csv_table

if TYPE_CHECKING:
    import pandas as pd

    from gatehouse.core.types import FileRef
    from gatehouse.ports import Lake

REASONS = "gh_reasons"
SIZE, CELL, WIDEST = 25, 160, 60  # rows a page, characters a cell, columns
LARGEST = 64 * 2**20  # bytes of a file that a page opens


@dataclass(frozen=True)
class QuarantinePage:
    """One page of rows. `reasons` counts what the rows were refused for among all rows of the file, whatever was searched for."""

    columns: list[str]
    rows: list[list[str]]
    reasons: list[tuple[str, int]]
    total: int
    matched: int
    page: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.matched // SIZE))


def found(lake: Lake, file: FileRef, search: str, page: int) -> QuarantinePage:
    """The page of a quarantined table's rows that contain `search` (any column, any case); pages count from 1."""
    frame = _frame(lake, file)
    reasons = []
    if REASONS in frame:
        reasons = [
            (str(text), int(count)) for text, count in frame[REASONS].astype(str).value_counts().head(30).items()
        ]
        frame = frame[[REASONS, *(name for name in frame.columns if name != REASONS)]]
    matched = _searched(frame, search.strip())
    page = min(max(page, 1), max(1, -(-len(matched) // SIZE)))
    shown = matched.iloc[(page - 1) * SIZE : page * SIZE, :WIDEST]
    cells = [[cell(value) for value in row] for row in shown.itertuples(index=False, name=None)]
    return QuarantinePage([str(name) for name in shown.columns], cells, reasons, len(frame), len(matched), page)


def cell(value: Any) -> str:
    """A value as a short text that says how long it was."""
    text = "" if value is None or value != value else str(value)
    text = "".join(char if char.isprintable() else "�" for char in text[: CELL + 1]) + text[CELL + 1 :]
    return text if len(text) <= CELL else f"{text[:CELL]}… ({len(text):,} characters)"


def as_csv(lake: Lake, file: FileRef) -> Iterator[str]:
    """The file as CSV, line by line."""
    frame = _frame(lake, file)
    return csv_table([str(name) for name in frame.columns], frame.itertuples(index=False, name=None))


def _frame(lake: Lake, file: FileRef) -> pd.DataFrame:
    if file.size > LARGEST:
        raise NotAllowedError(
            f"the file {file.path} has {file.size / 2**20:,.0f} MiB; a page opens at most {LARGEST >> 20}"
        )
    return lake.frame(file)


def _searched(frame: pd.DataFrame, search: str) -> pd.DataFrame:
    if not search:
        return frame
    hit = False
    for name in frame.columns:
        hit = frame[name].astype(str).str.contains(search, case=False, regex=False).fillna(False) | hit
    return frame[hit] if len(frame) else frame
