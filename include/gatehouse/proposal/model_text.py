"""`model.py` for a table: features by type, the label, and three candidates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatehouse.core.rows.returned_frames import RESERVED

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from gatehouse.proposal.label import Label

_MOST_VALUES, _ROWS_A_VALUE = 1000, 20


@dataclass(frozen=True)
class Features:
    """Columns by how they become features; `left_out` says why the others do not."""

    numbers: tuple[str, ...]
    categories: tuple[str, ...]
    moments: tuple[str, ...]
    parts: tuple[str, ...]
    left_out: Mapping[str, str]


def features(rows: pd.DataFrame, types: Mapping[str, str], skip: Mapping[str, str], time: str | None) -> Features:
    """Sort the columns; `skip` are those that may be no features, with the reason."""
    numbers, categories, moments, left_out = [], [], [], dict(skip)
    parts = ("dayofweek",) if time is not None and types[time] == "date" else ("hour", "dayofweek")
    for name, kind in types.items():
        if name in skip:
            continue
        different = rows[name].nunique()
        if different < 2:
            left_out[name] = "it has one value"
        elif name.startswith(RESERVED):
            left_out[name] = f"names that begin with {RESERVED} are Gatehouse's own"
        elif kind in ("number", "integer", "unsigned", "decimal", "boolean"):
            numbers.append(name)
        elif kind in ("timestamp", "timestamp_ns", "date"):
            if name == time:
                moments.append(name)
            else:
                left_out[name] = "a second moment: known only later, or to be compared with the first one"
        elif different <= _MOST_VALUES and len(rows) >= _ROWS_A_VALUE * different / 4:
            categories.append(name)
        else:
            left_out[name] = f"{different:,} different texts in {len(rows):,} rows: a name, not a group"
    return Features(tuple(numbers), tuple(categories), tuple(moments), parts, left_out)


def model_text(table: str, label: str, found: Label, chosen: Features, target_type: str) -> str:
    """The file."""
    notes = "".join(f"#   {name}: {why}\n" for name, why in chosen.left_out.items())
    kinds = _REGRESSORS if found.task == "regression" else _CLASSIFIERS
    return _TEXT.format(
        left_out=f"# Columns that are no features:\n{notes}" if notes else "",
        numbers=_listed(chosen.numbers),
        categories=_listed(chosen.categories),
        moments=_listed(chosen.moments),
        parts=_listed(chosen.parts),
        table=table,
        target=_target(label, found, target_type),
        slices=_listed(chosen.categories[:1]),
        **kinds,
    )


def _target(label: str, found: Label, kind: str) -> str:
    column = f"outcomes[{label!r}]"
    if found.classes:
        return f"return {column}"
    if found.positive is None:
        return f'return {column}.astype("float64")'
    return f'known = {column}\n    return (known == {found.positive!r}).astype("float64").mask(known.isna())'


def _listed(names: tuple[str, ...]) -> str:
    if not names:
        return "()"
    one = f"({', '.join(repr(name) for name in names)}{',' if len(names) == 1 else ''})"
    return one if len(one) < 100 else "(\n" + "".join(f"    {name!r},\n" for name in names) + ")"


_CLASSIFIERS = {
    "imports": (
        "from sklearn.ensemble import HistGradientBoostingClassifier\nfrom sklearn.impute import SimpleImputer\n"
        "from sklearn.linear_model import LogisticRegression"
    ),
    "tree": "DecisionTreeClassifier",
    "linear": '"logistic": make_pipeline(linear, LogisticRegression(max_iter=1000)),',
    "boosting": "HistGradientBoostingClassifier",
}
_REGRESSORS = {
    "imports": (
        "from sklearn.ensemble import HistGradientBoostingRegressor\nfrom sklearn.impute import SimpleImputer\n"
        "from sklearn.linear_model import Ridge"
    ),
    "tree": "DecisionTreeRegressor",
    "linear": '"ridge": make_pipeline(linear, Ridge()),',
    "boosting": "HistGradientBoostingRegressor",
}
_TEXT = '''"""Features, target and candidates. Preprocessing stays inside the pipelines: what is fitted travels with the model."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from sklearn.compose import ColumnTransformer
{imports}
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.tree import {tree}

NUMBERS = {numbers}
CATEGORIES = {categories}
MOMENTS = {moments}
PARTS = {parts}
SLICES = {slices}
{left_out}

def features(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per row of the main table, in its order."""
    rows = tables[{table!r}]
    found = pd.DataFrame(index=rows.index)
    for name in NUMBERS:
        found[name] = rows[name].astype("float64")
    for name in CATEGORIES:
        found[name] = rows[name]
    for name in MOMENTS:
        for part in PARTS:
            found[f"{{name}}_{{part}}"] = getattr(rows[name].dt, part).astype("float64")
    return found


def target(outcomes: pd.DataFrame) -> pd.Series:
    """The label; NaN where the outcome is missing."""
    {target}


def estimators(seed: int) -> dict[str, Pipeline]:
    """Named, unfitted pipelines."""
    numbers = [*NUMBERS, *(f"{{name}}_{{part}}" for name in MOMENTS for part in PARTS)]
    scaled = make_pipeline(SimpleImputer(), StandardScaler())
    groups = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=20, sparse_output=False)
    linear = ColumnTransformer([("numbers", scaled, numbers), ("groups", groups, list(CATEGORIES))])
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1)
    known = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    coded = ColumnTransformer([("numbers", known, numbers), ("codes", codes, list(CATEGORIES))])
    return {{
        {linear}
        "tree": make_pipeline(coded, {tree}(max_depth=6, min_samples_leaf=20, random_state=seed)),
        "boosting": make_pipeline(
            coded, {boosting}(max_iter=100, learning_rate=0.05, max_leaf_nodes=15, random_state=seed)
        ),
    }}
'''
