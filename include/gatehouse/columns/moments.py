"""Columns of moments and days, converted whole: what the declared type cannot hold is named, never cut or wrapped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gatehouse.columns.cell import shown
from gatehouse.columns.values import TIME_OF_DAY, TOO_FINE, TOO_LONG, ZONED

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from gatehouse.core.config.contract import ColumnType

MOMENTS = ("date", "timestamp", "timestamp_ns")
_YEARS = "it is outside the years 1 to 9999"
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_FIRST, _LAST = -62_135_596_800, 253_402_300_799  # seconds from 1970 to the years 1 and 9999
_NS = 2**63 // 10**9


def of_moments(series: pd.Series[Any], declared: ColumnType, dtype: str) -> tuple[pd.Series[Any], dict[int, Any]]:
    """The column as the declared type, and by position what it cannot hold with the reason."""
    import numpy as np
    import pandas as pd

    zoned = series.dt.tz is not None
    moments: NDArray[Any] = (series.dt.tz_convert(None) if zoned else series).to_numpy(copy=True)
    unit, _ = np.datetime_data(moments.dtype)
    bad: dict[int, Any] = {}
    for advice, wrong in _faults(moments, unit, declared, zoned):
        bad |= {int(row): (_shown(moments[row], zoned), advice) for row in np.flatnonzero(wrong) if int(row) not in bad}
    if declared not in MOMENTS:
        return _nothing(len(series), dtype), dict(sorted(bad.items()))
    moments[list(bad)] = np.datetime64("NaT")
    held = "s" if declared == "date" else "ns" if declared == "timestamp_ns" else "us"
    column = pd.Series(moments.astype(f"M8[{held}]"))
    return column if declared == "date" else column.dt.tz_localize("UTC"), dict(sorted(bad.items()))


def _faults(moments: NDArray[Any], unit: str, declared: ColumnType, zoned: bool) -> list[tuple[str, NDArray[np.bool_]]]:
    """Which values the declared type cannot hold, and why, for each reason."""
    import numpy as np

    present, ticks, second = ~np.isnat(moments), moments.view(np.int64), _PER_SECOND[unit]
    seconds = np.floor_divide(ticks, second)
    faults = {_YEARS: present & ((seconds < _FIRST) | (seconds > _LAST))}
    if declared not in MOMENTS:
        return [("", present)]
    if declared == "date":
        faults |= {ZONED: present & zoned, TIME_OF_DAY: present & (ticks % (86_400 * second) != 0)}
    elif declared == "timestamp" and unit == "ns":
        faults[TOO_FINE] = present & (ticks % 1000 != 0)
    elif declared == "timestamp_ns" and unit != "ns":
        faults[TOO_LONG] = present & ((seconds < 1 - _NS) | (seconds >= _NS))
    return list(faults.items())


def _shown(moment: Any, zoned: bool) -> str:
    return shown(f"{moment}{'Z' if zoned else ''}")


def _nothing(rows: int, dtype: str) -> pd.Series[Any]:
    import pandas as pd

    return pd.Series([None] * rows, dtype=pd.api.types.pandas_dtype(dtype))
