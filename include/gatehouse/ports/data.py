"""Ports to the data: the lake, the sources, the contract's checker."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gatehouse.core.contract.batch_calendar import Interval
from gatehouse.core.types import (
    FileRef,
)

if TYPE_CHECKING:
    import pandas as pd

    from gatehouse.core.config.contract import TableSpec


class Lake(ABC):
    """Immutable, content-addressed files. A file is visible only under its final name, whole (write, fsync, rename)."""

    @abstractmethod
    def put(self, data: bytes, kind: str, suffix: str) -> FileRef: ...

    @abstractmethod
    def put_frame(self, frame: pd.DataFrame, kind: str) -> FileRef:
        """Store a table as Parquet; equal frames give equal bytes."""

    @abstractmethod
    def put_parts(self, frames: Iterable[pd.DataFrame], kind: str) -> FileRef:
        """Store the parts of a table (one or more), holding one at a time, as the very file that `put_frame` makes of them
        one below the other."""

    @abstractmethod
    def restore(self, file: FileRef, data: bytes) -> None:
        """Put the recorded bytes back in the place of a file that was damaged or replaced (LakeError for other bytes)."""

    @abstractmethod
    def read(self, file: FileRef) -> bytes:
        """The bytes, checked against the sha256 (LakeError)."""

    @abstractmethod
    def frame(self, file: FileRef, columns: Sequence[str] | None = None, rows: range | None = None) -> pd.DataFrame:
        """A table, or some columns of it, or only the rows of a range (of step 1) without unpacking many others."""

    @abstractmethod
    def columns(self, file: FileRef) -> tuple[str, ...]:
        """The names of a table's columns."""


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
    `batch_failures` are the critical failures of the table as a whole; `row_problems` has a
    sentence for each kind of row that is bad whatever the expectations say (these rows are among `bad_rows`)."""

    results: tuple[CheckResult, ...]
    bad_rows: Mapping[int, tuple[str, ...]]
    batch_failures: tuple[str, ...]
    row_problems: tuple[str, ...] = ()
    table: str = ""


@dataclass(frozen=True)
class ExpectationFinding:
    """What one expectation found in some rows, as plain values that add up with those of the rows after them.

    `bad` are positions of rows that a critical expectation about rows quarantines; `examples` the first bad values.
    `issue` says that it could not be evaluated, or whose count is not trusted; `checked` is None about a whole table."""

    success: bool
    checked: int | None
    present: int
    unexpected: int
    bad: tuple[int, ...] = ()
    examples: tuple[str, ...] = ()
    detail: str = ""
    issue: str = ""
    error: bool = False


class Checker(ABC):
    """Validates one table against its part of the contract.

    `check` is `find` over all expectations, concluded. A table in partitions is checked by finding in each partition what
    is judged row by row (`by_row`), everything else in the whole of the columns it names, and `conclude` over the sums."""

    def check(self, name: str, spec: TableSpec, frame: pd.DataFrame, parameters: Mapping[str, Any]) -> TableCheck:
        """The whole table at once."""
        found = self.find(name, spec, frame, parameters, range(len(spec.expectations)))
        return self.conclude(name, spec, len(frame), found, parameters)

    @abstractmethod
    def by_row(self, spec: TableSpec) -> tuple[int, ...]:
        """The numbers of the expectations that judge each row by itself: no other row changes what they say of it."""

    @abstractmethod
    def about_rows(self, spec: TableSpec) -> tuple[int, ...]:
        """The numbers of the expectations about rows: those of `by_row`, and those that compare rows with each other."""

    @abstractmethod
    def find(
        self,
        name: str,
        spec: TableSpec,
        frame: pd.DataFrame,
        parameters: Mapping[str, Any],
        numbers: Sequence[int],
    ) -> dict[int, ExpectationFinding]:
        """What these expectations of the table find in the rows; the columns that they name are there."""

    def failing_rows(
        self, name: str, spec: TableSpec, frame: pd.DataFrame, parameters: Mapping[str, Any], numbers: Sequence[int]
    ) -> dict[int, tuple[int, ...]]:
        """The rows that each of these critical expectations about rows finds bad. A checker that can tell without the
        whole of `find` is quick enough for requests."""
        return {number: one.bad for number, one in self.find(name, spec, frame, parameters, numbers).items()}

    @abstractmethod
    def merge(
        self, spec: TableSpec, number: int, parts: Sequence[tuple[int, ExpectationFinding]]
    ) -> ExpectationFinding | None:
        """What an expectation of `by_row` finds in all parts, each with the position of its first row; None where that is
        not their sum, since one of them could not be evaluated: then it has to be found in the whole."""

    @abstractmethod
    def conclude(
        self,
        name: str,
        spec: TableSpec,
        rows: int,
        found: Mapping[int, ExpectationFinding],
        parameters: Mapping[str, Any],
    ) -> TableCheck:
        """What is found of every expectation, as results, bad rows and failures of the batch."""


@dataclass(frozen=True)
class PassedOver:
    """Something at the source that is not taken, by its name there, and why."""

    name: str
    reason: str


class PartsDifferError(Exception):
    """The parts of a table do not fit together as they were read; another way of reading it is needed."""


# Ways of reading one table in parts, one after the other, as a file keeps it. The last one raises no PartsDifferError.
Ways = Sequence["Callable[[], Iterable[pd.DataFrame]]"]


class Source(ABC):
    """Where batches come from. Everything a source raises about its data is a SourceError."""

    @abstractmethod
    def available(self) -> list[str]:
        """The keys of the batches that are complete at the source, in the order of time."""

    @abstractmethod
    def fetch(self, key: str, interval: Interval) -> Mapping[str, pd.DataFrame]:
        """Each table of the batch, with the declared columns as declared types; UnreadableDeliveryError, with what was delivered,
        when a table cannot be read."""

    @contextmanager
    def parts(self, key: str, interval: Interval) -> Iterator[Mapping[str, Ways]]:
        """Each table of the batch in parts, so that nobody holds a large one: what `fetch` gives, one part below the other.
        They are read within the block; it ends with SourceVanishedError where the delivery changed meanwhile."""
        frames = self.fetch(key, interval)
        yield {name: [_whole(frame)] for name, frame in frames.items()}

    @abstractmethod
    def outcomes(self, key: str, interval: Interval) -> pd.DataFrame | None:
        """The outcomes of a batch, or None while there are none."""

    def settle(self) -> float:
        """Wait, once and for a bounded time, for deliveries that are still being written; returns for how many seconds. From
        then on, one that still changes is not available. A source whose deliveries appear whole has nothing to wait for."""
        return 0.0

    def passed_over(self) -> list[PassedOver]:
        """What is there and is not taken."""
        return []

    def fingerprint(self, key: str) -> str | None:
        """A cheap text that differs when the batch may have been delivered again; None when the source cannot tell."""
        return None

    def fingerprints(self) -> Mapping[str, str]:
        """The fingerprint of every available batch; none when the source cannot tell."""
        return {}


def _whole(frame: pd.DataFrame) -> Callable[[], Iterable[pd.DataFrame]]:
    return lambda: [frame]
