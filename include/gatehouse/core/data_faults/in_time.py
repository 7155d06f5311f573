"""What happens within a batch, in the order of time: a value that stands still, a hole, rows that came twice.

Each is told with its rows and its times. All of them err on the quiet side: a stretch must stand out from the batch's own
others by a factor, not only from what chance allows, because real values stay the same for a while.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator

Moments = NDArray[np.int64]  # microseconds from 1970

LEAST = 12  # rows of a stretch that is told
STANDS_OUT = 3.0  # times as long as the next longest, and as chance allows
MOST = 5  # stretches of one kind that may stand out together
HOUR, WEEK = 3_600_000_000, 7 * 86_400_000_000
REGULAR = 0.9  # of the steps have one length where times are on a grid
MOVES = 0.5  # of the values repeat the one before, at most, in a column that is looked at for stuck values
TWICE, SELDOM = 0.4, 0.05  # the share of repeated rows in an hour that came twice; what is seldom elsewhere


@dataclass(frozen=True)
class Stretch:
    """A part of a batch: its first and last moment, how many rows it has (or lacks), and what the usual is."""

    start: int
    stop: int
    rows: int
    usual: float

    @property
    def times(self) -> str:
        """From when to when, to the minute."""
        first, last = (
            str(np.datetime_as_string(np.datetime64(at, "us"), unit="m")).replace("T", " ")
            for at in (self.start, self.stop)
        )
        return f"from {first} to {last}"


def stuck(times: Moments, values: NDArray[np.float64]) -> list[tuple[float, Stretch]]:
    """The runs of one value (and that value) in rows in order of time that are longer than chance and the others allow.

    Only a column that changes at least every second row otherwise is looked at, and only a value that it seldom holds
    otherwise: where it does not rain for weeks, nothing is stuck. Chance: the longest run of n values of which a share q
    repeats the one before is about log(n (1 - q)) / log(1 / q) (Erdos and Renyi 1970)."""
    known = np.isfinite(values)
    times, values = times[known], values[known]
    if len(values) < 2 * LEAST:
        return []
    starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
    lengths = np.diff(np.append(starts, len(values)))
    places = standing_out(lengths)
    rest, held = np.delete(lengths, places), np.delete(values[starts], places)
    repeats = float((rest - 1).sum() / max(rest.sum(), 1))
    if repeats > MOVES or 2 * rest.sum() < len(values):
        return []
    by_chance = log(max(len(values) * (1 - repeats), 1)) / log(1 / repeats) if repeats else 1.0
    found, stood = [], values[starts[places]]
    for at in places:
        value = float(values[starts[at]])
        seldom = (stood == value).sum() == 1 and rest[held == value].sum() <= SELDOM * rest.sum()
        if seldom and lengths[at] >= STANDS_OUT * by_chance:
            last = starts[at] + lengths[at] - 1
            found.append(
                (value, Stretch(int(times[starts[at]]), int(times[last]), int(lengths[at]), float(rest.max())))
            )
    return found


def standing_out(lengths: NDArray[np.int64]) -> list[int]:
    """The places of the few longest that are several times as long as the next; none where there is no such jump."""
    order = np.argsort(-lengths, kind="stable")[: MOST + 1]
    longest = lengths[order]
    ends = [end for end in range(1, len(order)) if longest[end - 1] >= STANDS_OUT * longest[end]]
    return sorted(int(at) for at in order[: ends[-1]] if lengths[at] >= LEAST) if ends else []


def holes(times: Moments) -> list[Stretch]:
    """The gaps between rows in order of time in which rows must be missing: on a grid of times any gap that stands out,
    else one whose hours had rows a week before or after."""
    at = np.unique(times)
    if len(at) < 2 * LEAST:
        return []
    gaps = np.diff(at)
    regular = float((gaps == np.median(gaps)).mean()) >= REGULAR
    usual = (len(times) - 1) / float(at[-1] - at[0])
    return [
        Stretch(int(at[place]), int(at[place + 1]), round(gaps[place] * usual), float(np.delete(gaps, place).max()))
        for place in standing_out_gaps(gaps)
        if gaps[place] * usual >= LEAST and (regular or _held_rows(at, int(at[place]), int(at[place + 1])))
    ]


def standing_out_gaps(gaps: NDArray[np.int64]) -> list[int]:
    """As `standing_out`, of lengths of time."""
    return standing_out(np.maximum(gaps // max(int(gaps.min()), 1), 1) * LEAST)


def _held_rows(at: Moments, start: int, stop: int) -> bool:
    """Whether the same hours of the week before or after lie within the batch and hold rows in each quarter of them."""
    quarters = np.linspace(start, stop, 5)
    for shift in (-WEEK, WEEK):
        if at[0] <= start + shift and stop + shift <= at[-1]:
            return bool((np.diff(np.searchsorted(at, quarters + shift)) > 0).all())
    return False


def repeated_hours(times: Moments, repeated: NDArray[np.bool_]) -> list[Stretch]:
    """The hours in which rows came twice: about half of their rows repeat another one, and hardly any elsewhere."""
    hours, counts = np.unique(times // HOUR, return_counts=True)
    again = np.bincount(np.searchsorted(hours, times // HOUR), repeated, len(hours))
    twice = (again >= TWICE * counts) & (again >= LEAST)
    elsewhere = float(again[~twice].sum()) / max(float(counts[~twice].sum()), 1.0)
    if not twice.any() or twice.all() or elsewhere > SELDOM:
        return []
    return [
        Stretch(int(first * HOUR), int((last + 1) * HOUR), int(rows), elsewhere)
        for first, last, rows in _joined(hours[twice], again[twice])
    ]


def _joined(hours: NDArray[np.int64], rows: NDArray[Any]) -> Iterator[tuple[int, int, float]]:
    """Hours that follow each other, as one."""
    for part in np.split(np.arange(len(hours)), np.flatnonzero(np.diff(hours) > 1) + 1):
        yield int(hours[part[0]]), int(hours[part[-1]]), float(rows[part].sum())
