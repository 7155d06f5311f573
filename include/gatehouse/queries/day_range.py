"""Days as an address gives them, as the bounds of a question."""

from __future__ import annotations

from datetime import date


def days(since: date | None, until: date | None) -> tuple[date | str, date | str]:
    """The beginning of the first day, and the end of the last as the beginning of the next; open where there is none."""
    end = "infinity" if until is None or until == date.max else date.fromordinal(until.toordinal() + 1)
    return since or "-infinity", end
