"""Records of what people ask for by hand: a batch checked again, a range backfilled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gatehouse.core.types.work import BatchId, FileRef


@dataclass(frozen=True)
class Revalidation:
    """A batch checked again under the contract of that hash. `state` is how the batch rested before, `verdict` what the
    check says now, `found` why it would be quarantined; `counts` maps each table to its accepted and quarantined rows
    under this contract."""

    batch: BatchId
    contract: str
    state: str
    verdict: str
    found: str
    counts: Mapping[str, tuple[int, int]]
    report: FileRef
    actor: str
    reason: str


@dataclass(frozen=True)
class Backfill:
    """A range of keys that a person has taken, oldest first. While it is open, its batches ask for no training; with
    `promote`, one training follows it. `ended` is empty while it is open, then done or failed."""

    id: str
    use_case: str
    first: str
    last: str
    promote: bool
    actor: str
    reason: str
    ended: str = ""
    sentence: str = ""
    request: str | None = None

    def covers(self, key: str) -> bool:
        """Whether a batch's key lies in the range."""
        return self.first <= key <= self.last
