"""One use case at one installation: everything a stage needs, as ports."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

from gatehouse.core.types import Batch
from gatehouse.ports import Checker, Lake, Ledger, ModelStore, Source, Tracking
from gatehouse.use_case import UseCase

PartitionWork = Mapping[str, Any]  # plain values: a piece of work, or what it found
PartitionExecutor = Callable[..., PartitionWork]


class UseCaseContext(ABC):
    """The ports a stage works through. A stage pays only for the ones it touches: adapters are opened on first use."""

    keeps_reports = True  # of decisions: drawing them is not for free, and a site that is thrown away has no readers

    def __init__(self, case: UseCase) -> None:
        self.case = case

    @property
    def name(self) -> str:
        """The name of the use case."""
        return self.case.name

    def remembered(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What `make` gives. A site that lives long enough for that to pay may give what it gave before for this key."""
        return make()

    def spread(
        self, function: PartitionExecutor, batch: Batch, works: Sequence[PartitionWork], *more: Any
    ) -> list[PartitionWork]:
        """Do pieces of work about a batch: `function(ctx, batch, work, *more)` of each, in order; here one after the other.
        A site that spreads them over machines calls `function` with a site of its own there."""
        return [function(self, batch, work, *more) for work in works]

    def anchor(self) -> None:  # noqa: B027 - a site that is thrown away has nothing to anchor
        """Sign the head of the audit log and keep that outside the database, where the site has a key."""

    @property
    @abstractmethod
    def ledger(self) -> Ledger: ...

    @property
    @abstractmethod
    def lake(self) -> Lake: ...

    @property
    @abstractmethod
    def source(self) -> Source: ...

    @property
    @abstractmethod
    def checker(self) -> Checker: ...

    @property
    @abstractmethod
    def models(self) -> ModelStore: ...

    @property
    @abstractmethod
    def tracking(self) -> Tracking: ...
