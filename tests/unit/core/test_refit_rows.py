"""How many rows each refit may have."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gatehouse.core.retraining.refit_rows import shared_rows

SIZES = st.lists(st.integers(0, 10_000), max_size=9)


@given(sizes=SIZES, together=st.integers(0, 40_000), most=st.integers(1, 20_000))
def test_refits_share_the_rows_and_the_large_ones_are_thinned(sizes: list[int], together: int, most: int) -> None:
    """No refit has more rows than its window, the most of one refit, or all together. A window of more rows never has fewer
    than a smaller one. Rows are left over only where every window has all that it may have."""
    shares = shared_rows(sizes, together, most)
    assert all(0 <= share <= min(size, most) for share, size in zip(shares, sizes, strict=True))
    assert sum(shares) <= together
    by_size = [share for _, share in sorted(zip(sizes, shares, strict=True))]
    assert by_size == sorted(by_size)
    if shares != [min(size, most) for size in sizes]:
        assert sum(shares) > together - len(sizes)


def test_a_small_window_keeps_its_rows() -> None:
    """What a small window leaves goes to the large ones."""
    assert shared_rows([12_000, 400, 800], 7_200, 50_000) == [6_000, 400, 800]
