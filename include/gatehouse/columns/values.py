"""One delivered value as its declared type: exactly, or an UnreadableError that says why not."""

from __future__ import annotations

import math
import numbers
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import TYPE_CHECKING, Any

from gatehouse.columns.cell import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gatehouse.core.config.contract import ColumnType

DIGITS = 38  # of a decimal, before the point and behind it
NULLS = frozenset({"", "NA", "NaN", "nan", "null", "NULL", "None"})
TOO_LONG = "it is later or earlier than a `timestamp_ns` can be (1677-09-22 to 2262-04-11): declare `timestamp`"
TOO_FINE = "it has nanoseconds, beside moments of years that nanoseconds do not reach: declare `timestamp_ns`"
ZONED = "it has a time zone: declare `timestamp`"
TIME_OF_DAY = "it has a time of day: declare `timestamp`"
INFINITE = "it is infinite, and a `number` is finite"
ROUNDED = "a `number` holds it only rounded: declare `integer`, `unsigned` or `decimal`"
_INTEGER = re.compile(r"[+-]?\d+(\.0*)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_INFINITY = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
_MOMENT = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)"
    r"([T ](?P<minute>\d\d:\d\d)(?P<second>:\d\d)?((?<=:\d\d:\d\d)[.,](?P<fraction>\d+))?(?P<zone>Z|[+-]\d\d(:?\d\d)?)?)?",
    re.ASCII,
)
_TRUTH = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
_EXACT = Context(prec=2 * DIGITS, traps=[Inexact, InvalidOperation])
_WHOLE_FLOATS = 2**53  # a float holds every whole number below
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def is_null(value: Any, declared: ColumnType) -> bool:
    """Whether the value is a null of this type: None, NaN, NaT, an empty text, and in other columns than text also `NA`,
    `NaN`, `null` and `None`."""
    if isinstance(value, str):
        return value == "" if declared == "string" else value.strip() in NULLS
    import pandas as pd

    nan = isinstance(value, float) and math.isnan(value)
    return value is None or value is pd.NA or value is pd.NaT or nan or (isinstance(value, Decimal) and value.is_nan())


def string(value: Any) -> str:
    """A text; a lone surrogate is none (UnicodeEncodeError is a ValueError)."""
    if isinstance(value, str):
        value.encode()
        return value
    raise UnreadableError


def integer(value: Any) -> int:
    """A whole number of 64 bits with a sign."""
    return _whole(value, -(2**63), 2**63, "`unsigned`")


def unsigned(value: Any) -> int:
    """A whole number of 64 bits without a sign."""
    return _whole(value, 0, 2**64, "`integer`")


def number(value: Any, exact: bool = False) -> float:
    """A finite number of 64 bits. A text with a point or exponent may be rounded to the nearest, unless `exact`."""
    if isinstance(value, str):
        text = value.strip()
        if _INFINITY.fullmatch(text):
            raise UnreadableError(INFINITE)
        if not _NUMBER.fullmatch(text):
            raise UnreadableError
        read = _in_range(float(text))
        whole = abs(read) >= _WHOLE_FLOATS and text.lstrip("+-").isdigit()
        return _unrounded(read, Decimal(text)) if exact or whole else read
    if not _is_number(value):
        raise UnreadableError
    if not math.isfinite(value):
        raise UnreadableError(INFINITE)
    return _unrounded(_in_range(float(value)), value)


def decimal(value: Any) -> Decimal:
    """An exact decimal with at most 38 digits before the point and 38 behind it, without superfluous zeros."""
    if isinstance(value, str):
        if not _NUMBER.fullmatch(value.strip()):
            raise UnreadableError
        value = Decimal(value.strip())
    elif _is_number(value) and not isinstance(value, Decimal):
        value = Decimal(int(value)) if value == int(value) else Decimal(float(value))
    if not isinstance(value, Decimal) or not value.is_finite():
        raise UnreadableError
    short = short_decimal(value)
    if short.adjusted() < DIGITS and short.as_tuple().exponent >= -DIGITS:  # type: ignore[operator]
        return short
    raise UnreadableError(f"a `decimal` has at most {DIGITS} digits before the point and {DIGITS} behind it")


def short_decimal(value: Decimal) -> Decimal:
    """The same number, written without exponent and superfluous zeros if it has at most 38 digits on each side of the point."""
    try:
        short = value.normalize(_EXACT)
    except (Inexact, InvalidOperation):
        return value
    if not short:
        return Decimal(0)
    whole = short.as_tuple().exponent > 0 and short.adjusted() < DIGITS  # type: ignore[operator]
    return short.quantize(Decimal(1), context=_EXACT) if whole else short


