"""The categories of a table's `category` columns, kept beside the Parquet values: Parquet itself forgets their order, and
those without rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

_KEY = b"gatehouse.categories"
_KEPT = ("string", "integer", "floating", "boolean", "empty")


def metadata(frame: pd.DataFrame) -> dict[bytes, bytes] | None:
    """What the file says of the frame's categories; None for a frame without."""
    import pandas as pd

    kept = {
        str(name): {"values": dtype.categories.tolist(), "ordered": bool(dtype.ordered)}
        for name, dtype in frame.dtypes.items()
        if isinstance(dtype, pd.CategoricalDtype) and _plain(dtype.categories)
    }
    return {_KEY: json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode()} if kept else None


def restored(frame: pd.DataFrame, metadata: Mapping[bytes, bytes] | None) -> pd.DataFrame:
    """The frame with its columns as categories again."""
    import pandas as pd

    for name, kept in json.loads((metadata or {}).get(_KEY, b"{}")).items():
        if name in frame:
            categories = pd.Index(kept["values"])
            codes = categories.get_indexer(frame[name].to_numpy(dtype=object, na_value=None))
            dtype = pd.CategoricalDtype(categories, kept["ordered"])
            frame[name] = pd.Categorical.from_codes(codes, dtype=dtype)
    return frame


def _plain(categories: Any) -> bool:
    """Whether JSON holds them: texts, numbers, truth values. Others are stored as their values alone."""
    import pandas as pd

    return pd.api.types.infer_dtype(categories, skipna=False) in _KEPT
