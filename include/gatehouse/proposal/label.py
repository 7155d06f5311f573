"""The label of exported rows: the task that its values ask for, and the labels as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gatehouse.errors import InvalidInputError

if TYPE_CHECKING:
    import pandas as pd

    from gatehouse.core.gate.evidence import Task
    from gatehouse.proposal.exported import Exported

NUMERIC = ("number", "integer", "unsigned", "decimal", "boolean")
MOST_CLASSES = 20  # of a text: more values are names rather than classes


@dataclass(frozen=True)
class Label:
    """The labels as numbers (places in `classes` where these have names), the task, which value is class 1 (None: the label
    is what target() returns), and a sentence."""

    values: pd.Series[float]
    task: Task
    sentence: str
    positive: Any = None
    classes: tuple[str, ...] = ()


def find_label(table: Exported, label: str, task: str | None, positive: str | None) -> Label:
    """Read the label by its values, or as a person says what it is."""
    values, kind = table.rows[label], table.types[label]
    positive = _truth(table, kind, positive)
    known = values.dropna()
    counts = known.value_counts()
    if task == "regression" or (task is None and kind in NUMERIC and len(counts) > 2 and positive is None):
        if kind not in NUMERIC:
            found, allowed = f"{label!r} is {kind}", "--task classification or multiclass"
            raise InvalidInputError("a regression needs a label of numbers", found=found, allowed=allowed)
        return Label(values.astype("float64"), "regression", f"label: {label}, a number: regression")
    if positive is None and task != "classification" and (task == "multiclass" or 2 < len(counts) <= MOST_CLASSES):
        return _classes(values, counts, label, kind)
    if kind in NUMERIC and set(known.astype("float64").unique()) <= {0.0, 1.0} and positive is None:
        numbers = values.astype("float64")
        return Label(numbers, "classification", f"label: {label}, 1 in {float(numbers.mean()):.1%} of the rows")
    chosen = _positive(counts, positive, label)
    labels = (values == chosen).astype("float64").mask(values.isna())
    sentence = f"label: {label} is {chosen!r} in {float(labels.mean()):.1%} of the rows"
    others = [str(value) for value in counts.index if value != chosen]
    names = (*others, str(chosen)) if kind == "string" and len(others) == 1 else ()
    return Label(labels, "classification", sentence, chosen, names)


def _classes(values: pd.Series[Any], counts: pd.Series[int], label: str, kind: str) -> Label:
    """Every value is a class, the most frequent first."""
    shown = ", ".join(f"{value} {rows:,}" for value, rows in counts.head(10).items())
    if len(counts) < 3 or len(counts) > 100 or kind not in ("string", "integer", "unsigned"):
        raise InvalidInputError(
            f"three or more classes need a label of texts or whole numbers; {label!r} is {kind} with {len(counts):,} values",
            found=shown, allowed="--task classification for two classes, --task regression for a number",
        )  # fmt: skip
    places = values.map({value: float(place) for place, value in enumerate(counts.index)}).astype("float64")
    names = tuple(str(value) for value in counts.index)
    return Label(places, "multiclass", f"label: {label}, {len(counts)} classes: {shown}", classes=names)


def _truth(table: Exported, kind: str, positive: str | None) -> str | None:
    """The value as a person wrote it, or the truth that it stands for in the files: `ja` is True."""
    for key, truth in (("true_values", True), ("false_values", False)):
        if kind == "boolean" and positive is not None and positive.casefold() in table.dialect.get(key, ()):
            return str(truth)
    return positive


def _positive(counts: pd.Series[int], positive: str | None, label: str) -> Any:
    shown = ", ".join(map(str, counts.index[:10]))
    if positive is not None:
        found = next((value for value in counts.index if str(value) == positive), None)
        if found is None:
            raise InvalidInputError(f"--positive is no value of {label!r}", found=repr(positive), allowed=shown)
        return found.item() if hasattr(found, "item") else found
    if len(counts) != 2:
        raise InvalidInputError(
            f"a classification has two classes; column {label!r} has {len(counts):,} values",
            found=shown, allowed="--positive VALUE for `is it this value or not`, --task multiclass or --task regression",
        )  # fmt: skip
    rare = counts.index[-1]
    return rare.item() if hasattr(rare, "item") else rare
