"""Row keys: the names by which outcomes find their rows, the same in every release."""

from __future__ import annotations

import pandas as pd
import pytest

from gatehouse.stages.rows import row_keys

MOMENTS = ["2024-01-01 05:00", "2024-01-01 05:00", "2024-03-31 01:30:00.25", None]


@pytest.mark.parametrize("moments", [MOMENTS, MOMENTS[:2], ["2024-01-01", "2024-02-01"], [None], []])
def test_moments_are_written_as_pandas_writes_the_whole_column(moments: list[str | None]) -> None:
    """Each moment is written once, however many rows have it; the text is that of writing all of them, nulls included,
    on any index."""
    at = pd.Series(pd.to_datetime(moments, utc=True, format="ISO8601"), index=range(7, 7 + len(moments)))
    frame = pd.DataFrame({"id": pd.Series(range(len(moments)), index=at.index), "at": at})
    expected = frame["id"].astype("str") + "|" + frame["at"].astype("str")
    pd.testing.assert_series_equal(row_keys(frame, ("id", "at")), expected, check_names=False)
