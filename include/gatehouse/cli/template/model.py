"""Features, target and candidates. Preprocessing stays inside the pipelines: what is fitted travels with the model."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

SLICES = ("group",)


def features(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per row of the main table, in its order."""
    return tables["rows"][["group", "amount"]]


def target(outcomes: pd.DataFrame) -> pd.Series:
    """The label; NaN where the outcome is missing."""
    return outcomes["label"]


def estimators(seed: int) -> dict[str, Pipeline]:
    """Named, unfitted pipelines."""
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    linear = ColumnTransformer(
        [("group", OneHotEncoder(handle_unknown="ignore"), ["group"]), ("amount", numbers, ["amount"])]
    )
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    trees = ColumnTransformer([("group", codes, ["group"]), ("amount", "passthrough", ["amount"])])
    return {
        "logistic": make_pipeline(linear, LogisticRegression()),
        "boosting": make_pipeline(trees, HistGradientBoostingClassifier(max_iter=50, random_state=seed)),
    }
