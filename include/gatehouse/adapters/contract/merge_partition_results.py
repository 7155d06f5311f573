"""What an expectation that judges each row by itself finds in partitions of a table, added up to what it finds in the whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gatehouse.ports import ExpectationFinding

EXAMPLES = 20  # as many bad values as Great Expectations keeps of the whole


def merged(
    parts: Sequence[ExpectationFinding], starts: Sequence[int], args: Mapping[str, Any]
) -> ExpectationFinding | None:
    """The sum of what was found in the parts that begin at these rows; None where one could not be evaluated or counted
    other rows than our mask: then the sum would not be what the whole gives."""
    if any(part.error or part.issue for part in parts):
        return None
    present, unexpected = sum(part.present for part in parts), sum(part.unexpected for part in parts)
    return ExpectationFinding(
        success=_success(present, unexpected, float(args.get("mostly", 1))),
        checked=sum(part.checked or 0 for part in parts),
        present=present,
        unexpected=unexpected,
        bad=tuple(start + row for start, part in zip(starts, parts) for row in part.bad),
        examples=tuple(value for part in parts for value in part.examples)[:EXAMPLES],
    )


def _success(present: int, unexpected: int, mostly: float) -> bool:
    """By Great Expectations' own arithmetic (`expectation.py`, `_mostly_success`): what has no value passes."""
    return present == 0 or (float(present) - float(unexpected)) / float(present) >= mostly
