"""The data faults of a table that no column shows by itself: mapping, unit, time zone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from gatehouse.core.data_faults.data_fault import DataFault
from gatehouse.core.data_faults.relations import swapped_columns, temperature_scale, time_zone_shift, unit_scale
from gatehouse.core.data_faults.relations.column_regression import ColumnRegression
from gatehouse.core.data_faults.relations.normal_scores import NormalScores
from gatehouse.core.data_faults.unit_change import matches_after_rescaling, unit_given_others
from gatehouse.core.profiling import ColumnProfile, Profile


def detect_faults(
    table: str, earlier: Sequence[Profile], own: Callable[[Sequence[str]], Profile], rows: NormalScores
) -> Iterator[DataFault]:
    """What each column by itself does not show: the season hides it. Of columns whose unit may have changed one is named."""
    for name, hours in time_zone_shift.shifted_time_zone(rows).items():
        says = f"looks {hours:+d} hours off: what goes with the hours of the day was turned"
        yield _fault("time zone shifted", table, name, says)
    others = ColumnRegression(rows)

    def sides(name: str) -> tuple[list[ColumnProfile], ColumnProfile]:
        return [each.columns[name] for each in earlier if name in each.columns], own([name]).columns[name]

    for each in temperature_scale.converted(rows, others):
        if matches_after_rescaling(*sides(each.column), each.a, each.b) is not None:
            says = f"looks as if it went from {each.scales}: another unit, by what the other columns say"
            yield _fault("unit changed", table, each.column, says)
            return
    found = [(each.column, unit_given_others(*sides(each.column), each)) for each in unit_scale.scaled(rows, others)]
    units = sorted((unit, name) for name, unit in found if unit)
    for (_, says), name in units[:1]:
        besides = "".join(f", unless {other!r} is meant" for _, other in units[1:])
        yield _fault("unit changed", table, name, f"{says}{besides}")


def _fault(kind: str, table: str, name: str, says: str) -> DataFault:
    return DataFault(kind, (f"{table}.{name}",), f"table {table!r}: column {name!r} {says}")


def still(waiting: NormalScores, rows: NormalScores, named: Sequence[str]) -> list[str]:
    """The columns, out of those that are named, whose relations to the others are off as in the batch that waits."""
    before, now = ColumnRegression(waiting), ColumnRegression(rows)
    found = swapped_columns.still(waiting, rows, named)
    found += [
        name
        for name, hours in time_zone_shift.shifted_time_zone(waiting).items()
        if time_zone_shift.still(rows, name, hours)
    ]
    found += [each.column for each in unit_scale.scaled(waiting, before) if unit_scale.still(rows, now, each)]
    found += [
        each.column
        for each in temperature_scale.converted(waiting, before)
        if each in temperature_scale.converted(rows, now)
    ]
    return [name for name in found if name in named]
