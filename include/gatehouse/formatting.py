"""Numbers in sentences for people."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gatehouse.core.audit.canonical_json import finite

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST_DIGITS = 7


def number(value: float, *others: float, digits: int = 3) -> str:
    """`value` with three significant digits, or as many more as it takes not to read like one of `others`."""
    text = _significant(value, digits)
    if digits < _MOST_DIGITS and any(value != other and text == _significant(other, digits) for other in others):
        return number(value, *others, digits=digits + 1)
    return text


def shown(value: object, form: str = ".3f", undefined: str = "undefined") -> str:
    """A number as `form` writes it (no `-0.000`), or the word for one that is null, NaN, infinite or a text of an earlier
    version."""
    known = finite(value)
    sign = "+" if form.startswith("+") else ""
    return undefined if known is None else format(known, f"{sign}z{form.removeprefix(sign)}")


def between(value: object, low: object, high: object, form: str = ".3f") -> str:
    """`0.412 (0.377 to 0.450)`, as far as the three are defined."""
    ends = f"{shown(low, form)} to {shown(high, form)}"
    undefined = finite(low) is None or finite(high) is None
    return f"{shown(value, form)} ({'interval undefined' if undefined else ends})"


def count(value: int) -> str:
    """`28,243`."""
    return f"{value:,}"


def approximate_count(rows: int) -> str:
    """An estimated number of rows with two significant digits: `about 12,000`."""
    return f"about {float(f'{rows:.2g}'):,.0f}" if rows > 99 else f"about {rows}"


def rows_needed_phrase(rows: int | None) -> str:
    """`; about 12,000 further matured rows would settle it at this value`; nothing where no number is known."""
    return f"; {approximate_count(rows)} further matured rows would settle it at this value" if rows else ""


def better_or_worse(worse: float, limit: float) -> str:
    """`0.021 worse` or `0.021 better`, not to be confused with `limit`."""
    return f"{number(abs(worse), abs(limit))} {'worse' if worse > 0 else 'better'}"


def join_names(names: Iterable[str], most: int = 5) -> str:
    """`a, b and 3 more`."""
    names = list(names)
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def _significant(value: float, digits: int) -> str:
    if not math.isfinite(value):
        return str(value)
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}" if value == round(value) or abs(value) >= 10**digits else f"{value:,.{1}f}"
    return f"{value:.{digits}g}" if abs(value) >= 1e-4 or value == 0 else f"{value:.{digits - 1}e}"
