"""Many questions at once: the error of the whole family, not of each."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def holm(p_values: Mapping[str, float], error: float) -> tuple[str, ...]:
    """The names whose null hypothesis is rejected, smallest p-value first; NaN is never rejected.

    The probability that any true null hypothesis is among them is at most `error`, however the p-values depend on each
    other. Holm (1979), "A Simple Sequentially Rejective Multiple Test Procedure": the i-th smallest of m p-values is
    held to error / (m - i + 1), until one is above. NaN counts into m: a question that was asked was asked.
    """
    ordered = sorted((p, name) for name, p in p_values.items() if not math.isnan(p))
    rejected: list[str] = []
    for position, (p, name) in enumerate(ordered):
        if p > error / (len(p_values) - position):
            break
        rejected.append(name)
    return tuple(rejected)
