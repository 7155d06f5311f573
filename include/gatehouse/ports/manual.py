"""Ports of the ledger: what people ask for by hand."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from gatehouse.core.types import Backfill, BatchId, FileRef, Revalidation


class Revalidations(ABC):
    """Batches that were checked again under a changed contract."""

    @abstractmethod
    def record(
        self,
        checked: Revalidation,
        parts: Mapping[str, tuple[FileRef, FileRef]] | None = None,
        profile: FileRef | None = None,
    ) -> Revalidation:
        """Record a check; the same result under the same contract is recorded once, by whom it was first asked for.

        With `parts` a quarantined batch that keeps the contract now becomes accepted in the same change. Nothing else
        ever changes a batch: an accepted one keeps its rows whatever the check says.
        """

    @abstractmethod
    def list(self, use_case: str, batch: BatchId | None = None) -> list[Revalidation]: ...


class Backfills(ABC):
    """Ranges of batches that people take by hand: one at a time per use case."""

    @abstractmethod
    def begin(self, use_case: str, first: str, last: str, promote: bool, actor: str, reason: str) -> Backfill:
        """Open a backfill; the very one that is open is returned as it is. NotAllowedError while another one is open."""

    @abstractmethod
    def open(self, use_case: str) -> Backfill | None: ...

    @abstractmethod
    def end(self, backfill: str, state: str, sentence: str, request: str | None = None) -> Backfill:
        """done | failed, with the sentence about it and the training that it asked for, if it was ticked."""

    @abstractmethod
    def list(self, use_case: str) -> list[Backfill]: ...
