"""Some rows of a table, kept with its profile: columns by themselves cannot tell how they go together.

The rows are evenly spaced over the accepted ones, so that those of partitions, in their order, are those of the whole. Kept
are numbers, and the hours of moments; texts are not: nobody's name is copied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gatehouse.core.profiling.arrow_columns import columns_of, is_numeric, numbers
from gatehouse.errors import SchemaMismatchError

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROWS = 1000
MOST = 64  # columns
HOUR = ".hour"


@dataclass(frozen=True)
class RowSample:
    """Columns of equally many rows as float64, nulls as NaN; the hour of a moment `t` as `t.hour`."""

    columns: Mapping[str, NDArray[np.float64]]

    def to_document(self) -> dict[str, Any]:
        """The sample as plain values, nulls as None."""
        return {
            name: [None if value != value else value for value in column.tolist()]
            for name, column in self.columns.items()
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Sequence[float | None]]) -> RowSample:
        """The inverse of `to_document`, also after a way through JSON."""
        return cls({name: np.array(column, dtype=np.float64) for name, column in document.items()})


def positions(rows: int) -> NDArray[np.intp]:
    """Which of so many accepted rows are kept: all, or `ROWS` of them, in order."""
    if rows <= ROWS:
        return np.arange(rows)
    return np.arange(ROWS) * rows // ROWS


def sample_of(rows: Any) -> RowSample:
    """The sample that these rows are (an Arrow table, a pandas frame or a mapping of arrays)."""
    found: dict[str, NDArray[np.float64]] = {}
    for name in rows.column_names if hasattr(rows, "column_names") else rows.keys():
        try:
            columns = columns_of({str(name): rows[name]})
        except SchemaMismatchError:
            continue
        for each, column in columns.items():
            if len(found) < MOST and is_numeric(column):
                found[each] = numbers(each, column)
            elif len(found) < MOST and each.endswith(HOUR) and each != str(name):
                found[each] = np.array([np.nan if hour is None else float(hour) for hour in column.to_pylist()])
    return RowSample(found)


def joined(samples: Sequence[RowSample]) -> RowSample:
    """The samples of partitions (one or more) in their order, as one; a column that one of them lacks is left out."""
    names = [name for name in samples[0].columns if all(name in each.columns for each in samples)]
    return RowSample({name: np.concatenate([each.columns[name] for each in samples]) for name in names})
