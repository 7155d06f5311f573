"""The proposed numbers: what is held out has blocks enough to be compared."""

from __future__ import annotations

import pandas as pd
import pytest

from gatehouse.proposal.limits import BLOCKS, Limits, limits


def proposed(frequency: str, periods: int, hourly: bool = False) -> Limits:
    """The numbers for batches of 50 rows each."""
    starts = pd.Series(pd.date_range("2024-01-01", periods=periods, freq=frequency).repeat(50))
    labels = pd.Series([0.0, 1.0] * (len(starts) // 2))
    return limits("classification", starts.astype("str"), starts.dt.floor("D"), labels, hourly)


@pytest.mark.parametrize("days", [3, 10, 29, 30, 90])
def test_hours_that_are_held_out_have_blocks_enough(days: int) -> None:
    """In a short history each hour is a block; in a long one whole days are held out, ten of them."""
    found = proposed("h", 24 * days, hourly=True)
    block, hours = (found.resample_by, 1) if found.resample_by else ("1 day", 24)
    assert (block == "1 hour") == (days < 30)
    assert found.min_blocks <= found.holdout // hours <= BLOCKS
    assert found.cooldown == 24
    assert found.first_training > found.holdout


@pytest.mark.parametrize("frequency", ["D", "W", "MS"])
def test_other_batches_are_held_out_as_before(frequency: str) -> None:
    """A batch of a day or longer is no part of a block."""
    found = proposed(frequency, 60)
    assert (found.cooldown, found.resample_by) == (1, None)
    assert found.holdout == BLOCKS
