"""Some rows of a table, kept with its profile."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.core.profiling.row_sample import MOST, ROWS, joined, positions, sample_of


@given(st.integers(0, 5 * ROWS), st.lists(st.integers(0, 5 * ROWS), max_size=4))
def test_the_rows_of_partitions_are_those_of_the_whole(rows: int, cuts: list[int]) -> None:
    """However a table is cut, its parts' chosen rows in their order are the whole's, to the last bit."""
    table = pd.DataFrame({"x": np.arange(rows) / 3})
    chosen = positions(rows)
    edges = [0, *sorted(min(cut, rows) for cut in cuts), rows]
    parts = [sample_of(table.iloc[chosen[(chosen >= start) & (chosen < stop)]]) for start, stop in pairwise(edges)]
    assert joined(parts).to_document() == sample_of(table.iloc[chosen]).to_document()


@given(st.integers(0, 10 * ROWS))
def test_chosen_rows_are_some_of_the_table_in_their_order(rows: int) -> None:
    """Never one twice, never one beyond the end, at most the stated number, all of a small table."""
    chosen = positions(rows)
    assert len(chosen) == min(rows, ROWS)
    assert (np.diff(chosen) > 0).all()
    assert not len(chosen) or (chosen[0] == 0 and chosen[-1] < rows)


def test_numbers_and_clocks_are_kept_and_names_are_not() -> None:
    """Texts and truth values stay out; a moment is its hour; nulls survive a way through JSON."""
    table = pd.DataFrame(
        {
            "name": ["Ada", "Bo", None],
            "size": [1, 2, 3],
            "load": [0.1, None, 0.3],
            "at": pd.to_datetime(["2024-01-01 05:30", None, "2024-01-01 23:59"]),
            "paid": [True, False, None],
        }
    )
    document = json.loads(json.dumps(sample_of(table).to_document()))
    assert document == {"size": [1.0, 2.0, 3.0], "load": [0.1, None, 0.3], "at.hour": [5.0, None, 23.0]}
    assert type(sample_of(table)).from_document(document).to_document() == document


def test_a_wide_table_keeps_its_first_columns() -> None:
    """A profile stays small however many columns a table has."""
    table = pd.DataFrame({f"c{number}": [1.0, 2.0] for number in range(MOST + 9)})
    assert list(sample_of(table).columns) == [f"c{number}" for number in range(MOST)]
