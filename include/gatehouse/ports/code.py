"""The port to a use case's own code where it runs in a process of its own, without the rights of the task."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from gatehouse.model_code import ModelCode


class CodeProcess(ABC):
    """Calls the code of one use case elsewhere. What the code raises, prints, or does to its process is a named error."""

    @abstractmethod
    def warm_up(self) -> None:
        """Start the process now: it imports its libraries beside what comes first here."""

    @abstractmethod
    def model(self) -> ModelCode:
        """What `model.py` defines; its estimators are handles that only this process's `ModelStore` takes."""

    @abstractmethod
    def features(self, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
        """The features, a row for each row of the main table, in that order."""

    @abstractmethod
    def labels(self, outcomes: pd.DataFrame) -> pd.Series[float]:
        """The label of each row of the outcomes, in that order; NaN where there is none."""

    @abstractmethod
    def rule(self, file: Path, code: bytes, function: str, rows: pd.DataFrame) -> Any:
        """What a rule in Python says about the held-out rows, as plain values. `code` is the file as it was read."""

    @abstractmethod
    def archived_metrics(self, code: bytes) -> Mapping[str, Callable[..., Any]]:
        """The functions in METRICS of an archived `model.py`."""
