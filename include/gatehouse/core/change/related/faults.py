"""The data faults of a table that no column shows by itself: mapping, unit, time zone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from gatehouse.core.change.fault import Fault
from gatehouse.core.change.related import permuted, scaled, turned
from gatehouse.core.change.related.rows import Rows
from gatehouse.core.change.related.scaled import Scaled
from gatehouse.core.change.units import unit_given_others
from gatehouse.core.profile import Profile


def faults(
    table: str, earlier: Sequence[Profile], own: Callable[[Sequence[str]], Profile], rows: Rows
) -> Iterator[Fault]:
    """What each column by itself does not show: the season hides it."""
    for name, hours in turned.turned(rows).items():
        says = f"column {name!r} looks {hours:+d} hours off: what goes with the hours of the day was turned"
        yield Fault("time zone shifted", (f"{table}.{name}",), f"table {table!r}: {says}")
    units = sorted(_units(earlier, own, scaled.scaled(rows)))
    for _, name, says in units[:1]:
        others = "".join(f", unless {other!r} is meant" for _, other, _ in units[1:])
        yield Fault("unit changed", (f"{table}.{name}",), f"table {table!r}: column {name!r} {says}{others}")


def _units(
    earlier: Sequence[Profile], own: Callable[[Sequence[str]], Profile], found: Sequence[Scaled]
) -> Iterator[tuple[float, str, str]]:
    """The columns that are off by a known factor, with how far they lie from what they held once it is taken back."""
    for each in found:
        known = [profile.columns[each.column] for profile in earlier if each.column in profile.columns]
        unit = unit_given_others(known, own([each.column]).columns[each.column], each)
        if unit:
            yield unit[0], each.column, unit[1]


def still(waiting: Rows, rows: Rows, named: Sequence[str]) -> list[str]:
    """The columns, out of those that are named, whose relations to the others are off as in the batch that waits."""
    found = permuted.still(waiting, rows, named)
    found += [name for name, hours in turned.turned(waiting).items() if turned.still(rows, name, hours)]
    found += [each.column for each in scaled.scaled(waiting) if scaled.still(rows, each)]
    return [name for name in found if name in named]
