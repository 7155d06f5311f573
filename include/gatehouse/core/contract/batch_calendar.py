"""Batch keys, their intervals and spans of time: pure calendar arithmetic in UTC, no clock.

A batch is keyed by its interval: `2013` (year), `2013-Q1` (quarter), `2013-03` (month), `2013-W10` (ISO week),
`2013-03-07` (day), `2013-03-07T14` (hour). Days and hours are UTC's, so no clock that is put back repeats a key.
Keys of one kind sort as strings in the order of time.
"""

from __future__ import annotations

import calendar as _calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from gatehouse.errors import ConfigurationError

BatchKind = Literal["year", "quarter", "month", "week", "day", "hour"]
_FORMS = {
    "year": re.compile(r"\d{4}"),
    "quarter": re.compile(r"\d{4}-Q[1-4]"),
    "month": re.compile(r"\d{4}-(0[1-9]|1[0-2])"),
    "week": re.compile(r"\d{4}-W(0[1-9]|[1-4]\d|5[0-3])"),
    "day": re.compile(r"\d{4}-\d\d-\d\d"),
    "hour": re.compile(r"\d{4}-\d\d-\d\dT\d\d"),
}
_MONTHS = {"year": 12, "quarter": 3, "month": 1}
_WRITTEN = {"year": "%Y", "month": "%Y-%m", "day": "%Y-%m-%d", "hour": "%Y-%m-%dT%H"}
_LENGTH = {"week": timedelta(weeks=1), "day": timedelta(days=1), "hour": timedelta(hours=1)}
EXAMPLES: dict[BatchKind, str] = {
    "year": "2013", "quarter": "2013-Q1", "month": "2013-03", "week": "2013-W10", "day": "2013-03-07",
    "hour": "2013-03-07T14",
}  # fmt: skip
_SPAN = re.compile(r"(\d+) (minute|hour|day|week|month)s?")


@dataclass(frozen=True, order=True)
class Interval:
    """The half-open interval [start, end) of a batch, both aware and in UTC."""

    start: datetime
    end: datetime

    @property
    def hours(self) -> float:
        return (self.end - self.start) / timedelta(hours=1)


@dataclass(frozen=True)
class Span:
    """A length of time as people write it: `1 month`, `14 days`, `6 hours`. A month is a calendar month."""

    count: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> Span:
        match = _SPAN.fullmatch(text.strip())
        if match is None:
            raise ConfigurationError(
                "not a span of time", found=repr(text), allowed="like `30 minutes`, `6 hours`, `14 days`, `1 month`"
            )
        return cls(int(match[1]), match[2])

    def after(self, moment: datetime) -> datetime:
        return self._shift(moment, self.count)

    def before(self, moment: datetime) -> datetime:
        return self._shift(moment, -self.count)

    def _shift(self, moment: datetime, count: int) -> datetime:
        if self.unit != "month":
            return moment + count * timedelta(**{f"{self.unit}s": 1})
        months = moment.year * 12 + moment.month - 1 + count
        year, month = divmod(months, 12)
        last_day = _calendar.monthrange(year, month + 1)[1]
        return moment.replace(year=year, month=month + 1, day=min(moment.day, last_day))


def batch_key(kind: BatchKind, moment: datetime) -> str:
    """The key of the batch that `moment` (aware) falls into."""
    moment = moment.astimezone(UTC)
    if kind == "week":
        year, week, _ = moment.isocalendar()
        return f"{year}-W{week:02}"
    if kind == "quarter":
        return f"{moment.year:04}-Q{(moment.month + 2) // 3}"
    return moment.strftime(_WRITTEN[kind])


def batch_interval(kind: BatchKind, key: str) -> Interval:
    """The interval that a batch key names; a key of another form is a ConfigurationError."""
    try:
        if _FORMS[kind].fullmatch(key) is None:
            raise ValueError(key)
        if kind in _MONTHS:
            start = datetime(int(key[:4]), _first_month(kind, key), 1, tzinfo=UTC)
            return Interval(start, Span(_MONTHS[kind], "month").after(start))
        start = datetime.strptime(
            f"{key}-1" if kind == "week" else key, "%G-W%V-%u" if kind == "week" else _WRITTEN[kind]
        )
    except ValueError:
        raise ConfigurationError(
            f"not the key of a {kind} batch", found=repr(key), allowed=f"a key like `{EXAMPLES[kind]}`"
        ) from None
    start = start.replace(tzinfo=UTC)
    return Interval(start, start + _LENGTH[kind])


def _first_month(kind: BatchKind, key: str) -> int:
    return 3 * int(key[6]) - 2 if kind == "quarter" else int(key[5:7]) if kind == "month" else 1


def keys_between(kind: BatchKind, first: str, last: str) -> list[str]:
    """All keys from `first` to `last`, both included, in the order of time."""
    keys = []
    moment = batch_interval(kind, first).start
    while moment <= batch_interval(kind, last).start:
        keys.append(batch_key(kind, moment))
        moment = batch_interval(kind, keys[-1]).end
    return keys
