"""How the texts of one column are written, and such a text in the one spelling that the column types read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from gatehouse.columns.cell import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatehouse.core.config.contract import ColumnType
    from gatehouse.core.config.dialect import Dialect

NUMBERS = ("integer", "unsigned", "number", "decimal")
MOMENTS = ("timestamp", "timestamp_ns")
_PER_UNIT = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
_SAME = {" ": " \u00a0\u202f\u2009", "'": "'\u2019"}  # spellings of one thousands separator
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NS = 2**63


@dataclass(frozen=True)
class ColumnFormat:
    """The format of one column. `canonical` takes a value as delivered; UnreadableError names the key that refuses it."""

    decimal: str = "."
    thousands: str | None = None
    negative: str | None = None
    units: tuple[str, ...] = ()
    null_values: frozenset[str] = frozenset()
    date_format: str | None = None
    epoch_unit: str | None = None
    timezone: str | None = None
    repeated_hour: str | None = None
    true_values: frozenset[str] = frozenset()
    false_values: frozenset[str] = frozenset()

    @classmethod
    def of(cls, dialect: Dialect, column: str) -> ColumnFormat:
        """What a dialect says about a column."""
        return cls(
            dialect.decimal,
            dialect.thousands,
            dialect.negative,
            tuple(sorted(_by_column(dialect.units, column) or (), key=len, reverse=True)),
            frozenset(_by_column(dialect.null_values, column) or ()),
            _by_column(dialect.date_format, column),
            _by_column(dialect.epoch_unit, column),
            _by_column(dialect.timezone, column),
            dialect.repeated_hour,
            frozenset(map(str.casefold, dialect.true_values)),
            frozenset(map(str.casefold, dialect.false_values)),
        )

    def concerns(self, declared: ColumnType) -> bool:
        """Whether values of this type are read in another way than without a format."""
        if self.null_values:
            return True
        if declared in NUMBERS:
            return bool(self.decimal != "." or self.thousands or self.negative or self.units)
        if declared == "boolean":
            return bool(self.true_values or self.false_values)
        moments = (self.date_format, self.epoch_unit, self.timezone)
        return any(moments) if declared in MOMENTS else declared == "date" and self.date_format is not None

    def canonical(self, value: Any, declared: ColumnType) -> Any:
        """The value as the column types read it."""
        if isinstance(value, str):
            text = value if declared == "string" else value.strip()
            if text in self.null_values:
                return None
            if not text or declared == "string":
                return value
            if declared in NUMBERS:
                return self._number(text)
            if declared == "boolean":
                folded = text.casefold()
                return True if folded in self.true_values else False if folded in self.false_values else value
            if self.date_format is not None:
                value = self._date(text)
        if declared not in MOMENTS:
            return value
        if self.epoch_unit is not None and not isinstance(value, (date, bool)):
            return self._epoch(value)
        return self._zoned(value) if self.timezone is not None else value

    def _number(self, text: str) -> str:
        text = without_unit(text, self.units)
        if self.negative is not None:
            text = without_unit(minus_in_front(text, self.negative), self.units)
        if self.thousands is not None:
            if self._grouped.fullmatch(text) is None and any(mark in text for mark in self._marks):
                raise UnreadableError(f"its groups are not of three digits, as `thousands: {self.thousands!r}` says")
            text = text.translate(dict.fromkeys(map(ord, self._marks)))
        if self.decimal == ",":
            if "." in text:
                raise UnreadableError("it has a point; `decimal` is ',' and `thousands` is not '.'")
            text = text.replace(",", ".")
        return text

    @cached_property
    def _marks(self) -> str:
        return _SAME.get(self.thousands or "", self.thousands or "")

    @cached_property
    def _grouped(self) -> re.Pattern[str]:
        mark = f"[{re.escape(self._marks)}]"
        return re.compile(rf"[+-]?\d{{1,3}}({mark}\d{{2,3}})*{mark}\d{{3}}({re.escape(self.decimal)}\d*)?", re.ASCII)

    def _date(self, text: str) -> datetime:
        try:
            return datetime.strptime(text, self.date_format or "")
        except ValueError:
            raise UnreadableError(f"it is not of `date_format: {self.date_format!r}`") from None

    def _epoch(self, value: Any) -> Any:
        import pandas as pd

        try:
            ticks = Decimal(value.strip()) if isinstance(value, str) else Decimal(value)
            nanoseconds = ticks * _PER_UNIT[self.epoch_unit or "ns"]
            whole = int(nanoseconds)
            if whole != nanoseconds:
                raise UnreadableError("it is finer than nanoseconds")
            fine = whole % 1000 and -_NS < whole < _NS
            return pd.Timestamp(whole, tz="UTC") if fine else _EPOCH + timedelta(microseconds=whole // 1000)
        except (InvalidOperation, TypeError, OverflowError, ValueError) as error:
            if isinstance(error, UnreadableError):
                raise
            raise UnreadableError(f"it is no count of `epoch_unit: {self.epoch_unit}`") from None

    def _zoned(self, value: Any) -> Any:
        """A moment without a time zone, in the column's zone."""
        from gatehouse.columns.values import naive_moment

        naive = naive_moment(value)
        if naive is None:
            return value
        moment, fine = naive
        zone = ZoneInfo(self.timezone or "UTC")
        first, second = (moment.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
        if first.utcoffset() != second.utcoffset():
            if first.astimezone(UTC).astimezone(zone).replace(tzinfo=None, fold=0) != moment:
                raise UnreadableError(f"the clocks of `timezone: {self.timezone}` skip this time")
            if self.repeated_hour is None:
                raise UnreadableError(f"the clocks of {self.timezone} show this time twice: set `repeated_hour`")
        chosen = (second if self.repeated_hour == "second" else first).astimezone(UTC)
        return _finer(chosen, fine) if fine else chosen


def without_unit(text: str, units: Sequence[str]) -> str:
    """The number alone; a minus may stand on either side of the unit. A text without one of the units stays as it is."""
    sign, rest = (text[0], text[1:].lstrip()) if text[:1] in ("+", "-") else ("", text)
    for unit in units:
        if rest.startswith(unit):
            return sign + rest.removeprefix(unit).lstrip()
        if rest.endswith(unit):
            return sign + rest.removesuffix(unit).rstrip()
    return text


def minus_in_front(text: str, negative: str) -> str:
    """`(5)` with "parentheses", `5-` with "trailing", as `-5`; any other text stays as it is."""
    if negative == "parentheses" and text.startswith("(") and text.endswith(")"):
        return f"-{text[1:-1].strip()}"
    if negative == "trailing" and text.endswith("-"):
        return f"-{text[:-1].rstrip()}"
    return text


def _finer(moment: datetime, nanoseconds: int) -> Any:
    import pandas as pd

    return pd.Timestamp(moment).as_unit("ns") + pd.Timedelta(nanoseconds, "ns")


def _by_column(value: Any, column: str) -> Any:
    return value.get(column) if isinstance(value, dict) else value
