"""Fitting on a Dask cluster: elsewhere, and to the same bytes."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gatehouse.adapters.models import SkopsModels, dask_fit
from gatehouse.errors import ModelError, ServiceUnavailableError

RANDOM = np.random.default_rng(3)
X = pd.DataFrame(RANDOM.normal(size=(200, 3)), columns=["a", "b", "c"])
Y = (X["a"] + RANDOM.normal(size=200) > 0).to_numpy("float64")


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A cluster of one process, and the address of its scheduler."""
    from distributed import LocalCluster

    scratch = str(tmp_path_factory.mktemp("dask"))
    with LocalCluster(
        1, threads_per_worker=2, processes=True, dashboard_address=None, host="127.0.0.1", local_directory=scratch
    ) as local:
        yield local.scheduler_address


@pytest.mark.parametrize(
    "estimator",
    [
        make_pipeline(StandardScaler(), LogisticRegression()),
        RandomForestClassifier(n_estimators=12, random_state=5),
        HistGradientBoostingClassifier(max_iter=8, random_state=5),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_a_model_has_the_same_bytes_wherever_it_is_fitted(dask: str, estimator: BaseEstimator) -> None:
    """With a cluster and without, the stored model is the same to the last bit, whatever number of threads each has."""
    here, there = SkopsModels(), SkopsModels(dask)
    assert there.dump(there.fit("it", estimator, X, Y)) == here.dump(here.fit("it", estimator, X, Y))


def test_the_fit_and_what_is_parallel_in_it_run_on_the_cluster(dask: str) -> None:
    """A fit that cross-validates inside: neither it nor its folds run in this process."""

    class Where(BaseEstimator):
        def fit(self, features, labels):
            self.pids_ = {os.getpid()}
            self.folds_ = cross_val_predict(LogisticRegression(), features, labels, cv=3)
            return self

    fitted = dask_fit.fit(dask, Where(), X, Y, {})
    assert os.getpid() not in fitted.pids_
    np.testing.assert_array_equal(fitted.folds_, dask_fit.fit("", Where(), X, Y, {}).folds_)


def test_what_an_estimator_raises_is_its_own_failure(dask: str) -> None:
    """An error of the estimator's on the cluster is a ModelError that names it, as it is without one."""

    class Broken(BaseEstimator):
        def fit(self, features, labels):
            raise ValueError("no such thing")

    with pytest.raises(ModelError, match="'broken' raised in fit: ValueError: no such thing"):
        SkopsModels(dask).fit("broken", Broken(), X, Y)


def test_a_cluster_that_does_not_answer_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """No scheduler at the address: ServiceUnavailableError, so that Airflow tries again, and not a failed candidate."""
    monkeypatch.setattr(dask_fit, "SECONDS", 1)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(ServiceUnavailableError, match="GATEHOUSE_DASK_ADDRESS"):
            SkopsModels(address).fit("it", LogisticRegression(), X, Y)
