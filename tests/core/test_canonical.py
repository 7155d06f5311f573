"""One text and one hash for one value."""

import json
from datetime import UTC, datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.core.canonical import canonical, digest

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(plain)
def test_canonical_text_reads_back_as_the_value(value):
    """Nothing is lost between a plain value and its canonical JSON."""
    assert json.loads(canonical(value)) == value


@given(st.dictionaries(st.text(), st.integers()))
def test_order_of_keys_does_not_matter(value):
    """Equal mappings have equal hashes however they were built."""
    assert digest(value) == digest(dict(reversed(value.items())))


def test_what_json_cannot_say_is_written_out():
    """NaN, infinities, NumPy scalars and moments have one defined text, never a silent null."""
    value = {"a": float("nan"), "b": np.float64("inf"), "c": np.int64(3), "d": datetime(2013, 1, 1, tzinfo=UTC)}
    assert canonical(value) == '{"a":"nan","b":"inf","c":3,"d":"2013-01-01T00:00:00+00:00"}'
