"""Quiet hours: until when a recipient is not to be disturbed, by the wall clock of their own time zone."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from gatehouse.core.config.notify import QuietHours

SATURDAY = 5
_LONGEST = 8  # steps: a weekend and the nights around it are four


def quiet_until(quiet: QuietHours | None, now: datetime) -> datetime | None:
    """The end of the quiet time that `now` (aware) lies in, in UTC; None outside of quiet time.

    The result is later than `now` and not quiet itself, also across changes of the clocks.
    """
    moment = now
    for _ in range(_LONGEST if quiet is not None else 0):
        end = _end(quiet, moment.astimezone(ZoneInfo(quiet.timezone))) if quiet is not None else None
        if end is None:
            break
        moment = end
    return moment.astimezone(UTC) if moment > now else None


def _end(quiet: QuietHours, local: datetime) -> datetime | None:
    """When the stretch of quiet time that `local` lies in ends: the night's end, or the end of a day of the weekend."""
    clock = local.time()
    begin, end = time.fromisoformat(quiet.start), time.fromisoformat(quiet.end)
    overnight = begin > end
    asleep = (clock >= begin or clock < end) if overnight else begin <= clock < end
    if asleep:
        return _next(local, end, tomorrow=overnight and clock >= begin)
    if quiet.weekends and local.weekday() >= SATURDAY:
        return _next(local, time(0), tomorrow=True)
    return None


def _next(local: datetime, at: time, tomorrow: bool) -> datetime:
    """That time of the wall clock, today or tomorrow, as a moment."""
    day = local.date() + timedelta(days=int(tomorrow))
    there = datetime.combine(day, at, tzinfo=local.tzinfo).astimezone(UTC)
    if there <= local.astimezone(UTC):  # the clocks were put back: the same time comes a second time today
        there = datetime.combine(day, at, tzinfo=local.tzinfo).replace(fold=1).astimezone(UTC)
    return there
