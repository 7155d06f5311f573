"""F10: MLflow's answers are lost, late or errors while it is told of a challenger: one run and one version."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from mlflow import MlflowClient

from gatehouse.adapters.mlflow import MlflowTracking
from gatehouse.core.types import FileRef, ModelVersion
from gatehouse.errors import ServiceUnavailableError
from gatehouse.ports import CandidateRun, Registration
from integration.adapters.mlflow.mlflow_server import uri  # noqa: F401 - a fixture
from integration.adapters.mlflow.test_tracking import FILE, FIT, SET, model  # noqa: F401 - the last is a fixture
from support.bad_network import SLOW_SECONDS, BadNetwork, bad_network

WAIT_SECONDS = "1"  # of one request


@pytest.fixture(scope="module")
def network(uri: str) -> Iterator[tuple[BadNetwork, MlflowTracking]]:
    """The network and a client of ours behind it, whose waits are short."""
    with pytest.MonkeyPatch.context() as patch, bad_network(uri) as (found, address):
        patch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", WAIT_SECONDS)
        patch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
        yield found, MlflowTracking(address)


@dataclass(frozen=True)
class Told:
    """What MLflow is told of one challenger: its run, then its version."""

    tracking: MlflowTracking
    number: int
    model: tuple[bytes, str]

    def tell(self) -> bool:
        """Whether it got through; False is the error that lets Airflow try again."""
        candidate = replace(SET, request=f"harmed-{self.number}")
        file, moment = FileRef("m", self.model[1], 1), datetime(2024, 1, 1, tzinfo=UTC)
        try:
            run_id = self.tracking.log_candidate(CandidateRun("harmed", candidate.request, "plain"), FIT, candidate)
            version = ModelVersion(
                "harmed", self.number, "plain", file, FILE, SET.sha256, candidate.request, run_id, moment
            )
            self.tracking.register(
                version, Registration(self.model[0], ["scikit-learn"], "in plain words", "classification")
            )
        except ServiceUnavailableError:
            return False
        return True

    def counted(self, uri: str) -> tuple[int, int]:
        """How many runs and versions of it there are."""
        client = MlflowClient(uri)
        experiment = client.get_experiment_by_name("gatehouse/harmed").experiment_id
        runs = client.search_runs([experiment], f"tags.`gatehouse.request` = 'harmed-{self.number}'")
        versions = client.search_model_versions(f"name = 'harmed' and tag.`gatehouse.version` = '{self.number}'")
        return len(runs), len(versions)


@pytest.mark.parametrize(("kind", "every"), [("lost", 1), ("error", 3)])
def test_whatever_is_lost_on_the_way_there_is_one_run_and_one_version(
    network: tuple[BadNetwork, MlflowTracking],
    uri: str,
    kind: str,
    every: int,
    model: tuple[bytes, str],
) -> None:
    """Each request (of errors every third) in turn loses its answer or gets an error: telling gets through or is ServiceUnavailableError, and told again
    MLflow has the run and the version once."""
    way, tracking = network
    first = {"lost": 100, "error": 200}[kind]
    Told(tracking, first, model).tell()  # the experiment and the registered model are there from now on
    way.begin()
    assert Told(tracking, first + 1, model).tell()
    requests = way.seen
    for harmed in range(0, requests, every):
        told = Told(tracking, first + 2 + harmed, model)
        way.begin(**{f"r{harmed}": kind})
        through = told.tell()
        way.begin()
        assert told.tell()
        assert told.counted(uri) == (1, 1), (
            f"{harmed} of {requests}: {'got through' if through else 'ServiceUnavailableError'}"
        )


def test_an_answer_that_comes_too_late_is_not_asked_for_twice(
    network: tuple[BadNetwork, MlflowTracking],
    uri: str,
    model: tuple[bytes, str],
) -> None:
    """The version is made while nobody waits for it any more; whoever tries again later finds it."""
    way, tracking = network
    way.begin()
    assert Told(tracking, 300, model).tell()
    last = way.seen - 1
    told = Told(tracking, 301, model)
    way.begin(**{f"r{last}": "slow"})
    assert not told.tell()
    time.sleep(SLOW_SECONDS)
    way.begin()
    assert told.tell()
    assert told.counted(uri) == (1, 1)
