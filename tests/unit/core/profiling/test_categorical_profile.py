"""The profile of a categorical column."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.core.audit.canonical_json import canonical
from gatehouse.core.profiling.categorical import CATEGORIES, NAMED, CategoricalProfile
from gatehouse.errors import SchemaMismatchError

counted = st.dictionaries(st.text(max_size=50), st.integers(1, 1000), max_size=20)
many = st.dictionaries(st.integers(0, 400).map(str), st.integers(1, 9), min_size=90, max_size=250)


@given(counted, st.one_of(counted, many), st.one_of(counted, many), st.integers(0, 9))
def test_partitions_merge_to_the_whole(
    reference: dict[str, int], one: dict[str, int], two: dict[str, int], nulls: int
) -> None:
    """Profiles of two partitions merge exactly to the profile of the whole, the sampled names of the tail included."""
    categories = CategoricalProfile.of(reference, 0).categories
    merged = CategoricalProfile.of(one, nulls, categories).merge(CategoricalProfile.of(two, 1, categories))
    whole = CategoricalProfile.of(dict(Counter(one) + Counter(two)), nulls + 1, categories)
    assert merged.to_document() == whole.to_document()


@given(counted, st.integers(0, 9))
def test_documents_survive_json(values: dict[str, int], nulls: int) -> None:
    """A profile read back from JSON is the one that was written, and its counts add up."""
    profile = CategoricalProfile.of(values, nulls)
    document = json.loads(canonical(profile.to_document()))
    assert CategoricalProfile.from_document(document).to_document() == document
    assert profile.rows == nulls + sum(values.values()) == profile.presence.sum()


def test_a_hundred_thousand_categories_stay_small() -> None:
    """The most frequent 1,000 are kept, the rest counted together; the document stays below 64 KiB."""
    values = {f"https://example.org/a/rather/long/address/{i}/ü" * 3: 100_000 + i for i in range(100_000)}
    profile = CategoricalProfile.of(values, 0)
    assert (len(profile.categories), len(profile.tail_names)) == (CATEGORIES, NAMED)
    assert profile.counts.min() == 100_000 + 100_000 - CATEGORIES
    assert profile.rows == sum(values.values())
    assert len(canonical(profile.to_document()).encode()) <= 64 * 1024


def test_unseen_values_are_counted_and_named() -> None:
    """What the reference did not hold is in the tail, by name and count."""
    reference = CategoricalProfile.of({"UA": 5, "DL": 9}, 0)
    batch = CategoricalProfile.of({"UA": 1, "ZZ": 4}, 2, reference.categories)
    assert (batch.categories, list(batch.counts)) == (("DL", "UA"), [0, 1])
    assert (batch.tail, dict(batch.tail_names), batch.rows) == (4, {"ZZ": 4}, 7)


def test_different_categories_do_not_merge() -> None:
    """Merging profiles on different categories is refused by name."""
    with pytest.raises(SchemaMismatchError, match="different categories"):
        CategoricalProfile.of({"a": 1}, 0).merge(CategoricalProfile.of({"b": 1}, 0))


def test_long_names_stay_apart() -> None:
    """Two long values that start alike are two categories."""
    assert len(CategoricalProfile.of({"x" * 100 + "1": 1, "x" * 100 + "2": 1}, 0).categories) == 2
