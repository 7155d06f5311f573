"""Key, time, label and frequency of a table, each with the evidence for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from gatehouse.core.contract.batch_calendar import BatchKind, batch_key
from gatehouse.errors import InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

_KEY = re.compile(r"(^|_)(id|key|uuid|guid|no|nr|number|code|index)($|_)|id$", re.IGNORECASE)
_TIME = re.compile(r"time|date|_at$|^at$|stamp|created|when|day|month", re.IGNORECASE)
_LATE = re.compile(r"end|close|finish|return|arriv|deliver|update|modif|complet|outcome|paid", re.IGNORECASE)
LEAST_BATCHES, LEAST_ROWS = 6, 30
MOST_BATCHES = 60
_EQUAL_STEPS = 2 / 3  # of the steps of one series: days without weekends are equal in four of five


@dataclass(frozen=True)
class Chosen:
    """What names a row, when it happened, how rows become batches, what is predicted; and why, a sentence each."""

    key: tuple[str, ...]
    time: str | None
    frequency: BatchKind
    rows_per_batch: int | None
    batches: pd.Series[str]
    evidence: tuple[str, ...]
    numbered: bool = False  # the rows have no key but their number


def choose(
    rows: pd.DataFrame,
    types: Mapping[str, str],
    label: str,
    key: Sequence[str] = (),
    time: str | None = None,
    among: Sequence[str] | None = None,
) -> Chosen:
    """Choose what is not given. `among` are the columns that a key may be of."""
    import pandas as pd

    for name in [*key, *([time] if time else [])]:
        if name not in rows:
            raise InvalidInputError("no such column", found=repr(name), allowed=", ".join(map(str, rows.columns)))
    chosen_time, when = _time(rows, types, label, time)
    chosen_key, what = _key(rows, types, label, chosen_time, key, among)
    numbered = not set(chosen_key) <= set(rows)
    if chosen_time is not None:
        frequency, sizes = _frequency(rows[chosen_time])
        if frequency is not None:
            times = pd.to_datetime(rows[chosen_time], utc=True).ffill().bfill()
            hours = times.dt.floor("h")
            batches = hours.map({hour: batch_key(frequency, hour) for hour in hours.unique()}).astype("str")
            return Chosen(chosen_key, chosen_time, frequency, None, batches, (what, when, sizes), numbered)
        when = f"{when}; {sizes}"
    size = max(len(rows) // 40, 5)
    batches = pd.Series([f"{number // size:06}" for number in range(len(rows))], dtype="str")
    cut = f"batches: {size:,} rows each in the order of the files, as days from 2024-01-01 on; no column divides them by time"
    return Chosen(chosen_key, None, "day", size, batches[: len(rows) // size * size], (what, when, cut), numbered)


def _time(rows: pd.DataFrame, types: Mapping[str, str], label: str, given: str | None) -> tuple[str | None, str]:
    if given is not None:
        if types[given] not in ("timestamp", "timestamp_ns", "date"):
            raise InvalidInputError(
                f"column {given!r} is no time",
                found=types[given],
                allowed="a column of moments or dates; a query of a database can convert it",
            )
        return given, f"time: {given}, as you said"
    moments = ("timestamp", "timestamp_ns", "date")
    able = [
        name for name, kind in types.items() if name != label and kind in moments and rows[name].notna().mean() > 0.99
    ]
    if not able:
        return None, "time: no column holds moments or dates in all rows"
    best = max(able, key=lambda name: _likely_time(rows, name))
    first, last = rows[best].min(), rows[best].max()
    return (
        best,
        f"time: {best}, from {first:%Y-%m-%d} to {last:%Y-%m-%d} in {rows[best].notna().sum():,} of {len(rows):,} rows",
    )


def _likely_time(rows: pd.DataFrame, name: str) -> tuple[bool, bool, bool, int]:
    """What speaks for a column: it is not known late, is called a time, rises, and tells rows apart."""
    column: Any = rows[name]
    return not _LATE.search(name), bool(_TIME.search(name)), column.is_monotonic_increasing, column.nunique()


def _key(
    rows: pd.DataFrame,
    types: Mapping[str, str],
    label: str,
    time: str | None,
    given: Sequence[str],
    among: Sequence[str] | None,
) -> tuple[tuple[str, ...], str]:
    if given:
        different = len(rows.drop_duplicates(list(given)))
        return tuple(given), f"key: {', '.join(given)}, as you said; {different:,} different in {len(rows):,} rows"
    able = [name for name, kind in types.items() if name != label and kind not in ("number", "boolean", "decimal")]
    whole = [name for name in able if rows[name].notna().all() and (among is None or name in among)]
    ordered = sorted(whole, key=lambda name: (not _KEY.search(name), name != time, -rows[name].nunique()))
    sure = {name for name in ordered[:8] if _may_be_key(rows, types, name, time)}
    for count in (1, 2, 3, 4):
        for names in combinations(ordered[:8], count):
            if (sure if count == 1 else sure | {time}).isdisjoint(names):
                continue
            if not rows.duplicated(list(names)).any():
                return (
                    names,
                    f"key: {', '.join(names)}, different in {len(rows):,} of {len(rows):,} rows and never missing",
                )
    if among is not None:
        raise InvalidInputError(
            "no column that rows and outcomes share names each row once",
            found=", ".join(among),
            allowed="name it with --key",
        )
    free = next(name for name in ("row", *(f"row_{number}" for number in range(1, len(types) + 2))) if name not in rows)
    return (free,), "key: no columns are sure to name each row once, so rows are numbered in the order of the files"


def _may_be_key(rows: pd.DataFrame, types: Mapping[str, str], name: str, time: str | None) -> bool:
    """Whether a column of different values is more than a measurement that never repeats: by name, as text, or counting up.
    The time is a key where it goes in equal steps, as one series does; other moments may well repeat."""
    if name == time:
        steps = rows[name].sort_values().diff().dropna()
        return len(steps) > 0 and float((steps == steps.mode()[0]).mean()) >= _EQUAL_STEPS
    return bool(_KEY.search(name)) or types[name] == "string" or bool(rows[name].is_monotonic_increasing)


def _frequency(times: pd.Series[Any]) -> tuple[BatchKind | None, str]:
    """The longest interval up to a month of which there are enough batches of enough rows, else a quarter or a year."""
    import pandas as pd

    hours = pd.to_datetime(times, utc=True).dropna().dt.floor("h")
    kinds: tuple[BatchKind, ...] = ("month", "week", "day", "hour", "quarter", "year")
    for kind in kinds:
        sizes = hours.map({hour: batch_key(kind, hour) for hour in hours.unique()}).value_counts()
        if len(sizes) >= LEAST_BATCHES and sizes.median() >= LEAST_ROWS:
            article = "an" if kind == "hour" else "a"
            return kind, f"batches: {len(sizes)} of {article} {kind}, {int(sizes.median()):,} rows in the middle one"
    return None, "its rows are too few, or too close together, for six batches"
