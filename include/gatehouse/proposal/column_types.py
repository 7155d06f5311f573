"""The type of each column of texts, and the dialect keys under which all its values are of that type."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from gatehouse.columns.values import NULLS
from gatehouse.proposal.number_texts import number_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

NOTHING = frozenset({"-", "--", "n/a", "#n/a", "?", r"\n", ".", "nil", "none", "missing", "unknown", "(null)", "<na>"})
STYLES: tuple[tuple[str, str | None], ...] = (
    (".", None), (",", None), (".", ","), (",", "."), (",", " "), (".", "'"), (".", " "),
)  # fmt: skip
FORMATS = (
    "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y%m%d", "%d-%b-%Y", "%d %b %Y", "%d/%m/%y",
    "%m/%d/%y", "%d.%m.%y", "%d-%b-%y", "%b %d %Y", "%b %d, %Y", "%B %d %Y", "%B %d, %Y", "%d %B %Y", "%d-%B-%Y", "%Y-%b-%d",
    "%Y.%m.%d", "%a, %d %b %Y", "%a %b %d %Y",
)  # fmt: skip
TIMES = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", "T%H:%M:%S")
MOST_WORDS, LEAST_VALUES = 2, 20  # different words that may stand for nothing, beside so many different values
_TRUTH = (("true", "false"), ("t", "f"), ("yes", "no"), ("y", "n"), ("ja", "nein"), ("oui", "non"), ("on", "off"))
_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII)
_TIMELY = re.compile(r"time|date|stamp|epoch|_at$|^at$|^ts$|_ts$|created|updated|when", re.IGNORECASE)
_UNITS = {10: "s", 13: "ms", 16: "us", 19: "ns"}


@dataclass(frozen=True)
class ColumnGuess:
    """A column's type and what the dialect must say about it."""

    type: str
    nulls: tuple[str, ...] = ()
    date_format: str | None = None
    epoch_unit: str | None = None
    truth: tuple[str, str] | None = None
    unit: str | None = None
    negative: str | None = None
    note: str = ""


@dataclass(frozen=True)
class Guesses:
    """All columns, and the number style that they share."""

    decimal: str
    thousands: str | None
    columns: Mapping[str, ColumnGuess] = field(default_factory=dict)


def infer(columns: Mapping[str, Sequence[str]]) -> Guesses:
    """The guesses for columns of different texts each, in the order of their first appearance; no nulls among them."""
    words = {name: _words(values) for name, values in columns.items()}
    values = {name: [text for text in texts if text.strip() not in words[name]] for name, texts in columns.items()}
    decimal, thousands = _style([number_texts(_known(texts)).values for texts in values.values()])
    found = {name: _column(name, texts, (decimal, thousands)) for name, texts in values.items()}
    for name in (name for name in columns if words[name]):
        alone = found[name].type == "string"
        found[name] = (
            _column(name, columns[name], (decimal, thousands)) if alone else _with_words(found[name], words[name])
        )
    return Guesses(decimal, thousands, found)


def _words(values: Sequence[str]) -> tuple[str, ...]:
    """One or two words among many values with digits: they stand for a value that is missing, such as `k.A.`."""
    known = _known(values)
    words = tuple(dict.fromkeys(text for text in known if not any(sign.isdigit() for sign in text)))
    return words if len(words) <= MOST_WORDS and len(known) - len(words) >= LEAST_VALUES else ()


def _with_words(guess: ColumnGuess, words: tuple[str, ...]) -> ColumnGuess:
    told = f"{' and '.join(map(repr, words))} among values of type {guess.type} is taken for a missing value"
    return replace(guess, nulls=(*guess.nulls, *words), note="; ".join(part for part in (guess.note, told) if part))


def _style(columns: Sequence[Sequence[str]]) -> tuple[str, str | None]:
    """The style under which most columns are numbers. `1,200` beside `800` is a whole number, whatever the style."""
    best = max(STYLES, key=lambda style: _numeric(columns, style))
    other = (".", ",") if best == (",", None) else (",", ".") if best == (".", None) else None
    if (
        other
        and _numeric(columns, other) == _numeric(columns, best)
        and any(_grouped(each, best[0]) for each in columns)
    ):
        return other
    return best


