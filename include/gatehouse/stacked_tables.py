"""Tables of several batches, one below the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gatehouse.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


def stacked(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The frames (one or more) one below the other, with a fresh index.

    A column that is a `category` in each of them stays one, of the categories of all: pandas alone would make texts of it
    as soon as two batches have seen different values. ModelError where ordered categories contradict each other.
    """
    import pandas as pd

    whole = pd.concat(frames, ignore_index=True)
    categorical = [name for name, dtype in frames[0].dtypes.items() if isinstance(dtype, pd.CategoricalDtype)]
    for name in categorical:
        dtypes = [frame[name].dtype for frame in frames if name in frame]
        if whole[name].dtype != "category" and all(isinstance(dtype, pd.CategoricalDtype) for dtype in dtypes):
            whole[name] = whole[name].astype(_union(str(name), dtypes))
    return whole


def _union(name: str, dtypes: Sequence[Any]) -> pd.CategoricalDtype:
    import pandas as pd

    ordered = all(dtype.ordered for dtype in dtypes)
    categories = list(dict.fromkeys(value for dtype in dtypes for value in dtype.categories))
    if ordered:
        longest = max((list(dtype.categories) for dtype in dtypes), key=len)
        rank = {value: place for place, value in enumerate(longest)}
        for dtype in dtypes:
            places = [rank.get(value, -1) for value in dtype.categories]
            if -1 in places or places != sorted(places):
                raise ModelError(
                    f"features() orders the categories of {name!r} otherwise in one batch than in another: found "
                    f"{list(dtype.categories)} and {longest}; give every batch the same ordered categories"
                )
        categories = longest
    return pd.CategoricalDtype(pd.Index(categories), ordered)
