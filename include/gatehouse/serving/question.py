"""What is asked of a server, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
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
class Predicted:
    """What one model predicted at once: the rows with their declared types, and a prediction for each."""

    rows: pd.DataFrame
    predictions: pd.DataFrame
    served: ServedModel

    @cached_property
    def columns(self) -> dict[str, list[Any]]:
        """Keys and predictions as plain values, once for all questions that were answered together."""
        made_by = self.served.made_by
        return {str(name): self.predictions[name].tolist() for name in self.predictions if name not in made_by}


@dataclass(frozen=True)
class Answer:
    """The part of a prediction that answers one question, row by row."""

    predicted: Predicted
    start: int
    end: int
    side_batch: str = ""
    ignored_columns: tuple[str, ...] = ()

    def __len__(self) -> int:
        return self.end - self.start

    @property
    def served(self) -> ServedModel:
        """The model that made it."""
        return self.predicted.served

    @property
    def predictions(self) -> pd.DataFrame:
        """Keys and predictions, with what made them."""
        return self.predicted.predictions.iloc[self.start : self.end]

    def records(self) -> list[dict[str, Any]]:
        """Keys and predictions, a dictionary a row."""
        columns = {name: values[self.start : self.end] for name, values in self.predicted.columns.items()}
        return [dict(zip(columns, row)) for row in zip(*columns.values())]
