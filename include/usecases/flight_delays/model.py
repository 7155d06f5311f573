"""Will a flight arrive more than 15 minutes late? From what is known at departure."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, SplineTransformer, StandardScaler

LATE_MINUTES = 15
SLICES = ("origin", "carrier")
CATEGORIES = ["carrier", "origin", "dest"]
WEATHER = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib"]
CLOCK = ["minute_of_day", "weekday"]
NUMBERS = ["distance", "planned_minutes", "plane_age", "seats", "dest_lat", "dest_lon", "departures", "arrivals", *WEATHER]
NEW_YORK_OFFSET = -5


def features(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per flight, in its order. Congestion counts the scheduled flights of the hour, which are known ahead."""
    flights = tables["flights"].reset_index(drop=True)
    joined = flights.merge(tables["weather"][["origin", "time_hour", *WEATHER]], on=["origin", "time_hour"], how="left")
    scheduled = flights["scheduled"]
    minute = scheduled.dt.hour * 60 + scheduled.dt.minute
    made = {
        "minute_of_day": minute.astype("float64"),
        "weekday": scheduled.dt.weekday.astype("float64"),
        "planned_minutes": _planned_minutes(flights, minute),
        "plane_age": scheduled.dt.year - flights["plane_year"],
        "departures": flights.groupby(["origin", "time_hour"])["flight"].transform("size").astype("float64"),
        "arrivals": flights.groupby(["dest", "time_hour"])["flight"].transform("size").astype("float64"),
    }
    return joined.assign(**made)[[*CATEGORIES, *CLOCK, *NUMBERS]]


def _planned_minutes(flights: pd.DataFrame, departure: pd.Series) -> pd.Series:
    """Minutes from gate to gate by the timetable, both clocks brought to New York's; unknown without a time zone."""
    clock = flights["sched_arr_time"].astype("float64")
    arrival = clock // 100 * 60 + clock % 100 - (flights["dest_tz"] - NEW_YORK_OFFSET) * 60
    return (arrival - departure) % 1440


def target(outcomes: pd.DataFrame) -> pd.Series:
    """1 when the flight arrived more than 15 minutes late, NaN when it never arrived."""
    delay = outcomes["arr_delay"]
    return (delay > LATE_MINUTES).astype("float64").where(delay.notna(), np.nan)


def estimators(seed: int) -> dict[str, Pipeline]:
    """A regularised linear model with splines, gradient boosting, and a forest of random trees."""
    return {
        "logistic": make_pipeline(_for_linear(), LogisticRegression(C=0.05, max_iter=200)),
        "boosting": make_pipeline(
            _for_trees(),
            HistGradientBoostingClassifier(
                learning_rate=0.08, max_iter=120, max_leaf_nodes=24, min_samples_leaf=200, l2_regularization=5.0,
                random_state=seed,
            ),
        ),
        "forest": make_pipeline(
            _for_trees(),
            ExtraTreesClassifier(n_estimators=40, max_leaf_nodes=300, min_samples_leaf=50, max_features=0.5, random_state=seed),
        ),
    }  # fmt: skip


def _for_linear() -> ColumnTransformer:
    rare = OneHotEncoder(min_frequency=200, handle_unknown="infrequent_if_exist", sparse_output=False)
    curve = make_pipeline(SimpleImputer(strategy="median"), SplineTransformer(n_knots=6, extrapolation="constant"))
    straight = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    return ColumnTransformer([("category", rare, CATEGORIES), ("clock", curve, CLOCK), ("number", straight, NUMBERS)])


def _for_trees() -> ColumnTransformer:
    """Trees split on category codes; what the training never saw is -1. NaN goes its own way in both kinds of trees."""
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1)
    return ColumnTransformer([("category", codes, CATEGORIES), ("number", "passthrough", [*CLOCK, *NUMBERS])])
