from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.core.contract.parameters import evaluate, parameters, resolved
from gatehouse.errors import ConfigurationError
from support.contracts import contract

MARCH = batch_interval("month", "2013-03")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        (" -2.5e1 ", -25),
        ("0.25", 0.25),
        ("interval_hours", 744),
        ("interval_hours * 0.9", 744 * 0.9),
        ("interval_hours*30", 22_320),
        ("interval_start", datetime(2013, 3, 1, tzinfo=UTC)),
        ("interval_end - 12 hours", datetime(2013, 3, 31, 12, tzinfo=UTC)),
        ("interval_start + 1 month", datetime(2013, 4, 1, tzinfo=UTC)),
    ],
)
def test_the_grammar(text, value) -> None:
    """Numbers, multiples of the interval's hours, and moments around the interval; whole numbers are int."""
    found = evaluate("p", text, MARCH)
    assert (found, type(found)) == (value, type(value))


@given(
    st.text(max_size=30).filter(lambda text: not re.search("[0-9]", text))
    | st.sampled_from(["interval_end - ", "interval_end * 2", "1 + 1", "1_0", "interval_end - 9999999 months"])
)
def test_anything_else_is_named(text) -> None:
    """Text outside the grammar gives a ConfigurationError that quotes it, never another exception."""
    with pytest.raises(ConfigurationError) as caught:
        evaluate("p", text, MARCH)
    assert caught.value.found == repr(text.strip())


def test_built_in_parameters_need_no_declaration() -> None:
    """The interval's own start, end and hours are there for every contract."""
    assert set(parameters(contract(parameters={"few": "3"}), MARCH)) == {
        "interval_start",
        "interval_end",
        "interval_hours",
        "few",
    }


def test_arguments_are_resolved_in_lists_and_as_moments() -> None:
    """`$name` is replaced wherever it stands, and text compared with a timestamp column becomes a moment in UTC."""
    args = {"column": "at", "value_set": ["$first", "2013-01-02T01:00:00+01:00"], "mostly": 0.5}
    moment = datetime(2013, 1, 1, tzinfo=UTC)
    assert resolved(args, {"first": moment}, {"at": "timestamp"}) == {
        "column": "at", "value_set": [moment, datetime(2013, 1, 2, tzinfo=UTC)], "mostly": 0.5,
    }  # fmt: skip


def test_unknown_parameters_are_named_with_the_known() -> None:
    """A `$name` that nobody declared says which there are."""
    with pytest.raises(ConfigurationError, match=r"found \$fast; allowed: \$slow"):
        resolved({"min_value": "$fast"}, {"slow": 1}, {})
