"""Match the rows that a use case's code returns to the rows that it was given.

The index proves the match where the code keeps it. Code that makes a new index (a merge, NumPy, Polars) is asked again
with a few of the rows in another order: the rows that it returns must follow. Code that looks at the rows before or after
a row cannot follow; there, changing one row must change that row of the result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gatehouse.core.rows.with_columns import with_columns

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

Code = Callable[["pd.DataFrame"], "pd.DataFrame"]
SAMPLE = 2_000  # rows that the code is asked again about
CHANGES = 6  # rows changed one at a time, where the order alone does not prove the match
_LABELS_FROM = 1_000_003  # an index that no code makes by itself


class NotAlignedError(ValueError):
    """The rows returned cannot be matched to the rows given; the text says why."""


def aligned(code: Code, rows: pd.DataFrame, identity: frozenset[str] = frozenset()) -> pd.DataFrame:
    """What `code` makes of `rows` (with the index 0, 1, ...), a row for each row, in their order.

    `identity` names columns that say which row it is (its key, its time); they are not changed to try the code.
    Raises NotAlignedError where the number of rows differs or their order is not proven.
    """
    made = code(rows)
    _same_length(made, len(rows))
    if len(rows) < 2:
        return made.reset_index(drop=True)
    sample = _shuffled(rows)
    if _keeps_index(code, sample):
        return _by_index(made)
    if not (_follows(code, sample) or _answers(code, sample, rows, identity)):
        raise NotAlignedError(
            f"its rows are in another order than the {len(rows)} rows given, with an index that does not lead back to them"
        )
    return made.reset_index(drop=True)


def _same_length(made: pd.DataFrame, wanted: int) -> None:
    if len(made) != wanted:
        raise NotAlignedError(f"it returned {len(made)} rows for {wanted} rows given")


def _by_index(made: pd.DataFrame) -> pd.DataFrame:
    if not made.index.is_unique or set(made.index) != set(range(len(made))):
        repeated = made.index[made.index.duplicated()]
        what = f"row {repeated[0]} comes more than once" if len(repeated) else f"its index holds {made.index[0]!r}"
        raise NotAlignedError(f"its index does not lead back to the {len(made)} rows given: {what}")
    return made.sort_index()


def _shuffled(rows: pd.DataFrame) -> pd.DataFrame:
    """Some of the rows, in an order that no column has."""
    return rows.iloc[_order(len(rows), seed=0)[:SAMPLE]].reset_index(drop=True)


def _keeps_index(code: Code, sample: pd.DataFrame) -> bool:
    """Whether the labels of the rows come back as the index."""
    labels = range(_LABELS_FROM, _LABELS_FROM + len(sample))
    made = _tried(code, sample.set_axis(labels))
    return made is not None and len(made) > 0 and set(made.index) <= set(labels)


def _follows(code: Code, sample: pd.DataFrame) -> bool:
    """Whether the rows come back in another order when they are given in that order."""
    order = _order(len(sample), seed=1)
    made, again = _tried(code, sample), _tried(code, sample.iloc[order].reset_index(drop=True))
    if made is None or again is None or len(made) != len(sample) or len(again) != len(sample):
        return False
    return not _differing(made.iloc[order], again).any()


def _order(rows: int, seed: int) -> NDArray[np.int_]:
    """An order that no sorting and no reversing gives."""
    import numpy as np

    return np.random.default_rng(seed).permutation(rows)


def _answers(code: Code, sample: pd.DataFrame, rows: pd.DataFrame, identity: frozenset[str]) -> bool:
    """Whether a changed row changes itself; where the code takes no other order, in the order given."""
    given, made = sample, _tried(code, sample)
    any_order = made is not None and len(made) == len(sample)
    if not any_order:
        given = rows.head(SAMPLE)
        made = _tried(code, given)
    if made is None or len(made) != len(given):
        return False
    values = [name for name in given.columns if name not in identity]
    effects = _effects(code, given, made, values) or _effects(code, given, made, list(given.columns))
    return all(effects) and (bool(effects) or not any_order)


def _effects(code: Code, given: pd.DataFrame, made: pd.DataFrame, columns: list[str]) -> list[bool]:
    """For each row that got the values of another one with other results: whether it changed. Empty where none did
    anything at all."""
    import numpy as np

    effects, anything = [], False
    for row in np.linspace(0, len(given) - 1, min(CHANGES, len(given))).astype(int):
        other = (int(row) + len(given) // 2) % len(given)
        again = _tried(code, _changed(given, int(row), other, columns))
        if again is None or len(again) != len(made) or not _differing(made.iloc[[row]], made.iloc[[other]]).any():
            continue
        differing = _differing(made, again)
        anything |= bool(differing.any())
        effects.append(bool(differing[row]))
    return effects if anything else []


def _changed(rows: pd.DataFrame, row: int, other: int, columns: list[str]) -> pd.DataFrame:
    """The rows, one of them with the values of another in these columns."""
    import numpy as np

    source = np.arange(len(rows))
    source[row] = other
    return with_columns(rows, {name: rows[name].take(source).set_axis(rows.index) for name in columns})


def _tried(code: Code, rows: pd.DataFrame) -> pd.DataFrame | None:
    """What the code makes of rows in an order of ours; None where it takes no such order."""
    try:
        return code(rows)
    except Exception:
        return None


def _differing(one: pd.DataFrame, other: pd.DataFrame) -> NDArray[np.bool_]:
    """Which rows differ, position by position; numbers may differ by what another order of summing does."""
    import numpy as np

    if list(one.columns) != list(other.columns):
        return np.ones(len(one), dtype=bool)
    differing = np.zeros(len(one), dtype=bool)
    for number in range(one.shape[1]):
        differing |= _unlike(one.iloc[:, number], other.iloc[:, number])
    return differing


def _unlike(one: pd.Series[Any], other: pd.Series[Any]) -> NDArray[np.bool_]:
    import numpy as np
    import pandas as pd

    missing = one.isna().to_numpy() != other.isna().to_numpy()
    if pd.api.types.is_numeric_dtype(one.dtype) and pd.api.types.is_numeric_dtype(other.dtype):
        left, right = (values.to_numpy("float64", na_value=np.nan) for values in (one, other))
        return np.asarray(missing | ~np.isclose(left, right, rtol=1e-9, atol=0.0, equal_nan=True))
    left, right = (values.astype("object").to_numpy() for values in (one, other))
    present = ~(one.isna().to_numpy() | other.isna().to_numpy())
    return np.asarray(missing | (present & (left != right)), dtype=bool)
