"""Which key of the dialect would make a text readable. A hint is a suggestion for the message and changes no value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gatehouse.core.config.contract import ColumnType

_NUMBERS = ("integer", "unsigned", "number", "decimal")
_NOTHING = re.compile(
    r"[-\u2013\u2014.?*#\s]+|#?n/?[ad]!?|\\n|nil|none|missing|unknown|n\.?[av]\.?|keine angabe", re.IGNORECASE
)
_COMMA = re.compile(r"[+-]?(\d+|\d{1,3}([. '\u00a0\u202f\u2019]\d{3})+),\d+", re.ASCII)
_GROUPS = re.compile(r"[+-]?\d{1,3}([, '_\u00a0\u202f\u2019]\d{2,3})*[, '_\u00a0\u202f\u2019]\d{3}(\.\d+)?", re.ASCII)
_UNIT = r"[^\d\s.,+()-][^\d\s]{0,9}"
_WITH_UNIT = re.compile(rf"[+-]?({_UNIT})\s?[+-]?[\d.,']+|[+-]?[\d.,']+\s?({_UNIT})")
_YES_NO = {"yes": "no", "no": "yes", "y": "n", "n": "y", "on": "off", "off": "on", "ja": "nein", "nein": "ja", "x": ""}
_COUNT = re.compile(r"\d{9,20}(\.\d+)?", re.ASCII)
_UNITS = {10: "s", 13: "ms", 16: "us", 19: "ns"}
_DATES = {
    r"\d{1,2}/\d{1,2}/\d{4}": "%d/%m/%Y` or `%m/%d/%Y", r"\d{1,2}\.\d{1,2}\.\d{4}": "%d.%m.%Y",
    r"\d{1,2}-\d{1,2}-\d{4}": "%d-%m-%Y", r"\d{8}": "%Y%m%d", r"\d{4}/\d\d/\d\d": "%Y/%m/%d",
    r"\d{1,2}[ -][A-Za-z]{3}[ -]\d{4}": "%d-%b-%Y", r"[A-Za-z]{3} \d{1,2},? \d{4}": "%b %d, %Y",
    r"[A-Za-z]{4,} \d{1,2},? \d{4}": "%B %d, %Y", r"\d{4}\.\d\d\.\d\d": "%Y.%m.%d",
}  # fmt: skip
_TIMES = {r"[ T]\d{1,2}:\d\d": " %H:%M", r"[ T]\d{1,2}:\d\d:\d\d": " %H:%M:%S", r" \d{1,2}:\d\d [AP]M": " %I:%M %p"}


def key_for(value: Any, declared: ColumnType) -> str:
    """What to set in the dialect so that this value may be read; empty when no key would help."""
    if hasattr(value, "__len__") and not isinstance(value, (str, bytes)):
        return "a nested value has no column type: deliver its parts as columns of their own"
    if not isinstance(value, str):
        known = declared in ("timestamp", "timestamp_ns") and isinstance(value, (int, float)) and value == value
        return _epoch(str(int(value))) if known and not isinstance(value, bool) else ""
    text = value.strip()
    if _NOTHING.fullmatch(text) and not (declared == "boolean" and text.lower() == "n"):
        return f"if it means that there is no value, set `null_values: [{text!r}]`"
    if declared in _NUMBERS:
        return _number(text)
    if declared == "boolean":
        other = _YES_NO.get(text.lower())
        return "" if other is None else 'set `true_values` and `false_values`, such as `["yes"]` and `["no"]`'
    return _date(text) or (_epoch(text) if declared != "date" else "") if declared != "string" else ""


def _number(text: str) -> str:
    if _COMMA.fullmatch(text) and not _GROUPS.fullmatch(text):
        mark = next((mark for mark in ". '" if mark in text), None)
        return "set `decimal: ','`" + (f" and `thousands: {mark!r}`" if mark else "")
    if match := _GROUPS.fullmatch(text):
        mark = match[1] or text.lstrip("+-").lstrip("0123456789")
        shown = mark[0] if mark[0] in ", '_" else " "
        either = (
            " (or `decimal: ','` if it has three decimal places)" if text.count(",") == 1 and "." not in text else ""
        )
        return f"set `thousands: {shown!r}`{either}"
    if "." in text and re.fullmatch(r"[+-]?\d{1,3}(\.\d{3})+", text, re.ASCII):
        return "set `thousands: '.'` and `decimal: ','`"
    if re.fullmatch(r"\([^()]*\d[^()]*\)", text):
        return "if the number is below zero, set `negative: parentheses`"
    if re.fullmatch(r".*\d\s?-", text):
        return "if the number is below zero, set `negative: trailing`"
    if match := _WITH_UNIT.fullmatch(text):
        unit = match[1] or match[2]
        return f"if {unit!r} is a unit, set `units: [{unit!r}]`; the number stays as it is written"
    return ""


def _date(text: str) -> str:
    for day, form in _DATES.items():
        if re.fullmatch(day, text, re.ASCII):
            return f"set `date_format`, such as `{form}`"
        for time, rest in _TIMES.items():
            if re.fullmatch(day + time, text, re.ASCII | re.IGNORECASE):
                middle = "T" if "T" in text and "AM" not in text.upper() else " "
                return f"set `date_format`, such as `{form}{rest.replace(' ', middle, 1)}`"
    return ""


def _epoch(text: str) -> str:
    if not _COUNT.fullmatch(text):
        return ""
    digits = len(text.partition(".")[0])
    return f"set `epoch_unit`, such as `{_UNITS[min(_UNITS, key=lambda count: abs(count - digits))]}`"