def _grouped(known: Sequence[str], mark: str) -> bool:
    """Whether a mark divides thousands: it stands before three digits, and only where a number has more than three."""
    marked = [text for text in known if mark in text]
    form = re.compile(rf"[+-]?([1-9]\d{{0,2}}({re.escape(mark)}\d{{3}})+|\d{{1,3}})", re.ASCII)
    return 3 <= len(marked) < len(known) and all(form.fullmatch(text) for text in known)


def _numeric(columns: Iterable[Sequence[str]], style: tuple[str, str | None]) -> int:
    form = _number(style)
    return sum(bool(known) and all(form.fullmatch(text) for text in known) for known in columns)


def _known(values: Sequence[str]) -> list[str]:
    """The stripped texts that are not said to be nothing."""
    texts = [value.strip() for value in values]
    return [text for text in texts if text not in NULLS and text.casefold() not in NOTHING]


def _number(style: tuple[str, str | None]) -> re.Pattern[str]:
    decimal, thousands = re.escape(style[0]), style[1]
    whole = r"\d+" if thousands is None else rf"(\d{{1,3}}({re.escape(thousands)}\d{{3}})+|\d+)"
    return re.compile(rf"[+-]?({whole}({decimal}\d*)?|{decimal}\d+)([eE][+-]?\d+)?", re.ASCII)


def _column(name: str, values: Sequence[str], style: tuple[str, str | None]) -> ColumnGuess:
    known = _known(values)
    nulls = tuple(dict.fromkeys(text for text in map(str.strip, values) if text.casefold() in NOTHING))
    if not known:
        return ColumnGuess("string", nulls)
    lower = {text.casefold() for text in known}
    truth = next((pair for pair in _TRUTH if lower <= set(pair)), None)
    if truth is not None:
        return ColumnGuess("boolean", nulls, truth=truth if truth[0] not in ("true", "t") else None)
    bare = number_texts(known)
    if all(_number(style).fullmatch(text) for text in bare.values):
        return replace(_numbers(name, bare.values, nulls, style), unit=bare.unit, negative=bare.negative)
    if all(_ISO.fullmatch(text) for text in known):
        return ColumnGuess("date" if all(len(text) == 10 for text in known) else "timestamp", nulls)
    return _dates(known, nulls) or ColumnGuess("string", nulls if len(known) > len(nulls) else ())


def _numbers(name: str, known: Sequence[str], nulls: tuple[str, ...], style: tuple[str, str | None]) -> ColumnGuess:
    if any(re.match(r"[+-]?0\d", text) for text in known):
        return ColumnGuess("string", nulls, note="leading zeros: a code, not a number")
    plain = [text.replace(style[1], "") if style[1] else text for text in known]
    if all(re.fullmatch(r"[+-]?\d+", text) for text in plain):
        units = {_UNITS.get(len(text)) for text in plain}
        if len(units) == 1 and (unit := units.pop()) and _TIMELY.search(name):
            return ColumnGuess("timestamp", nulls, epoch_unit=unit)
        if len(plain) > 1 and all(re.fullmatch(r"(19|20)\d{6}", text) for text in plain) and _TIMELY.search(name):
            return _dates(plain, nulls) or ColumnGuess("integer", nulls)
        return ColumnGuess("integer" if all(abs(int(text)) < 2**63 for text in plain) else "decimal", nulls)
    return ColumnGuess("number", nulls)


def _dates(known: Sequence[str], nulls: tuple[str, ...]) -> ColumnGuess | None:
    """The format that reads all values; of several, the one under which the column rises most often."""
    fitting: dict[str, Any] = {}
    for form in (f"{day}{time}" for day in FORMATS for time in TIMES):
        if _reads(known[0], form) is not None:
            moments = [_reads(text, form) for text in known]
            if all(moment is not None for moment in moments):
                fitting[form] = sum(a <= b for a, b in pairwise(moments))
    if not fitting:
        return None
    best = max(fitting, key=lambda form: fitting[form])
    others = ", ".join(form for form in fitting if form != best)
    note = f"it also reads as {others}; the values rise more often as {best}" if others else ""
    return ColumnGuess("timestamp" if "%H" in best or "%I" in best else "date", nulls, best, note=note)


def _reads(text: str, form: str) -> Any:
    from datetime import datetime

    try:
        return datetime.strptime(text, form)
    except ValueError:
        return None
