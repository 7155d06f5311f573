from __future__ import annotations

import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.adapters import parquet
from gatehouse.errors import ModelError
from gatehouse.stacked_tables import stacked


def batch(values, categories, ordered=False) -> pd.DataFrame:
    """A batch with one `category` column."""
    return pd.DataFrame({"c": pd.Categorical(values, categories=categories, ordered=ordered)})


@given(st.lists(st.lists(st.one_of(st.none(), st.sampled_from("abc")), max_size=4), min_size=1, max_size=4))
def test_categories_of_several_batches_are_the_union(batches) -> None:
    """No value changes, the column stays a category, and it comes back from the lake with all categories in their order."""
    frames = [batch(values, sorted({value for value in values if value})) for values in batches]
    whole = stacked(frames)
    assert whole["c"].dtype == "category"
    assert [None if pd.isna(value) else value for value in whole["c"]] == [value for each in batches for value in each]
    assert set(whole["c"].cat.categories) == {value for each in batches for value in each if value}
    again = parquet.decode(parquet.encode(whole))
    assert list(again["c"].cat.categories) == list(whole["c"].cat.categories)
    assert again["c"].tolist() == whole["c"].tolist() or whole["c"].isna().any()


def test_an_order_of_categories_is_kept_or_refused() -> None:
    """Ordered categories stay ordered, also through the lake; two batches that order them otherwise are an error by name."""
    frames = [batch(["low"], ["low", "high"], True), batch(["high", "mid"], ["low", "mid", "high"], True)]
    whole = parquet.decode(parquet.encode(stacked(frames)))
    assert whole["c"].cat.ordered
    assert list(whole["c"].cat.categories) == ["low", "mid", "high"]
    with pytest.raises(ModelError, match="orders the categories of 'c' otherwise"):
        stacked([batch(["low"], ["low", "high"], True), batch(["low"], ["high", "low"], True)])


@pytest.mark.parametrize("categories", [["b", "a", "z"], [3, 1, 2], [0.5, 0.25], [True, False]])
@pytest.mark.parametrize("ordered", [True, False])
def test_categories_survive_the_lake(categories, ordered) -> None:
    """Values, categories without rows, and their order come back; the same frame gives the same bytes."""
    frame = batch([categories[0], None, categories[1]], categories, ordered)
    stored = parquet.encode(frame)
    again = parquet.decode(stored)
    pd.testing.assert_frame_equal(again, frame)
    assert parquet.encode(again) == stored
    assert parquet.encode_parts([frame.iloc[:1], frame.iloc[1:]], stream := io.BytesIO()) == len(frame)
    assert stream.getvalue() == stored


@pytest.mark.parametrize(
    ("first", "then", "found"),
    [
        (pd.to_datetime(["2024-01-01"]).as_unit("us"), pd.to_datetime(["2024-01-01"]).as_unit("ns"), "timestamp"),
        ([1], [1.5], "double in one part and int64"),
        (["a"], [True], "bool in one part and string"),
    ],
)
def test_parts_of_other_types_are_refused_by_column(first, then, found) -> None:
    """Two parts whose values no one type holds as they are: the error names the column and both types."""
    with pytest.raises(ValueError, match=f"column 'c' is .*{found}"):
        parquet.encode_parts([pd.DataFrame({"c": first}), pd.DataFrame({"c": then})], io.BytesIO())
