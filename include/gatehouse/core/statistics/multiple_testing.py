"""Many questions at once: the error of the whole family, not of each.

Holm (1979), "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Audit log of Statistics 6: the i-th
smallest of m p-values is held to error / (m - i + 1), until one is above. The probability that any true null hypothesis
is rejected is at most `error`, however the p-values depend on each other.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def holm_adjust(p_values: Mapping[str, float]) -> dict[str, float]:
    """Holm's adjusted p-values, the smallest first: those at or below an error are rejected at it. NaN becomes 1 and
    counts into m: a question that was asked was asked."""
    known = {name: 1.0 if math.isnan(p) else p for name, p in p_values.items()}
    found, highest = {}, 0.0
    for rank, name in enumerate(sorted(known, key=lambda each: (known[each], each))):
        highest = max(highest, (len(known) - rank) * known[name])
        found[name] = min(highest, 1.0)
    return found


def holm(p_values: Mapping[str, float], error: float) -> tuple[str, ...]:
    """The names whose null hypothesis is rejected, the smallest p-value first; NaN is never rejected."""
    return tuple(name for name, p in holm_adjust(p_values).items() if p <= error and not math.isnan(p_values[name]))
