"""Ports to the data: the lake, the sources, the contract's checker."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gatehouse.core.calendar import Interval
from gatehouse.core.records import (
    FileRef,
)

if TYPE_CHECKING:
    import pandas as pd

    from gatehouse.core.specs.contract import TableSpec


class Lake(ABC):
    """Immutable, content-addressed files. A file is visible only under its final name, whole (write, fsync, rename)."""

    @abstractmethod
    def put(self, data: bytes, kind: str, suffix: str) -> FileRef: ...

    @abstractmethod
    def put_frame(self, frame: pd.DataFrame, kind: str) -> FileRef:
        """Store a table as Parquet; equal frames give equal bytes."""

    @abstractmethod
    def restore(self, file: FileRef, data: bytes) -> None:
        """Put the recorded bytes back in the place of a file that was damaged or replaced (LakeError for other bytes)."""

    @abstractmethod
    def read(self, file: FileRef) -> bytes:
        """The bytes, checked against the sha256 (LakeError)."""

    @abstractmethod
    def frame(self, file: FileRef, columns: Sequence[str] | None = None) -> pd.DataFrame: ...


@dataclass(frozen=True)
class CheckResult:
    """One expectation on one table: how many rows it looked at and how many it found bad."""

    table: str
    expect: str
    args: Mapping[str, Any]
    severity: str
    because: str
    success: bool
    checked: int
    unexpected: int
    detail: str = ""
    row_level: bool = False


@dataclass(frozen=True)
class TableCheck:
    """All expectations of one table. `bad_rows` maps a row's position to the reasons of its critical failures;
    `batch_failures` are the critical failures of the table as a whole."""

    results: tuple[CheckResult, ...]
    bad_rows: Mapping[int, tuple[str, ...]]
    batch_failures: tuple[str, ...]


class Checker(ABC):
    """Validates one table against its part of the contract."""

    @abstractmethod
    def check(self, name: str, spec: TableSpec, frame: pd.DataFrame, parameters: Mapping[str, Any]) -> TableCheck: ...


class Source(ABC):
    """Where batches come from. Everything a source raises about its data is a SourceError."""

    @abstractmethod
    def available(self) -> list[str]:
        """The keys of the batches that are complete at the source, in the order of time."""

    @abstractmethod
    def fetch(self, key: str, interval: Interval) -> Mapping[str, pd.DataFrame]:
        """Each table of the batch, with the declared columns as declared types."""

    @abstractmethod
    def outcomes(self, key: str, interval: Interval) -> pd.DataFrame | None:
        """The outcomes of a batch, or None while there are none."""
