"""Weights: what weights() of a use case may return, as numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gatehouse.errors import ModelError
from gatehouse.formatting import count

if TYPE_CHECKING:
    import pandas as pd

ALLOWED = "a finite number of 0 or more for each row"
MOST_SHOWN = 5


def check_weights(made: pd.Series[Any], where: str = "") -> pd.Series[float]:
    """Return the weights as float64; ModelError names those that are no finite number of 0 or more."""
    import numpy as np
    import pandas as pd

    numbers = pd.to_numeric(made.astype("object"), errors="coerce").astype("float64")
    bad = ~(np.isfinite(numbers) & (numbers >= 0))
    if not bad.any():
        return numbers
    shown = ", ".join(repr(getattr(each, "item", lambda each=each: each)()) for each in made[bad].unique()[:MOST_SHOWN])
    raise ModelError(
        "weights() returned something else than weights",
        where=where,
        found=f"{shown} ({count(int(bad.sum()))} of {count(len(made))} rows)",
        allowed=ALLOWED,
        owner="data scientist",
    )
