"""What an invariant looks at and what it finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gatehouse.core.types import FileRef
from gatehouse.errors import LakeError

if TYPE_CHECKING:
    import pandas as pd

    from gatehouse.adapters.ledger.connection import Cursor
    from gatehouse.core.audit.anchors import AnchorEvidence
    from gatehouse.ports import Lake, Tracking
    from gatehouse.use_case import UseCase


@dataclass(frozen=True)
class InvariantResult:
    """One invariant judged: how many rows were examined, each breach in a sentence, and what else is worth knowing."""

    invariant: str
    ok: bool
    sentence: str
    rows: int
    breaches: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass
class InvariantContext:
    """One look at ledger, lake and tracking: the ledger's tables at one moment, and what was found there."""

    ledger: Cursor
    lake: Lake
    tracking: Tracking | None = None
    use_cases: Mapping[str, UseCase] = field(default_factory=dict)
    anchors: AnchorEvidence | None = None
    rows: int = 0
    breaches: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def examine(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """The rows of a question, counted as examined."""
        found = self.ledger.all(sql, *values)
        self.rows += len(found)
        return found

    def refuse(self, sql: str, sentence: str) -> None:
        """Every row that the question returns is a breach; the sentence is formatted with the row."""
        self.breaches += [sentence.format(**row) for row in self.ledger.all(sql)]

    def expect(self, holds: bool, sentence: str) -> None:
        """A breach unless it holds."""
        if not holds:
            self.breaches.append(sentence)

    def bytes_of(self, whose: str, file: Mapping[str, Any] | None) -> bytes | None:
        """The file (as the schema's function `file` gives it), which must be there with the recorded bytes; None, and a
        breach, when it is not."""
        known = self.file(whose, file)
        if known is None:
            return None
        self.rows += 1
        try:
            return self.lake.read(known)
        except LakeError as error:
            self.breaches.append(f"{whose}: {error}")
            return None

    def table(self, whose: str, file: Mapping[str, Any] | None) -> pd.DataFrame | None:
        """The file as a table, with the recorded bytes and number of rows; None, and a breach, when it is not."""
        known = self.file(whose, file)
        if known is None:
            return None
        self.rows += 1
        try:
            frame = self.lake.frame(known)
        except (LakeError, ValueError) as error:
            self.breaches.append(f"{whose}: {error}")
            return None
        self.expect(
            len(frame) == known.rows, f"{whose}: {known.path} has {len(frame)} rows, on record are {known.rows}"
        )
        return frame

    def file(self, whose: str, file: Mapping[str, Any] | None) -> FileRef | None:
        """The file on record; None, and a breach, where the reference leads nowhere."""
        self.expect(file is not None, f"{whose}: its file is not on record")
        return FileRef(**file) if file is not None else None
