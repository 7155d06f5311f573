"""What is asked of a server, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gatehouse.serving.served_model import ServedModel

if TYPE_CHECKING:
    import pandas as pd

JsonRows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Question:
    """Rows of the main table, and of those beside it that are not to be the newest accepted ones, by table.

    JSON rows are dictionaries; a frame came as Arrow.
    """

    rows: JsonRows | pd.DataFrame
    sides: Mapping[str, JsonRows] = field(default_factory=dict)

    @property
    def is_plain(self) -> bool:
        """Whether it can be answered together with others: rows of JSON, and no table beside them."""
        return not self.sides and isinstance(self.rows, Sequence)


@dataclass(frozen=True)
class Answer:
    """Keys and predictions, with what made them, for each row in order. `rows` are the rows with their declared types."""

    predictions: pd.DataFrame
    rows: pd.DataFrame
    served: ServedModel
    side_batch: str = ""
    ignored_columns: tuple[str, ...] = ()
