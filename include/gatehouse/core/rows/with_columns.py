"""Set columns whose names somebody else chose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def with_columns(frame: pd.DataFrame, columns: Mapping[Any, Any]) -> pd.DataFrame:
    """A copy of the frame with these columns set, whatever their names are: `DataFrame.assign` takes none called `self`."""
    made = frame.copy()
    for name, values in columns.items():
        made[name] = values
    return made
