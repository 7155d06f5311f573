"""How many rows each refit of the refit check may have: the smaller windows have theirs first."""

from __future__ import annotations

from collections.abc import Sequence


def shared_rows(sizes: Sequence[int], together: int, most: int) -> list[int]:
    """Share `together` rows among windows of these sizes, in their order.

    Each window has an equal share of what is left, the smallest window first, and never more than its size or `most`. So a
    small window keeps all of its rows, and only the large ones are thinned.
    """
    given = [0] * len(sizes)
    left = together
    for place, number in enumerate(sorted(range(len(sizes)), key=lambda each: sizes[each])):
        given[number] = min(sizes[number], most, left // (len(sizes) - place))
        left -= given[number]
    return given
