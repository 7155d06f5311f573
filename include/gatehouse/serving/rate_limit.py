"""At most so many requests a second from each caller, with as many more at once."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

MOST_CALLERS = 10_000  # that are remembered; the one that asked longest ago goes first


class RateLimit:
    """A bucket of tokens for each caller, filled at `per_second`; 0 is no limit.

    >>> limit = RateLimit(2.0, clock=lambda: 0.0)
    >>> [limit.wait("ann") for _ in range(3)]
    [0.0, 0.0, 0.5]
    """

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._clock = per_second, clock
        self._most = max(per_second, 1.0)
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, caller: str) -> float:
        """Take one request; how many seconds too early it comes, 0 when it may be answered."""
        if self._rate <= 0:
            return 0.0
        now = self._clock()
        left, before = self._buckets.pop(caller, (self._most, now))
        left = min(self._most, left + (now - before) * self._rate)
        self._buckets[caller] = (left - 1 if left >= 1 else left, now)
        if len(self._buckets) > MOST_CALLERS:
            self._buckets.popitem(last=False)
        return 0.0 if left >= 1 else (1 - left) / self._rate
