"""MLflow as a projection of the ledger, on a real server."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gatehouse.adapters.models import SkopsModels
from gatehouse.adapters.tracking import MlflowTracking
from gatehouse.core.canonical import sha256
from gatehouse.core.records import FileRef, ModelVersion, TrainingSet
from gatehouse.errors import Unreachable
from gatehouse.local import process
from gatehouse.ports import Fit

FILE = FileRef("training/aa/rows.parquet", "a" * 64, 10, 3)
SET = TrainingSet("b" * 64, "request-1", FILE, FILE, (), ())
FIT = Fit({"rows": 3}, {"log_loss": 0.5}, {"roc.svg": b"<svg/>"}, {"gatehouse.git": "unknown"})


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real MLflow server for this file."""
    folder, port = tmp_path_factory.mktemp("mlflow"), free_port()
    command = [
        sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
        "--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", str(folder / "artifacts"),
    ]  # fmt: skip
    environment = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    started = process.start(command, folder / "log", environment)
    try:
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 90
        while not _answers(address):
            assert time.monotonic() < deadline, (folder / "log").read_text()[-2000:]
            time.sleep(0.2)
        yield address
    finally:
        process.end(started.pid, grace=5)
        started.wait()


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health", timeout=2, trust_env=False).is_success
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")
def model() -> tuple[bytes, str]:
    rows = pd.DataFrame(np.random.default_rng(0).normal(size=(50, 2)), columns=["a", "b"])
    estimator = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, rows["a"] > 0)
    data = SkopsModels().dump(estimator)
    return data, sha256(data)


@pytest.fixture(scope="module")
def tracking(uri: str) -> MlflowTracking:
    return MlflowTracking(uri)


@pytest.fixture(scope="module")
def registered(tracking: MlflowTracking, model: tuple[bytes, str]) -> ModelVersion:
    data, digest = model
    run_id = tracking.log_candidate("rides", "request-1", "plain", FIT, SET)
    moment = datetime(2024, 1, 1, tzinfo=UTC)
    version = ModelVersion(
        "rides", 7, "plain", FileRef("m", digest, len(data)), FILE, SET.sha256, "request-1", run_id, moment
    )
    tracking.register(version, data, ["scikit-learn"], "in plain words")
    return version


def test_a_candidate_is_one_run_however_often_it_is_logged(tracking, registered):
    """Logging again finds the run by its tags; it is finished and holds metrics, data and plots."""
    from mlflow import MlflowClient

    assert tracking.log_candidate("rides", "request-1", "plain", FIT, SET) == registered.run_id
    run = MlflowClient(tracking.uri).get_run(registered.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.metrics["log_loss"] == 0.5
    assert [each.dataset.digest for each in run.inputs.dataset_inputs] == ["a" * 36] * 2
    assert [each.path for each in MlflowClient(tracking.uri).list_artifacts(run.info.run_id, "plots")] == [
        "plots/roc.svg"
    ]


def test_a_run_that_a_crash_left_unfinished_is_finished_and_not_doubled(tracking):
    """An attempt that died after creating its run leaves RUNNING behind; the next attempt goes on with it."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking.uri)
    experiment = client.get_experiment_by_name("gatehouse/rides").experiment_id
    left = client.create_run(experiment, tags={"gatehouse.request": "request-2", "gatehouse.candidate": "plain"})
    assert tracking.log_candidate("rides", "request-2", "plain", FIT, SET) == left.info.run_id
    assert client.get_run(left.info.run_id).info.status == "FINISHED"


def test_the_registry_holds_the_ledgers_very_bytes_once(tracking, registered, model, tmp_path):
    """Registering again makes no second version; what is downloaded has the sha256 of the ledger."""
    from mlflow import MlflowClient

    tracking.register(registered, model[0], ["scikit-learn"], "in plain words")
    client = MlflowClient(tracking.uri)
    (version,) = client.search_model_versions("name = 'rides'")
    path = client.download_artifacts(registered.run_id, "model/model.skops", str(tmp_path))
    assert sha256(Path(path).read_bytes()) == registered.file.sha256 == version.tags["gatehouse.sha256"]


def test_aliases_follow_the_ledger_and_a_hand_is_seen(tracking, registered):
    """Mirror sets, moves and removes; an alias on a version that is not the ledger's is reported as such."""
    from mlflow import MlflowClient

    tracking.mirror("rides", 7, None)
    assert tracking.champion_alias("rides") == 7
    tracking.mirror("rides", None, 7)
    assert tracking.champion_alias("rides") is None
    client = MlflowClient(tracking.uri)
    foreign = client.create_model_version(
        "rides", f"{client.get_run(registered.run_id).info.artifact_uri}/model", registered.run_id
    )
    client.set_registered_model_alias("rides", "champion", foreign.version)
    assert tracking.champion_alias("rides") == -1
    tracking.mirror("rides", 7, None)
    assert tracking.champion_alias("rides") == 7


def test_a_server_that_is_away_is_told_within_bounds():
    """Nobody answers: Unreachable, which a retry can help, and not after minutes."""
    started = time.monotonic()
    with pytest.raises(Unreachable, match="does not answer"):
        MlflowTracking(f"http://127.0.0.1:{free_port()}").champion_alias("rides")
    assert time.monotonic() - started < 60
