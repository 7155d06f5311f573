"""How many minutes will a flight be in the air? From its route, its plane and the hour."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.tree import DecisionTreeRegressor

SLICES = ("origin",)
CATEGORIES = ["carrier", "origin", "dest"]
NUMBERS = ["distance", "minute_of_day", "weekday", "plane_age", "seats", "dest_lat", "dest_lon"]


def features(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per flight, in its order."""
    flights = tables["flights"].reset_index(drop=True)
    scheduled = flights["scheduled"].dt
    made = {
        "minute_of_day": (scheduled.hour * 60 + scheduled.minute).astype("float64"),
        "weekday": scheduled.day_of_week.astype("float64"),
        "plane_age": scheduled.year - flights["plane_year"],
    }
    return flights.assign(**made)[[*CATEGORIES, *NUMBERS]]


def target(outcomes: pd.DataFrame) -> pd.Series:
    """Minutes in the air; NaN when the flight did not arrive."""
    return outcomes["air_time"].astype("float64")


def estimators(seed: int) -> dict[str, Pipeline]:
    """A linear model of routes, gradient boosting, and one tree that a person can read."""
    return {
        "ridge": make_pipeline(_one_hot(), Ridge(alpha=10.0)),
        "boosting": make_pipeline(
            _ordinal(),
            HistGradientBoostingRegressor(learning_rate=0.15, max_iter=80, max_leaf_nodes=15, random_state=seed),
        ),
        "tree": make_pipeline(
            _ordinal(), DecisionTreeRegressor(max_leaf_nodes=200, min_samples_leaf=50, random_state=seed)
        ),
    }


def _one_hot() -> ColumnTransformer:
    codes = OneHotEncoder(min_frequency=20, handle_unknown="infrequent_if_exist", sparse_output=False)
    straight = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    return ColumnTransformer([("category", codes, CATEGORIES), ("number", straight, NUMBERS)])


def _ordinal() -> ColumnTransformer:
    """For trees: category codes, -1 for what training never saw; NaN takes the branch that training found best."""
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1)
    return ColumnTransformer([("category", codes, CATEGORIES), ("number", "passthrough", NUMBERS)])
