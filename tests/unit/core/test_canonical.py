"""One text and one hash for one value."""

import json
import math
from datetime import UTC, datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.core.audit.canonical_json import canonical, digest, finite, number_in

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
def test_order_of_keys_does_not_alert(value):
    """Equal mappings have equal hashes however they were built."""
    assert digest(value) == digest(dict(reversed(value.items())))


def test_what_json_cannot_say_is_written_out():
    """An undefined or infinite number is null; NumPy scalars and moments have one defined text."""
    value = {"a": float("nan"), "b": np.float64("inf"), "c": np.int64(3), "d": datetime(2013, 1, 1, tzinfo=UTC)}
    assert canonical(value) == '{"a":null,"b":null,"c":3,"d":"2013-01-01T00:00:00+00:00"}'


@given(st.sampled_from([math.nan, math.inf, -math.inf]))
def test_undefined_numbers_read_alike_in_documents_of_all_versions(value):
    """Null, the texts of earlier versions and the numbers themselves are no number for people, and no error for code."""
    documents = [value, str(value), json.loads(canonical([value]))[0]]
    assert [finite(each) for each in documents] == [None] * 3
    assert not any(math.isfinite(number_in(each)) for each in documents)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_defined_numbers_are_read_as_they_were(value):
    """A finite number comes back to the last bit, as a number and for people."""
    (stored,) = json.loads(canonical([value]))
    assert finite(stored) == number_in(stored) == value
