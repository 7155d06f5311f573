"""The parameters of a contract: `$name` in an expectation's arguments, computed from the interval of the batch.

The whole grammar, on purpose without arithmetic beyond it:

    12.5                                  a number
    interval_hours [* number]             the length of the interval in hours, times a number
    interval_start [+|- span]             a moment in UTC; a span is like `6 hours`, `14 days`, `1 month`
    interval_end   [+|- span]

`$interval_start`, `$interval_end` and `$interval_hours` need no declaration.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from gatehouse.core.contract.batch_calendar import Interval, Span
from gatehouse.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gatehouse.core.config.contract import ColumnType, Contract

Parameter = int | float | datetime
BUILT_IN = {name: name for name in ("interval_start", "interval_end", "interval_hours")}
GRAMMAR = "a number, `interval_hours * 30`, `interval_start + 6 hours` or `interval_end - 1 month`"
_NUMBER = r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?"
_HOURS = re.compile(rf"interval_hours(?: ?\* ?({_NUMBER}))?")
_MOMENT = re.compile(r"(interval_start|interval_end)(?: ?([+-]) ?(.+))?")
_NAME = re.compile(r"\$([a-z][a-z0-9_]*)")


def parameters(contract: Contract, interval: Interval) -> dict[str, Parameter]:
    """Every parameter of the contract for a batch of this interval; ConfigurationError names one that is not
    grammatical.
    """
    return {name: evaluate(name, text, interval) for name, text in {**BUILT_IN, **contract.parameters}.items()}


def constants(contract: Contract) -> dict[str, Parameter]:
    """The parameters of the contract that are plain numbers: those that need no batch."""
    numbers = {name: text.strip() for name, text in contract.parameters.items()}
    return {name: _number(float(text)) for name, text in numbers.items() if re.fullmatch(_NUMBER, text)}


def named_in(args: Mapping[str, Any]) -> frozenset[str]:
    """The names of the parameters that an expectation's arguments are made of."""
    values = [item for value in args.values() for item in (value if isinstance(value, (list, tuple)) else [value])]
    matches = (_NAME.fullmatch(value) for value in values if isinstance(value, str))
    return frozenset(match[1] for match in matches if match)


def evaluate(name: str, text: str, interval: Interval) -> Parameter:
    """The value of one parameter: a number (whole numbers as int, for row counts) or an aware moment in UTC."""
    text = text.strip()
    if re.fullmatch(_NUMBER, text):
        return _number(float(text))
    if hours := _HOURS.fullmatch(text):
        return _number(interval.hours * float(hours[1] or 1))
    try:
        if moment := _MOMENT.fullmatch(text):
            return _moment(interval, moment[1], moment[2], moment[3])
    except (ConfigurationError, OverflowError, ValueError):
        pass  # the sentence below says what a span looks like
    raise ConfigurationError(
        "a parameter that cannot be evaluated",
        where=f"parameters.{name}",
        found=repr(text),
        allowed=GRAMMAR,
        owner="data engineer",
    )


def resolved(
    args: Mapping[str, Any], values: Mapping[str, Parameter], columns: Mapping[str, ColumnType]
) -> dict[str, Any]:
    """An expectation's arguments with `$name` replaced, and with what is compared with a column as the column holds it:
    moments as aware UTC datetimes, days as midnights without a time zone, decimals as Decimal. An unknown `$name` is a
    ConfigurationError."""
    declared = columns.get(str(args.get("column")))
    return {
        name: _resolve(value, values, declared if name in ("min_value", "max_value", "value_set") else None)
        for name, value in args.items()
    }


def _resolve(value: Any, values: Mapping[str, Parameter], declared: ColumnType | None) -> Any:
    if isinstance(value, (list, tuple)):
        return [_resolve(item, values, declared) for item in value]
    if isinstance(value, str) and (name := _NAME.fullmatch(value)):
        if name[1] not in values:
            allowed = ", ".join(f"${known}" for known in values)
            raise ConfigurationError("no such parameter", found=value, allowed=allowed, owner="data engineer")
        value = values[name[1]]
    return _compared(value, declared)


def _compared(value: Any, declared: ColumnType | None) -> Any:
    """The value as it is compared with a column of this type."""
    if declared in ("date", "timestamp", "timestamp_ns"):
        value = utc(value) if isinstance(value, str) else value
        return value.replace(tzinfo=None) if declared == "date" and isinstance(value, datetime) else value
    if declared == "decimal" and isinstance(value, (int, float)) and not isinstance(value, bool):
        return Decimal(repr(value))
    return value


def utc(text: str) -> datetime:
    """An ISO 8601 moment; without an offset it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(
            "not a moment of time",
            found=repr(text),
            allowed="like `2013-03-01` or `2013-03-01T06:00:00Z`",
            owner="data engineer",
        ) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _number(value: float) -> int | float:
    return int(value) if value.is_integer() else value


def _moment(interval: Interval, which: str, sign: str | None, span: str | None) -> datetime:
    moment = interval.start if which == "interval_start" else interval.end
    if sign is None or span is None:
        return moment
    length = Span.parse(span)
    return length.after(moment) if sign == "+" else length.before(moment)
