"""The data scientist's code of both use cases: features in order, targets, and estimators that can be stored."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
import pytest

from gatehouse.adapters.models.skops_format import dumps, loads
from gatehouse.core.audit.canonical_json import sha256
from gatehouse.core.gate.evidence import Task
from gatehouse.pipeline.batch_data.row_keys import row_keys
from support.usecase_folders import accepted, case, outcomes

SAMPLE = 4000
BATCHES = {"flight_delays": "2013-02", "air_time": "2013-W12"}
ESTIMATORS = [(name, each) for name in BATCHES for each in case(name).model.estimators(0)]


@lru_cache
def labelled(name: str) -> tuple[pd.DataFrame, np.ndarray]:
    """A sample of a batch's features and labels; the sample is spread over the batch."""
    tables, model, key = accepted(name, BATCHES[name]), case(name).model, case(name).contract.outcomes.key
    delivered = outcomes(name, BATCHES[name])
    labels = model.target(delivered).set_axis(row_keys(delivered, key))
    found = row_keys(tables["flights"], key).map(labels)
    known = found.notna().to_numpy()
    step = max(1, known.sum() // SAMPLE)
    return model.features(tables)[known].iloc[::step].reset_index(drop=True), found[known].to_numpy("float64")[::step]


def predict(estimator: object, features: pd.DataFrame, task: Task) -> np.ndarray:
    return estimator.predict_proba(features)[:, 1] if task == "classification" else estimator.predict(features)


@pytest.mark.parametrize("name", BATCHES)
def test_features_keep_the_rows_in_their_order(name: str) -> None:
    """Turned tables give turned features: each row's own, wherever it stands."""
    tables, model = accepted(name, BATCHES[name]), case(name).model
    features = model.features(tables)
    turned = model.features({table: frame.iloc[::-1] for table, frame in tables.items()})
    assert len(features) == len(tables["flights"])
    pd.testing.assert_frame_equal(turned.iloc[::-1].reset_index(drop=True), features)


@pytest.mark.parametrize("name", BATCHES)
def test_features_are_numbers_and_texts(name: str) -> None:
    """Pipelines and profiles know two kinds of columns; the slices are among the texts."""
    features = case(name).model.features(accepted(name, BATCHES[name]))
    texts = {column for column in features if pd.api.types.is_string_dtype(features[column])}
    assert all(str(features[column].dtype) in ("float64", "int64", "int32") for column in set(features) - texts)
    assert set(case(name).slices) <= texts


def test_features_join_the_weather_of_the_true_hour() -> None:
    """Each flight has the weather row of its airport and UTC hour; the hour whose wind was impossible has none."""
    tables = accepted("flight_delays", "2013-02")
    features, flights, weather = case("flight_delays").model.features(tables), tables["flights"], tables["weather"]
    hours = weather.set_index(["origin", "time_hour"])["visib"]
    for row in range(0, len(flights), 500):
        expected = hours.get((flights["origin"].iloc[row], flights["time_hour"].iloc[row]), np.nan)
        assert features["visib"].iloc[row] == pytest.approx(expected, nan_ok=True)
    assert features["wind_speed"].max() < 150


def test_congestion_counts_the_timetable() -> None:
    """Three flights: two in one hour at one airport, one an hour later; the first lands after midnight."""
    moment = pd.to_datetime(["2013-03-01 22:10", "2013-03-01 22:50", "2013-03-01 23:00"], utc=True)
    flights = pd.DataFrame({
        "scheduled": moment, "day": moment.floor("D"), "time_hour": moment.floor("h"), "carrier": "UA",
        "flight": [1, 2, 3], "origin": "EWR", "dest": ["IAH", "BOS", "IAH"], "distance": [1400.0, 200.0, 1400.0],
        "sched_arr_time": [110, 2350, 200], "plane_year": [2003.0, np.nan, 2010.0], "seats": 100.0, "dest_lat": 30.0,
        "dest_lon": -95.0, "dest_tz": [-6.0, -5.0, np.nan],
    })  # fmt: skip
    weather = accepted("flight_delays", "2013-03")["weather"]
    features = case("flight_delays").model.features({"flights": flights, "weather": weather})
    assert features["departures"].tolist() == [2, 2, 1]
    assert features["departures_before"].tolist() == [0, 0, 2]
    assert features["arrivals"].tolist() == [1, 1, 1]
    assert features["planned_minutes"].tolist()[:2] == [240, 60]
    assert np.isnan(features["planned_minutes"].iloc[2])


def test_targets_are_missing_where_nothing_arrived() -> None:
    """A cancelled flight is neither late nor punctual; sixteen minutes are late, fifteen are not."""
    delays = pd.DataFrame({"arr_delay": [16.0, 15.0, -3.0, np.nan]})
    assert case("flight_delays").model.target(delays).tolist()[:3] == [1, 0, 0]
    assert case("flight_delays").model.target(delays).isna().tolist() == [False, False, False, True]
    minutes = pd.DataFrame({"air_time": [100.0, np.nan]})
    assert case("air_time").model.target(minutes).isna().tolist() == [False, True]


@pytest.mark.parametrize(("name", "estimator"), ESTIMATORS)
def test_estimators_survive_their_file(name: str, estimator: str) -> None:
    """Each is refused no type, is smaller than 5 MB, and predicts the same bits after a round trip, also for what it
    has never seen and for a row without anything."""
    features, labels = labelled(name)
    task = case(name).retrain.task
    fitted = case(name).model.estimators(1)[estimator].fit(features, labels)
    data = dumps(fitted)
    loaded = loads(data, sha256(data))
    unseen = features.head(50).assign(carrier="??", dest="???")
    empty = features.head(1).assign(**{column: np.nan for column in features if features[column].dtype == "float64"})
    for rows in (features, unseen, empty, features.head(1)):
        predicted = predict(loaded, rows, task)
        assert np.isfinite(predicted).all()
        assert np.array_equal(predicted, predict(fitted, rows, task))
    assert len(data) < 5_000_000


@pytest.mark.parametrize(("name", "estimator"), ESTIMATORS)
def test_estimators_are_determined_by_their_seed(name: str, estimator: str) -> None:
    """The same seed and rows give the same predictions."""
    features, labels = labelled(name)
    first, again = (
        predict(case(name).model.estimators(7)[estimator].fit(features, labels), features, case(name).retrain.task)
        for _ in range(2)
    )
    assert np.array_equal(first, again)


@pytest.mark.parametrize("name", BATCHES)
def test_at_least_three_candidates_compete(name: str) -> None:
    """Of different characters: no two have the same last step."""
    last = [type(pipeline[-1]).__name__ for pipeline in case(name).model.estimators(0).values()]
    assert len(set(last)) == len(last) >= 3
