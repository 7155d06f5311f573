"""Which rows of a training window a candidate is measured on before the whole window trains it."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.pipeline.batch_data.row_keys import BATCH, KEY, TIME
from gatehouse.pipeline.fit import inner_split

START = pd.Timestamp("2024-01-01", tz="UTC")


def window(batches: list[str], hours: list[float | None]) -> pd.DataFrame:
    """Rows of these batches at these hours; None is a row without a time."""
    time = [pd.NaT if hour is None else START + pd.Timedelta(hours=hour) for hour in hours]
    keys = [f"row {number}" for number in range(len(batches))]
    return pd.DataFrame({KEY: keys, BATCH: batches, TIME: pd.to_datetime(time, utc=True)})


def test_of_several_batches_the_newest_is_measured_on() -> None:
    """Whole batches are kept together, whatever the times of their rows say."""
    older, newer = inner_split(window(["a", "a", "b"], [5, 5, 5]))
    assert (set(older[BATCH]), set(newer[BATCH])) == ({"a"}, {"b"})


def test_of_one_batch_the_newest_quarter_is_measured_on() -> None:
    """A single batch is split by time."""
    older, newer = inner_split(window(["a"] * 8, [3, 1, 2, 8, 7, 4, 5, 6]))
    assert older[TIME].max() < newer[TIME].min()
    assert len(newer) == 2


@pytest.mark.parametrize("hours", [[0] * 8, [0] * 3 + [9] * 5, [None] * 8], ids=["equal", "mostly equal", "none"])
def test_rows_whose_times_say_nothing_are_drawn_by_their_keys(hours: list[float | None]) -> None:
    """Without a time column all rows of a batch have one time: a quarter is held out, the same in whatever order the rows
    are delivered."""
    frame = window(["a"] * 8, hours)
    older, newer = inner_split(frame)
    again = inner_split(frame.iloc[::-1])[1]
    assert (len(older), len(newer)) == (6, 2)
    assert set(again[KEY]) == set(newer[KEY])


@given(st.lists(st.one_of(st.none(), st.integers(0, 3)), min_size=2, max_size=30), st.integers(1, 3))
def test_neither_part_is_empty_and_no_row_is_lost(hours: list[float | None], count: int) -> None:
    """Two rows or more are always split, and each row is in one part."""
    frame = window([f"batch {number * count // len(hours)}" for number in range(len(hours))], hours)
    older, newer = inner_split(frame)
    assert min(len(older), len(newer)) > 0
    assert sorted([*older.index, *newer.index]) == list(range(len(hours)))
