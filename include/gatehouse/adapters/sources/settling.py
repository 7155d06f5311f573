"""How long a delivery must not have changed before it counts as whole, and how much of that is left."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from gatehouse.core.config.contract import Settle

if TYPE_CHECKING:
    from gatehouse.adapters.sources.drop_folder import Delivery, File
    from gatehouse.core.config.contract import FilesSource

SETTLE_SECONDS = 10.0  # where the contract does not say: how long a local file must not have changed


class Settling:
    """The contract's `complete_when`, and since when this process has seen each file as it is."""

    def __init__(self, spec: FilesSource, local: bool) -> None:
        self._rule, self._local = spec.complete_when, local
        self._seen: dict[File, float] = {}

    @property
    def seconds(self) -> float:
        """How many seconds a file must not have changed."""
        rule = self._rule
        if isinstance(rule, Settle):
            return rule.seconds
        return SETTLE_SECONDS if rule is None and self._local else 0.0

    def remaining(self, each: Delivery) -> float:
        """Seconds until the delivery counts as settled: by the files' own times, or, where those are ahead of this clock or
        not known, by how long this process has seen them unchanged."""
        if self.seconds <= 0 or (each.finished and self._rule is None):
            return 0.0
        now, watch = time.time(), time.monotonic()
        left = []
        for file in each.parts:
            watched = watch - self._seen.setdefault(file, watch)
            age = now - file.written if file.written is not None else -1.0
            left.append(self.seconds - (max(age, watched) if age >= 0 else watched))
        return max(left, default=0.0)
