"""Labels: what `target()` of a use case may return, as numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from gatehouse.errors import ModelError
from gatehouse.formatting import count

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from gatehouse.core.gate.evidence import Task

ALLOWED: dict[str, str] = {
    "classification": "0 and 1 (or False and True), and missing where there is no outcome yet",
    "multiclass": "the names in `classes` of retrain.yaml, and missing where there is no outcome yet",
    "regression": "finite numbers, and missing where there is no outcome yet",
}
MOST_SHOWN, LONGEST_SHOWN = 5, 40


def check_labels(values: Any, task: Task, where: str = "", classes: Sequence[str] = ()) -> NDArray[np.float64]:
    """Return the labels as float64, NaN where one is missing; with `classes` each label's place in them.

    Numbers, booleans and decimals of any pandas or NumPy type are numbers; text, dates and nested values are not.
    Classes are texts or whole numbers.

    Raises:
        ModelError: a label is none of what the task allows. It names the labels found, how often, and the allowed ones.
    """
    import pandas as pd

    column = pd.Series(values).reset_index(drop=True) if np.ndim(values) == 1 else None
    if column is None:
        raise _refused(task, where, f"a {type(values).__name__} of shape {np.shape(values)}", "one label for each row")
    present = column.notna().to_numpy(dtype=bool)
    known = column[present].astype(object)
    if classes:
        return _places(known, present, task, where, classes)
    numeric = np.array([_is_number(value) for value in known], dtype=bool)
    numbers = known.to_numpy("float64") if numeric.all() else np.full(len(known), np.nan)
    bad = ~numeric | (np.isinf(numbers) if task == "regression" else ~np.isin(numbers, (0, 1)) & ~np.isnan(numbers))
    if bad.any():
        shown = known if task == "classification" else known[bad]
        raise _refused(task, where, _counted(shown), ALLOWED[task] + _how_to_number(known, task))
    labels = np.full(len(column), np.nan)
    labels[present] = numbers
    return labels


def _places(
    known: pd.Series[Any], present: NDArray[np.bool_], task: Task, where: str, classes: Sequence[str]
) -> NDArray[np.float64]:
    """Each label's place in the classes. A label that is none of them is refused: no model could ever have learned it."""
    place = {name: float(number) for number, name in enumerate(classes)}
    found = [place.get(_class_name(value)) for value in known]
    if None in found:
        unseen = known[np.array([each is None for each in found], dtype=bool)]
        more = "; a new class is added at the end of `classes` in retrain.yaml" if task == "multiclass" else ""
        raise _refused(task, where, _counted(unseen), ", ".join(classes) + more)
    labels = np.full(len(present), np.nan)
    labels[present] = found
    return labels


def _class_name(value: object) -> str:
    """A label as `classes` names it: text as it is, a whole number without a decimal point."""
    if isinstance(value, str) or not _is_number(value):
        return str(value)
    number = float(value)  # type: ignore[arg-type]
    return str(int(number)) if number.is_integer() else str(number)


def _is_number(value: object) -> bool:
    return isinstance(value, Real | Decimal | np.bool_)


def _refused(task: Task, where: str, found: str, allowed: str) -> ModelError:
    return ModelError(
        f"target() returned labels that a {task} cannot learn from",
        where=where,
        found=found,
        allowed=allowed,
        owner="data scientist",
    )


def _how_to_number(values: pd.Series[Any], task: Task) -> str:
    """What to write in `retrain.yaml` for two classes that are named by texts; a missing outcome stays missing by it."""
    texts = sorted({value for value in values if isinstance(value, str)})
    if task != "classification" or len(texts) != 2 or not all(isinstance(value, str) for value in values):
        return ""
    return f"; write `classes: [{texts[0]!r}, {texts[1]!r}]` in retrain.yaml, the class whose probability you want last"


def _counted(values: pd.Series[Any]) -> str:
    """The most frequent values with their numbers of rows: `'no' (60 rows), 'yes' (60 rows)`."""
    counts = Counter(_shown(value) for value in values).most_common()
    shown = [f"{value} ({count(rows)} row{'s' if rows > 1 else ''})" for value, rows in counts[:MOST_SHOWN]]
    more = f" and {count(len(counts) - MOST_SHOWN)} more values" if len(counts) > MOST_SHOWN else ""
    return ", ".join(shown) + more


def _shown(value: object) -> str:
    plain = value.item() if isinstance(value, np.generic) else value
    text = f"{plain:g}" if isinstance(plain, float) else repr(plain)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."
