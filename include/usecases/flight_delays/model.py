"""Will a flight arrive more than 15 minutes late? From what is known at departure."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

LATE_MINUTES = 15
NEW_YORK_TZ = -5
SLICES = ("origin", "carrier")

CATEGORIES = ["carrier", "origin", "dest"]
CLOCK = ["minute_of_day", "weekday"]
PLANE = ["distance", "planned_minutes", "plane_age", "seats", "dest_lat", "dest_lon"]
CONGESTION = ["departures", "departures_before", "arrivals"]
# Without temperature and dew point: a winter's model meets them for the first time in summer, and extrapolates. What
# they tell about storms, humidity and rain tell as well.
WEATHER = ["humid", "wind_speed", "precip", "visib"]
REGION = ["rain_3h", "rain_6h", "rain_12h", "visib_3h", "humid_6h", "wind_6h", "pressure_change"]
NUMBERS = [*CLOCK, *PLANE, *CONGESTION, *WEATHER, *REGION]


def features(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per flight, in its order: its plan, how busy its airports are by the timetable, and the weather.

    The weather is that of the hour at the origin, and of the hours before at New York's three airports together. It is
    NaN where no accepted weather is known.
    """
    flights, weather = tables["flights"].reset_index(drop=True), tables["weather"]
    here = flights.merge(
        weather[["origin", "time_hour", *WEATHER]], on=["origin", "time_hour"], how="left", validate="many_to_one"
    )
    joined = here.merge(_region(weather), left_on="time_hour", right_index=True, how="left")
    scheduled = flights["scheduled"].dt
    made = {
        "minute_of_day": (scheduled.hour * 60 + scheduled.minute).astype("float64"),
        "weekday": scheduled.day_of_week.astype("float64"),
        "planned_minutes": _planned_minutes(flights),
        "plane_age": scheduled.year - flights["plane_year"],
        "departures": _scheduled_in(flights, ["origin", "time_hour"]),
        "departures_before": _departures_before(flights),
        "arrivals": _scheduled_in(flights, ["dest", "time_hour"]),
    }
    return joined.assign(**made)[[*CATEGORIES, *NUMBERS]]


def _region(weather: pd.DataFrame) -> pd.DataFrame:
    """By true hour, what the hours up to it were like at any of the three airports: storms come over all of them."""
    hours = weather.groupby("time_hour").agg(
        rain=("precip", "max"),
        visib=("visib", "min"),
        humid=("humid", "mean"),
        wind=("wind_speed", "max"),
        pressure=("pressure", "mean"),
    )
    hours = hours.asfreq("h")
    rain = {f"rain_{n}h": hours["rain"].rolling(n, min_periods=1).sum() for n in (3, 6, 12)}
    return pd.DataFrame(
        {
            **rain,
            "visib_3h": hours["visib"].rolling(3, min_periods=1).min(),
            "humid_6h": hours["humid"].rolling(6, min_periods=1).mean(),
            "wind_6h": hours["wind"].rolling(6, min_periods=1).mean(),
            "pressure_change": hours["pressure"].diff(3),
        }
    )


def _planned_minutes(flights: pd.DataFrame) -> pd.Series:
    """Minutes from gate to gate by the timetable, both clocks brought to New York's; NaN without a time zone."""
    clock = flights["sched_arr_time"].astype("float64")
    arrival = clock // 100 * 60 + clock % 100 - (flights["dest_tz"] - NEW_YORK_TZ) * 60
    departure = flights["scheduled"].dt.hour * 60 + flights["scheduled"].dt.minute
    minutes: pd.Series = (arrival - departure) % 1440
    return minutes


def _scheduled_in(flights: pd.DataFrame, where: list[str]) -> pd.Series:
    """How many flights the timetable has in the same group, this one included."""
    return flights.groupby(where)["flight"].transform("size").astype("float64")


def _departures_before(flights: pd.DataFrame) -> pd.Series:
    """How many departures the origin has in the earlier hours of that day: delays pile up over a day."""
    hour = flights["scheduled"].dt.hour
    counts = flights.groupby(["origin", "day", hour.rename("hour")]).size()
    before = (counts.groupby(["origin", "day"]).cumsum() - counts).rename("before").reset_index()
    rows = flights[["origin", "day"]].assign(hour=hour)
    return rows.merge(before, on=["origin", "day", "hour"], how="left")["before"].astype("float64")


def target(outcomes: pd.DataFrame) -> pd.Series:
    """1 when the flight arrived more than 15 minutes late, NaN when it never arrived."""
    delay = outcomes["arr_delay"].astype("float64")
    return (delay > LATE_MINUTES).astype("float64").where(delay.notna(), np.nan)


def estimators(seed: int) -> dict[str, Pipeline]:
    """A regularised linear model, gradient boosting, and one tree that a person can read.

    All are kept small on purpose: days share their weather, so a month has the information of some thirty draws, and a
    model that can tell days apart learns the days.
    """
    return {
        "logistic": make_pipeline(_one_hot(), LogisticRegression(C=0.01, max_iter=300)),
        "boosting": make_pipeline(
            _ordinal(),
            HistGradientBoostingClassifier(
                learning_rate=0.06,
                max_iter=100,
                max_leaf_nodes=10,
                min_samples_leaf=500,
                l2_regularization=20.0,
                max_features=0.4,
                early_stopping=False,
                random_state=seed,
            ),
        ),
        "tree": make_pipeline(
            _ordinal(), DecisionTreeClassifier(max_leaf_nodes=60, min_samples_leaf=500, random_state=seed)
        ),
    }


def _one_hot() -> ColumnTransformer:
    """For the linear model: one column a category, steps for what does not act in a straight line."""
    stepped = ["minute_of_day", "departures", "wind_speed", "humid", "humid_6h"]
    codes = make_pipeline(_numbered(-2), OneHotEncoder(min_frequency=200, handle_unknown="infrequent_if_exist"))
    steps = KBinsDiscretizer(n_bins=10, strategy="quantile", quantile_method="averaged_inverted_cdf")
    return ColumnTransformer(
        [
            ("category", codes, [*CATEGORIES, "weekday"]),
            ("steps", make_pipeline(SimpleImputer(strategy="median"), steps), stepped),
            ("line", make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler()), NUMBERS),
        ]
    )


def _ordinal() -> ColumnTransformer:
    """For trees: category codes, -1 for what training never saw; NaN takes the branch that training found best."""
    return ColumnTransformer([("category", _numbered(-1), CATEGORIES), ("number", "passthrough", NUMBERS)])


def _numbered(missing: int) -> OrdinalEncoder:
    """Categories as numbers: to count them as text is a third of the linear model's fit."""
    return OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=missing)