def boolean(value: Any) -> bool:
    """True or false, also as t, f, 1 and 0."""
    if isinstance(value, str):
        value = _TRUTH.get(value.strip().lower())
    if not hasattr(value, "__len__") and value in (0, 1):
        return bool(value)
    raise UnreadableError


def day(value: Any) -> date:
    """A calendar day; a moment at midnight without a time zone is one."""
    if type(value) is date:
        return value
    read, fine = _parsed(value) if isinstance(value, str) else (value, getattr(value, "nanosecond", 0))
    if not isinstance(read, datetime):
        raise UnreadableError
    if read.tzinfo is not None:
        raise UnreadableError(ZONED)
    if read.time() != datetime.min.time() or fine:
        raise UnreadableError(TIME_OF_DAY)
    return read.date()


def moment(value: Any) -> datetime:
    """A moment in UTC with microseconds; without a time zone it is taken as UTC."""
    read, nanoseconds = _moment(value)
    if nanoseconds:
        raise UnreadableError(TOO_FINE)
    return read


def nanoseconds(value: Any) -> int:
    """A moment as nanoseconds since 1970."""
    read, fine = _moment(value)
    total = (read - _EPOCH) // timedelta(microseconds=1) * 1000 + fine
    if -(2**63) < total < 2**63:
        return total
    raise UnreadableError(TOO_LONG)


def naive_moment(value: Any) -> tuple[datetime, int] | None:
    """A moment without a time zone to the microsecond below, and the nanoseconds above it; None for any other value."""
    if isinstance(value, str):
        read, fine = _parsed(value)
    elif isinstance(value, datetime):
        fine = getattr(value, "nanosecond", 0)
        read = value.to_pydatetime(warn=False) if hasattr(value, "to_pydatetime") else value
    else:
        return None
    return (read, fine) if read.tzinfo is None else None


def _moment(value: Any) -> tuple[datetime, int]:
    """The moment to the microsecond below, and the nanoseconds above it."""
    if isinstance(value, str):
        read, fine = _parsed(value)
    elif type(value) is date:
        read, fine = datetime(value.year, value.month, value.day), 0
    elif isinstance(value, datetime):
        fine = getattr(value, "nanosecond", 0)
        read = value.to_pydatetime(warn=False) if hasattr(value, "to_pydatetime") else value
    else:
        raise UnreadableError
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC), fine


def _parsed(text: str) -> tuple[datetime, int]:
    """A text as a moment to the microsecond below, and the nanoseconds above it: Python's own reader drops them."""
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        raise UnreadableError
    fraction = (match["fraction"] or "").rstrip("0").ljust(9, "0")
    if len(fraction) > 9:
        raise UnreadableError("it is finer than nanoseconds")
    clock = (match["minute"] or "00:00") + (match["second"] or ":00")
    read = datetime.fromisoformat(f"{match['day']}T{clock}.{fraction[:6]}{match['zone'] or ''}")
    return read, int(fraction[6:])


def _whole(value: Any, low: int, high: int, other: str) -> int:
    if isinstance(value, str) and _INTEGER.fullmatch(value.strip()):
        read = int(value.strip().partition(".")[0])
    elif _is_number(value) and math.isfinite(value):
        read = int(value)
        if read != value:
            raise UnreadableError("it has a fraction: declare `number` or `decimal`")
    else:
        raise UnreadableError
    if low <= read < high:
        return read
    holds = other if -(2**63) <= read < 2**64 else "`decimal`"
    raise UnreadableError(f"it is outside {low} to {high - 1}: declare {holds}")


def _in_range(read: float) -> float:
    if math.isinf(read):
        raise UnreadableError("it is beyond the range of a `number`")
    return read


def _unrounded(read: float, value: Any) -> float:
    """The float, if it is the very number, or if the number is its shortest text, as 0.1 is."""
    if read == value or (isinstance(value, Decimal) and Decimal(repr(read)) == value):
        return read
    raise UnreadableError(ROUNDED)


def _is_number(value: Any) -> bool:
    """Whether it is a real number, of Python, NumPy or decimal; a truth value is none."""
    return isinstance(value, (numbers.Real, Decimal)) and not isinstance(value, bool)


READERS: dict[ColumnType, Callable[[Any], Any]] = {
    "string": string, "integer": integer, "unsigned": unsigned, "number": number, "decimal": decimal,
    "boolean": boolean, "date": day, "timestamp": moment, "timestamp_ns": nanoseconds,
}  # fmt: skip
