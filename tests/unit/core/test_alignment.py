"""Rows that code returns: matched to the rows it was given, or refused; never taken in another order."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.core.rows.alignment import NotAlignedError, aligned
from gatehouse.core.rows.returned_frames import NotTabularError, to_frame, to_series

ROWS = 300
SIDE = pd.DataFrame({"group": list("abc"), "weight": [1.0, 2.0, 3.0]})
DAYS = pd.DataFrame({"at": pd.date_range("2023-12-01", periods=90, freq="D", unit="us"), "rain": np.arange(90.0)})
NAMES = ["group", "x"]


def rows(seed: int = 1, count: int = ROWS) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "id": random.permutation(count),
            "at": pd.date_range("2024-01-01", periods=count, freq="h", unit="us"),
            "group": random.choice(list("abc"), count),
            "x": random.normal(size=count),
            "y": random.normal(size=count),
        }
    )


Code = Callable[[pd.DataFrame], pd.DataFrame]
KEEPS: dict[str, Code] = {
    "chosen columns": lambda d: d[NAMES],
    "sorted, index kept": lambda d: d.sort_values("x")[NAMES],
    "sampled, index kept": lambda d: d.sample(frac=1, random_state=3)[NAMES],
    "groups one after the other, index kept": lambda d: pd.concat([part for _, part in d.groupby("group")])[NAMES],
    "left merge, new index": lambda d: d.merge(SIDE, on="group", how="left")[["x", "weight"]],
    "group mean": lambda d: d.assign(m=d.groupby("group")["x"].transform("mean"))[["x", "m"]],
    "lag, new index": lambda d: d.assign(before=d["x"].shift()).reset_index(drop=True)[["x", "before"]],
    "as-of merge": lambda d: pd.merge_asof(d[["at", "x"]], DAYS, on="at")[["x", "rain"]],
    "the key as index": lambda d: d.set_index("id")[NAMES],
    "NumPy": lambda d: to_frame(d[["y", "x"]].to_numpy()).rename(columns={"1": "x"}),
    "Arrow": lambda d: to_frame(pa.Table.from_pandas(d[NAMES], preserve_index=False)),
    "standardised, new index": lambda d: d.assign(z=(d["x"] - d["x"].mean()) / d["x"].std())[["x", "z"]].reset_index(
        drop=True
    ),
}
LOSES: dict[str, Code] = {
    "sorted, new index": lambda d: d.sort_values("x")[NAMES].reset_index(drop=True),
    "sorted twice": lambda d: d.sort_values("x").reset_index(drop=True).sort_values("y")[NAMES],
    "sampled, new index": lambda d: d.sample(frac=1, random_state=3)[NAMES].reset_index(drop=True),
    "reversed, new index": lambda d: d[NAMES].iloc[::-1].reset_index(drop=True),
    "merge from the side table": lambda d: SIDE.merge(d, on="group")[["x", "weight"]],
    "sorted by time, then lag": lambda d: (
        d.sort_values("at", ascending=False)
        .assign(before=lambda e: e["x"].shift())
        .reset_index(drop=True)[["x", "before"]]
    ),
    "only the time, sorted": lambda d: d.sort_values("at", ascending=False).reset_index(drop=True)[["at"]],
    "sorted by the key as index": lambda d: d.set_index("id").sort_index()[NAMES],
    "sorted NumPy": lambda d: to_frame(np.sort(d[["x", "y"]].to_numpy(), axis=0)),
    "one dropped": lambda d: d.iloc[1:][NAMES],
    "one in place of another": lambda d: pd.concat([d.iloc[:-1], d.iloc[:1]])[NAMES],
    "each second row twice": lambda d: d.iloc[np.arange(len(d)) // 2 * 2][NAMES].reset_index(drop=True),
    "the first half twice": lambda d: pd.concat([d.head(len(d) // 2)] * 2, ignore_index=True)[NAMES],
    "rolled": lambda d: to_frame(np.roll(d[["x", "y"]].to_numpy(), 1, axis=0)),
    "the last two swapped": lambda d: d.iloc[[*range(len(d) - 2), len(d) - 1, len(d) - 2]][NAMES].reset_index(
        drop=True
    ),
    "none": lambda d: d.iloc[:0][NAMES],
}


@pytest.mark.parametrize("name", KEEPS)
def test_rows_that_can_be_matched_come_back_in_the_order_given(name: str) -> None:
    """Whatever the code does with the index, row i of the result is made of row i."""
    given_rows = rows()
    made = aligned(KEEPS[name], given_rows, frozenset(["id", "at"]))
    np.testing.assert_array_equal(made["x"], given_rows["x"])
    assert list(made.index) == list(range(ROWS))


@pytest.mark.parametrize("name", LOSES)
def test_rows_that_cannot_be_matched_are_refused(name: str) -> None:
    """Rows sorted, dropped, repeated or re-indexed are one error, not other rows' values."""
    with pytest.raises(NotAlignedError, match="rows given"):
        aligned(LOSES[name], rows(), frozenset(["id", "at"]))


@given(st.integers(0, 10_000), st.sampled_from(sorted(KEEPS)), st.integers(1, 40))
def test_small_tables_are_matched_as_well(seed: int, name: str, count: int) -> None:
    """One row, two equal rows, a few rows: the match never depends on the values."""
    given_rows = rows(seed, count)
    made = aligned(KEEPS[name], given_rows, frozenset(["id", "at"]))
    np.testing.assert_array_equal(made["x"], given_rows["x"])


@given(st.integers(0, 10_000), st.permutations(range(12)))
def test_any_other_order_is_refused(seed: int, order: list[int]) -> None:
    """A fixed order without index other than the given one is never taken."""
    if order == sorted(order):
        return
    given_rows = rows(seed, 12)
    with pytest.raises(NotAlignedError):
        aligned(lambda d: d.iloc[[i for i in order if i < len(d)]][["x"]].reset_index(drop=True), given_rows)


def test_what_is_no_table_is_named() -> None:
    """A number, text, or two columns of one name: found and allowed are said. Names become texts."""
    for made in (5, "text", {"x": [1]}, pd.DataFrame([[1, 2]], columns=["a", "a"])):
        with pytest.raises(NotTabularError, match="allowed"):
            to_frame(made)
    with pytest.raises(NotTabularError, match="2 columns"):
        to_series(pd.DataFrame([[1, 2]]))
    with pytest.raises(NotTabularError, match="gh_key"):
        to_frame(pd.DataFrame({"gh_key": [1]}))
    assert list(to_frame(pd.DataFrame([[1, 2]], columns=[0, ("a", 1)])).columns) == ["0", "('a', 1)"]
    assert to_series(pa.chunked_array([[1, 0]])).tolist() == to_series([1, 0]).tolist() == [1, 0]
