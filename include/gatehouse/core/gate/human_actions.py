"""What counts as a reason: an act against a verdict is read by others, perhaps years later."""

from __future__ import annotations

from gatehouse.errors import NotAllowedError

MIN_WORDS = 4


def require_reason(reason: str, act: str) -> None:
    """NotAllowedError when a reason is shorter than a sentence of four words."""
    words = reason.split()
    if len(words) < MIN_WORDS:
        raise NotAllowedError(
            f"{act} needs a reason of at least a sentence ({MIN_WORDS} words); found {len(words)}: {reason!r}"
        )
