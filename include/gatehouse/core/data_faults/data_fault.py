"""A data fault: a change that no world makes, only a pipeline."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DataFault:
    """One data fault: `kind` in a word or two, the columns as `table.column`, and a sentence for the data engineer."""

    kind: str
    columns: tuple[str, ...]
    sentence: str
