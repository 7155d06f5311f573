"""The key of a row: a tuple of typed values, written as one text that no other tuple has.

Two rows have the same text exactly when their key columns hold equal values of the declared types: the parts of a key of
several columns are the strings of a JSON array, so no separator in a value can move from one part to the next.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

KEY = "gh_key"
Normalisation = Literal["strip", "casefold", "nfc"]
_NORMALISE: Mapping[Normalisation, Callable[[str], str]] = {
    "strip": str.strip,
    "casefold": str.casefold,
    "nfc": lambda text: unicodedata.normalize("NFC", text),
}


def row_keys(frame: pd.DataFrame, columns: Sequence[str], normalise: Sequence[Normalisation] = ()) -> pd.Series[str]:
    """The key of each row, out of columns of declared types; missing where a part is null.

    >>> row_keys(pd.DataFrame({"shop": ["s0|a", "s0"], "item": ["b", "a|b"]}), ["shop", "item"]).tolist()
    ['["s0|a","b"]', '["s0","a|b"]']
    """
    parts = [_texts(frame[name], normalise) for name in columns]
    if len(parts) == 1:
        return parts[0].rename(KEY)
    joined = '["' + _escaped(parts[0])
    for part in parts[1:]:
        joined = joined + '","' + _escaped(part)
    return (joined + '"]').rename(KEY)


def without_key(frame: pd.DataFrame, columns: Sequence[str]) -> dict[int, tuple[str, ...]]:
    """The rows, by position, in which a part of the key is null, each with the reason."""
    import numpy as np

    null = frame[list(columns)].isna().to_numpy()
    return {
        int(row): tuple(f"key column {name!r} is null" for name, missing in zip(columns, null[row]) if missing)
        for row in np.flatnonzero(null.any(axis=1))
    }


def keyless_summary(keyless: Mapping[int, tuple[str, ...]], rows: int) -> tuple[str, ...]:
    """How many of the rows have no key; nothing where all have one."""
    return (f"{len(keyless)} of {rows} rows have no key: {next(iter(keyless.values()))[0]}",) if keyless else ()


def _escaped(texts: pd.Series[str]) -> pd.Series[str]:
    return texts.str.replace("\\", "\\\\", regex=False).str.replace('"', '\\"', regex=False)


def _texts(values: pd.Series[Any], normalise: Sequence[Normalisation]) -> pd.Series[str]:
    """One text for each value; equal values of a type have equal texts. Repeated values are written once."""
    import numpy as np
    import pandas as pd

    codes, distinct = pd.factorize(values, use_na_sentinel=True)
    texts = pd.Series(_written(pd.Series(distinct), normalise), dtype=pd.StringDtype(na_value=np.nan))
    return texts.reindex(codes).set_axis(values.index)


def _written(distinct: pd.Series[Any], normalise: Sequence[Normalisation]) -> list[str]:
    import numpy as np
    import pandas as pd

    if isinstance(distinct.dtype, pd.DatetimeTZDtype):
        texts = np.datetime_as_string(distinct.dt.tz_convert(None).to_numpy())
        return [_shortest(str(text)) for text in texts]  # the same moment to the microsecond and to the nanosecond
    if pd.api.types.is_float_dtype(distinct.dtype):
        return [repr(float(value) + 0.0) for value in distinct]  # -0.0 equals 0.0
    return [_text(value, normalise) for value in distinct]


def _text(value: Any, normalise: Sequence[Normalisation]) -> str:
    if isinstance(value, str):
        for step in normalise:
            value = _NORMALISE[step](value)
        return str(value)
    if isinstance(value, Decimal):
        return _shortest(f"{value:f}")
    return str(value)


def _shortest(number: str) -> str:
    """A decimal, or a moment, without what does not change its value: 1.0 equals 1.00, and -0 equals 0."""
    whole = number.rstrip("0").rstrip(".") if "." in number else number
    return "0" if whole in ("-0", "") else whole
