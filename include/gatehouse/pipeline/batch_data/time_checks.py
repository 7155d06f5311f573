"""What stands out in the order of a table's time: told beside the expectations, or a reason to quarantine the batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gatehouse.columns.moments import MOMENTS
from gatehouse.core.config.contract import TableSpec
from gatehouse.core.data_faults import in_time
from gatehouse.ports import CheckResult, TableCheck

if TYPE_CHECKING:
    import pandas as pd

NUMBERS = ("integer", "unsigned", "number")
MOST_SERIES = 100  # series that a table's key may hold, each looked at by itself
BECAUSE = {
    "no_stuck_values": "a sensor or an export that stands still repeats its last value",
    "no_hole_in_time": "rows that usually come are missing",
    "no_repeated_hour": "an hour that was delivered twice counts twice",
}
Column = Callable[[str], "pd.Series[Any]"]
Found = tuple[str, dict[str, Any], in_time.Stretch, str]  # check, arguments, where, sentence


def with_time_checks(check: TableCheck, name: str, spec: TableSpec, column: Column, rows: int) -> TableCheck:
    """The check with a failed result for each stretch that stands out. `column` gives a column of the table as declared.
    A time column of texts or numbers has no order that is known, so nothing is looked at."""
    if spec.time_checks == "none" or spec.time_column is None or rows < 2 * in_time.LEAST:
        return check
    if spec.columns[spec.time_column] not in MOMENTS:
        return check
    found = [*_found(spec, spec.time_column, column)]
    results = [
        CheckResult(name, what, args, spec.time_checks, BECAUSE[what], False, rows, where.rows, sentence)
        for what, args, where, sentence in found
    ]
    sentences = [sentence for *_, sentence in found] if spec.time_checks == "critical" else []
    return replace(
        check, results=(*check.results, *results), batch_failures=(*check.batch_failures, *dict.fromkeys(sentences))
    )


def _found(spec: TableSpec, time_column: str, column: Column) -> Iterator[Found]:
    present = column(time_column).notna().to_numpy()
    times = column(time_column).to_numpy(dtype="datetime64[us]", na_value=np.datetime64("NaT")).view(np.int64)[present]
    order = np.argsort(times, kind="stable")
    series = _series(spec, time_column, column)[present][order]
    for where in in_time.holes(times[order]):
        yield "no_hole_in_time", {"column": time_column}, where, f"about {where.rows:,} rows are missing {where.times}"
    for where in _repeated(spec, time_column, column, present, order, times):
        yield "no_repeated_hour", {"column": time_column}, where, f"{where.rows:,} rows repeat others {where.times}"
    for name in (each for each, kind in spec.columns.items() if kind in NUMBERS and each not in spec.key):
        values = column(name).to_numpy(dtype="float64", na_value=np.nan)[present][order]
        for code in np.unique(series):
            for value, where in in_time.stuck(times[order][series == code], values[series == code]):
                sentence = (
                    f"column {name!r} is {value:.12g} in {where.rows:,} rows {where.times}; "
                    f"elsewhere in at most {where.usual:,.0f} in a row"
                )
                yield "no_stuck_values", {"column": name}, where, sentence


def _series(spec: TableSpec, time_column: str, column: Column) -> np.typing.NDArray[np.int64]:
    """A number for each row's series (a station, a shop): the rest of the key, where it names few; else all are one."""
    import pandas as pd

    codes, number = np.zeros(len(column(time_column)), dtype=np.int64), 1
    for name in (each for each in spec.key if each != time_column):
        places, values = pd.factorize(column(name), use_na_sentinel=False)
        codes, number = codes * len(values) + places, number * len(values)
        if number > MOST_SERIES:
            return np.zeros_like(codes)
    return codes


def _repeated(
    spec: TableSpec, time_column: str, column: Column, present: Any, order: Any, times: in_time.Moments
) -> list[in_time.Stretch]:
    """Hours whose rows came twice: all but the key repeats, or the moment where moments are otherwise those of one row."""
    import pandas as pd

    others = [name for name in spec.columns if name not in spec.key and name != time_column]
    rows = pd.util.hash_pandas_object(column(time_column), index=False).to_numpy()
    for name in others:  # one column is held at a time
        rows = rows * np.uint64(31) + pd.util.hash_pandas_object(column(name), index=False).to_numpy()
    whole = pd.Series(rows).duplicated().to_numpy()
    alone = column(time_column).duplicated().to_numpy()
    for repeated in (whole, alone) if others else (alone,):
        if found := in_time.repeated_hours(times[order], repeated[present][order]):
            return found
    return []
