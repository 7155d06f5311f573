"""What features() and target() may return, as pandas: from pandas, Polars, Arrow and NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

RESERVED = "gh_"
FRAMES = "a DataFrame of pandas, Polars or Arrow, or a NumPy array with a column for each feature"
VALUES = "columns of numbers, texts, booleans, times or categories"
UNSTORABLE = frozenset({"complex", "interval", "period", "timedelta", "timedelta64", "mixed", "mixed-integer"})
COLUMNS = "a Series of pandas or Polars, an Arrow or NumPy array, a list, or a DataFrame of one column"


class NotTabularError(ValueError):
    """The code returned something that is no table, or no column."""

    def __init__(self, found: str, allowed: str) -> None:
        super().__init__(f"found {found}; allowed: {allowed}")
        self.found, self.allowed = found, allowed


def to_frame(made: Any) -> pd.DataFrame:
    """The table as a pandas DataFrame whose column names are texts; NotTabularError says what was found instead."""
    import numpy as np
    import pandas as pd

    if isinstance(made, np.ndarray) and made.ndim == 2:
        made = pd.DataFrame(made)
    elif isinstance(made, pd.Series):
        made = made.to_frame()
    elif not isinstance(made, pd.DataFrame):
        made = _from_arrow(made, FRAMES)
    return storable(_named(made))


def to_series(made: Any) -> pd.Series[Any]:
    """The labels as a pandas Series; NotTabularError says what was found instead."""
    import numpy as np
    import pandas as pd

    if isinstance(made, pd.Series):
        return made
    if isinstance(made, (list, tuple)) or (isinstance(made, np.ndarray) and made.ndim == 1):
        return pd.Series(made, dtype="object" if isinstance(made, (list, tuple)) else None)
    frame = to_frame(made) if isinstance(made, (np.ndarray, pd.DataFrame)) else _from_arrow(made, COLUMNS)
    if frame.shape[1] != 1:
        raise NotTabularError(f"{frame.shape[1]} columns", COLUMNS)
    return frame.iloc[:, 0]


def _from_arrow(made: Any, wanted: str) -> pd.DataFrame:
    """A table or column of any library that hands out Arrow data (https://arrow.apache.org/docs/format/CDataInterface)."""
    import pyarrow as pa

    if isinstance(made, (pa.Array, pa.ChunkedArray)):
        return _pandas(pa.table({"values": made}))
    if not hasattr(made, "__arrow_c_stream__"):
        raise NotTabularError(f"{type(made).__module__}.{type(made).__name__}", wanted)
    stream = pa.chunked_array(made) if _is_column(made) else None
    return _pandas(pa.table(made) if stream is None else pa.table({"values": stream}))


def _pandas(table: Any) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas()
    return frame


def _is_column(made: Any) -> bool:
    """Whether it is a column of its library, not a table: a table has columns."""
    return not hasattr(made, "columns") and not hasattr(made, "column_names")


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    """Column names as texts; NotTabularError for one that comes twice or is reserved."""
    names = [str(name) for name in frame.columns]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise NotTabularError(f"column {repeated[0]!r} more than once", "each column name once")
    reserved = [name for name in names if name.startswith(RESERVED)]
    if reserved:
        raise NotTabularError(
            f"column {reserved[0]!r}", f"names that do not begin with {RESERVED!r}: Gatehouse marks rows so"
        )
    return frame if names == list(frame.columns) else frame.set_axis(names, axis=1)


def storable(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with sparse columns made dense; NotTabularError for a column whose values no file of the lake can hold."""
    import pandas as pd

    dense = {name: dtype.subtype for name, dtype in frame.dtypes.items() if isinstance(dtype, pd.SparseDtype)}
    frame = frame.astype(dense) if dense else frame
    for name, column in frame.items():
        kind = pd.api.types.infer_dtype(column, skipna=True) if _unclear(column.dtype) else ""
        if kind in UNSTORABLE:
            raise NotTabularError(f"column {name!r} with values of kind {kind!r} ({column.dtype})", VALUES)
    return frame


def _unclear(dtype: Any) -> bool:
    """Whether values of this type have to be looked at: all other types are numbers, texts, times or categories."""
    import pandas as pd

    return bool(dtype == "object" or dtype.kind in "cm" or isinstance(dtype, (pd.IntervalDtype, pd.PeriodDtype)))
