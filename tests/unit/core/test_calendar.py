"""Batch keys and spans of time."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatehouse.core.contract.batch_calendar import Span, batch_interval, batch_key, keys_between
from gatehouse.errors import ConfigurationError

moments = st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))
kinds = st.sampled_from(["year", "quarter", "month", "week", "day", "hour"])


@given(kinds, moments)
def test_a_key_names_the_interval_that_holds_its_moment(kind, moment):
    """key_of and interval_of are each other's inverse for every kind of batch and moment."""
    interval = batch_interval(kind, batch_key(kind, moment))
    assert interval.start <= moment < interval.end
    assert batch_key(kind, interval.start) == batch_key(kind, moment)


@given(kinds, moments, moments)
def test_keys_sort_like_time(kind, one, other):
    """Comparing two keys of one kind as text compares their intervals."""
    keys = batch_key(kind, one), batch_key(kind, other)
    assert (keys[0] < keys[1]) == (batch_interval(kind, keys[0]).start < batch_interval(kind, keys[1]).start)


@given(kinds, moments)
def test_intervals_touch_and_never_overlap(kind, moment):
    """The end of an interval is the start of the next key's."""
    interval = batch_interval(kind, batch_key(kind, moment))
    assert batch_interval(kind, batch_key(kind, interval.end)).start == interval.end


@given(kinds, st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1), timezones=st.timezones(), allow_imaginary=False))
def test_a_key_is_of_utc_whatever_the_clock(kind, moment):
    """A moment of any time zone, also one that a clock shows twice, lies in the interval of its key, which is UTC's."""
    interval = batch_interval(kind, batch_key(kind, moment))
    assert interval.start <= moment.astimezone(UTC) < interval.end
    assert interval.start.utcoffset() == timedelta(0)


def test_each_hour_of_a_day_whose_clock_is_put_back_has_its_own_key():
    """Both hours that the clock shows as two o'clock are batches of their own, and the day has 25."""
    berlin = ZoneInfo("Europe/Berlin")
    first, second = (datetime(2024, 10, 27, 2, 30, tzinfo=berlin, fold=fold) for fold in (0, 1))
    assert [batch_key("hour", moment) for moment in (first, second)] == ["2024-10-27T00", "2024-10-27T01"]
    assert len(keys_between("hour", batch_key("hour", datetime(2024, 10, 27, tzinfo=berlin)), "2024-10-27T22")) == 25


def test_the_twelve_months_of_a_year():
    """keys_between gives every key once, both ends included."""
    assert keys_between("month", "2013-01", "2013-12") == [f"2013-{month:02}" for month in range(1, 13)]


def test_quarters_and_years_begin_with_january():
    """Four quarters make the year that holds them."""
    year = batch_interval("year", "2013")
    quarters = [batch_interval("quarter", key) for key in keys_between("quarter", "2013-Q1", "2013-Q4")]
    assert (quarters[0].start, quarters[-1].end) == (year.start, year.end)
    assert [quarter.start.month for quarter in quarters] == [1, 4, 7, 10]


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("month", "2013-13"),
        ("week", "2013-W54"),
        ("day", "2013-02-30"),
        ("hour", "2013-03-07T24"),
        ("hour", "2013-03-07 14"),
        ("month", "x"),
        ("quarter", "2013-Q5"),
        ("year", "2013-01"),
    ],
)
def test_a_wrong_key_is_named_with_an_example(kind, key):
    """A key of another form says what was found and shows an allowed one."""
    with pytest.raises(ConfigurationError, match=f"{key}.*allowed: a key like"):
        batch_interval(kind, key)


def test_a_month_is_a_calendar_month():
    """Adding a month to the last day of January ends on the last day of February."""
    assert Span.parse("1 month").after(datetime(2013, 1, 31, tzinfo=UTC)) == datetime(2013, 2, 28, tzinfo=UTC)


@given(st.integers(1, 400), st.sampled_from(["hour", "day", "week"]), moments)
def test_before_undoes_after(count, unit, moment):
    """Fixed spans go back to where they came from."""
    span = Span(count, unit)
    assert span.before(span.after(moment)) == moment


def test_a_wrong_span_is_named():
    """A span that cannot be read names what was found and what is allowed."""
    with pytest.raises(ConfigurationError, match=r"fortnight.*allowed"):
        Span.parse("1 fortnight")
