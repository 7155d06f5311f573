"""Numbers for people: short, and never so short that two different ones read alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.formatting import approximate_count, count, join_names, number, shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.02134, "0.0213"),
        (0, "0"),
        (28243.4, "28,243"),
        (1048.36, "1,048"),
        (150.26, "150.3"),
        (2, "2"),
        (-0.00001234, "-1.23e-05"),
    ],
)
def test_three_significant_digits(value, text):
    """Three significant digits, thousands separated, whole numbers whole."""
    assert number(value) == text


@given(value=st.floats(-1e3, 1e3), step=st.floats(1e-4, 1))
def test_different_numbers_read_differently(value, step):
    """A value beside its limit gets as many digits as it takes to tell them apart."""
    limit = value + step
    if abs(step) > 1e-5 * max(abs(value), abs(limit)):
        assert number(value, limit) != number(limit, value)


def test_no_number_is_a_negative_zero():
    """A number that rounds to zero has no minus, with and without an explicit sign; one that is undefined says so."""
    assert shown(-0.00001) == "0.000"
    assert shown(-0.00001, "+.3f") == "+0.000"
    assert shown(-0.5, "+.3f") == "-0.500"
    assert shown(float("nan")) == "undefined"


def test_rows_in_words():
    """Counts are exact, estimates are rounded, long lists are cut."""
    assert count(28243) == "28,243"
    assert approximate_count(12345) == "about 12,000"
    assert approximate_count(7) == "about 7"
    assert join_names("abcdefg") == "a, b, c, d, e and 2 more"
