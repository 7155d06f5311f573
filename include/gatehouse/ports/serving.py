"""Ports of a server: when to look at the champion again, and where its answers are kept."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


class ChampionFeed(ABC):
    """A hint that a champion may have changed. Hints may be lost or come for nothing: the ledger is asked either way."""

    @abstractmethod
    def wait(self, seconds: float) -> None:
        """Return when a champion may have changed, or after so many seconds. Raises nothing where the ledger is away."""

    @abstractmethod
    def close(self) -> None: ...


class ServedRows(ABC):
    """What servers have answered, by use case, in small files that many servers write and one source reads."""

    @abstractmethod
    def append(self, use_case: str, frame: pd.DataFrame, at: datetime) -> None:
        """Keep these rows, answered up to `at`, as a file of their own."""

    @abstractmethod
    def files(self, use_case: str, first: date, last: date) -> list[str]:
        """The files written on these days (UTC), oldest first."""

    @abstractmethod
    def days(self, use_case: str) -> list[date]:
        """The days (UTC) on which something was written, oldest first."""

    @abstractmethod
    def read(self, file: str) -> pd.DataFrame:
        """The rows of a file."""
