"""F22 and F23 in small, in this process's own PostgreSQL."""

from __future__ import annotations

import pytest

from faults import races
from faults.proven import Asked


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_racing_promotions_and_gates_have_one_winner_an_generation(monkeypatch: pytest.MonkeyPatch) -> None:
    """4 processes, 3 rounds of four gates against one generation, two scorers: losers are refused as stale, nothing is mixed."""
    for name, value in (("PROCESSES", 4), ("TIMES", 8), ("ROUNDS", 3)):
        monkeypatch.setattr(races, name, value)
    rows = races.raced(Asked())
    assert [divergence for row in rows for divergence in row.divergences] == []
    assert rows[0].tried == 33
