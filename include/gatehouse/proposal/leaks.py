"""Columns that alone predict the label: usually known only after the outcome."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

SURE_ORDER, SURE_SHARE = 0.97, 0.95
_ROWS, _SMALL_GROUP = 20_000, 20


def leaks(rows: pd.DataFrame, names: Iterable[str], labels: pd.Series[float], task: str) -> dict[str, str]:
    """For each such column a sentence with its strength, measured on the half of the rows that it was not learned from."""
    known = labels.notna()
    rows, labels = rows[known].head(_ROWS), labels[known].head(_ROWS)
    found = {}
    for name in names:
        strength = _of_every_class(rows[name], labels) if task == "multiclass" else _strength(rows[name], labels, task)
        if strength is not None:
            found[name] = f"{name} alone {strength}; if it is known only after the outcome, it is a leak"
    return found


def _of_every_class(column: pd.Series[Any], labels: pd.Series[float]) -> str | None:
    """As `_strength`, where the column gives away each of more than two classes."""
    found = [_strength(column, (labels == place).astype("float64"), "classification") for place in labels.unique()]
    return found[0] if found and None not in found else None


def _strength(column: pd.Series[Any], labels: pd.Series[float], task: str) -> str | None:
    scores = _scores(column, labels)
    if scores is None:
        return None
    judged = labels.iloc[1::2]
    if task == "classification":
        if judged.nunique() < 2:
            return None
        from gatehouse.core.statistics.metrics import evaluate

        area = evaluate("roc_auc", judged, scores)
        return f"orders {max(area, 1 - area):.1%} of the pairs of labels" if max(area, 1 - area) >= SURE_ORDER else None
    spread = float(((judged - judged.mean()) ** 2).sum())
    share = 1 - float(((judged.to_numpy() - scores) ** 2).sum()) / spread if spread else 0.0
    return f"explains {share:.1%} of the label" if share >= SURE_SHARE else None


def _scores(column: pd.Series[Any], labels: pd.Series[float]) -> Any:
    """The mean label of a value's group, learned from every other row; None where groups are too small to learn from."""
    import pandas as pd

    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column) and column.nunique() > 50:
        groups = pd.qcut(
            column.astype("float64"), min(200, max(len(column) // (4 * _SMALL_GROUP), 2)), duplicates="drop"
        )
    elif pd.api.types.is_datetime64_any_dtype(column):
        return None
    else:
        groups = column.astype("str")
    groups = groups.astype("str").fillna("none")
    if len(groups) / max(groups.nunique(), 1) < _SMALL_GROUP:
        return None
    learned = labels.iloc[::2].groupby(groups.iloc[::2].to_numpy()).mean()
    return groups.iloc[1::2].map(learned).fillna(labels.iloc[::2].mean()).to_numpy()
