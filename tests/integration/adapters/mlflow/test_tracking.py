"""MLflow as a projection of the ledger, on a real server."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from gatehouse.adapters.mlflow import MlflowTracking, mlflow_records
from gatehouse.adapters.models import SkopsModels
from gatehouse.core.audit.canonical_json import sha256
from gatehouse.core.types import BatchId, Decision, FileRef, ModelVersion, TrainingSet, Verdict
from gatehouse.errors import ServiceUnavailableError
from gatehouse.ports import BatchLog, CandidateRun, DecisionLog, Registration, Table, TrainingRun
from integration.adapters.mlflow.mlflow_server import uri  # noqa: F401 - a fixture

FILE = FileRef("training/aa/rows.parquet", "a" * 64, 10, 3)
MONTHS = tuple(BatchId("rides", f"2024-0{month}", 1) for month in (1, 2, 3))
SET = TrainingSet("b" * 64, "request-1", FILE, FILE, MONTHS[:2], MONTHS[2:])
FIT = TrainingRun(
    {"rows": 3},
    {"log_loss": 0.5},
    {"roc.svg": b"<svg/>"},
    {"gatehouse.git": "unknown"},
    {"amount": "float64", "group": "str"},
)
HOSTILE = "<script>alert(1)</script>"
RUN = CandidateRun("rides", "request-1", "plain")
JUDGED = DecisionLog(
    RUN,
    "<html>the report</html>",
    {"rules.json": Table(("rule", "measured"), (("beats", 0.5), (HOSTILE, float("nan"))))},
    {"holdout.challenger.log_loss": 0.4},
    {"gatehouse.verdict": "PROMOTE", "gatehouse.page": "http://airflow/gatehouse/decisions/d"},
    "Rides. The gate said PROMOTE",
)
DECISION = Decision("d" * 64, "rides", 7, Verdict.PROMOTE, "promoted", (), "e", "p", None, 0)


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
    run_id = tracking.log_candidate(RUN, FIT, SET)
    moment = datetime(2024, 1, 1, tzinfo=UTC)
    version = ModelVersion(
        "rides", 7, "plain", FileRef("m", digest, len(data)), FILE, SET.sha256, "request-1", run_id, moment
    )
    tracking.register(version, Registration(data, ["scikit-learn"], "in plain words", "classification"))
    return version


def test_a_candidate_is_one_run_however_often_it_is_logged(tracking, registered):
    """Logging again finds the run by its tags; it is finished and holds metrics, data and plots."""
    from mlflow import MlflowClient

    assert tracking.log_candidate(RUN, FIT, SET) == registered.run_id
    run = MlflowClient(tracking.uri).get_run(registered.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.metrics["log_loss"] == 0.5
    assert {each.dataset.digest for each in run.inputs.dataset_inputs} == {"a" * 36}
    contexts = {each.tags[0].value: each.dataset for each in run.inputs.dataset_inputs}
    assert (contexts["training"].name, contexts["holdout"].name) == ("training 2024-01 to 2024-02", "holdout 2024-03")
    assert json.loads(contexts["training"].source) == {"uri": FILE.path, "sha256": FILE.sha256}
    types = {each["name"]: each["type"] for each in json.loads(contexts["training"].schema)["mlflow_colspec"]}
    assert types == {"amount": "double", "group": "string"}
    assert json.loads(contexts["holdout"].profile) == {"num_rows": 3, "num_elements": 6}
    assert [each.path for each in MlflowClient(tracking.uri).list_artifacts(run.info.run_id, "plots")] == [
        "plots/roc.svg"
    ]


def test_a_run_that_a_crash_left_unfinished_is_finished_and_not_doubled(tracking):
    """An attempt that died after creating its run leaves RUNNING behind; the next attempt goes on with it."""
    from mlflow import MlflowClient

    client = MlflowClient(tracking.uri)
    experiment = client.get_experiment_by_name("gatehouse/rides").experiment_id
    left = client.create_run(experiment, tags={"gatehouse.request": "request-2", "gatehouse.candidate": "plain"})
    assert tracking.log_candidate(replace(RUN, request="request-2"), FIT, SET) == left.info.run_id
    assert client.get_run(left.info.run_id).info.status == "FINISHED"


def test_the_registry_holds_the_ledgers_very_bytes_once(tracking, registered, model, tmp_path):
    """Registering again makes no second version; what is downloaded has the sha256 of the ledger."""
    from mlflow import MlflowClient

    tracking.register(registered, Registration(model[0], ["scikit-learn"], "in plain words", "classification"))
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


def test_a_verdict_is_told_to_run_and_version_however_often(tracking, registered, tmp_path):
    """Report, table, metric and tags are on the run, tags and description on the version; told again, no row is doubled.
    MLflow's own reader gets the table back."""
    import mlflow
    from mlflow import MlflowClient

    client, run_id = MlflowClient(tracking.uri), registered.run_id
    for _ in range(2):
        tracking.decided(DECISION, JUDGED)
    run = client.get_run(run_id)
    assert run.data.metrics["holdout.challenger.log_loss"] == 0.4
    assert len(client.get_metric_history(run_id, "holdout.challenger.log_loss")) == 1
    assert run.data.tags["gatehouse.verdict"] == "PROMOTE"
    (version,) = client.search_model_versions("name = 'rides' and tags.`gatehouse.version` = '7'")
    assert version.tags["gatehouse.page"] == "http://airflow/gatehouse/decisions/d"
    assert version.description == JUDGED.description
    mlflow.set_tracking_uri(tracking.uri)
    table = client.load_table(run.info.experiment_id, "evaluation/rules.json", run_ids=[run_id])
    assert table["rule"].tolist() == ["beats", HOSTILE]
    written = Path(client.download_artifacts(run_id, "evaluation/rules.json", str(tmp_path)))
    assert "NaN" not in written.read_text()
    assert "decision.html" in [each.path for each in client.list_artifacts(run_id)]


def test_the_descriptions_follow_the_champion(tracking, registered):
    """The words for the model (0) and for a version are set; those for a version that MLflow lacks are left out."""
    from mlflow import MlflowClient

    tracking.mirror("rides", 7, None, {0: "Version 7 serves", 7: "It serves now", 99: "nowhere"})
    client = MlflowClient(tracking.uri)
    assert client.get_registered_model("rides").description == "Version 7 serves"
    (version,) = client.search_model_versions("name = 'rides' and tags.`gatehouse.version` = '7'")
    assert version.description == "It serves now"


def test_a_batch_is_one_run_and_told_anew_when_there_is_more_to_tell(tracking):
    """Its report, drift table and numbers are in the experiment of the use case's batches; a new mark is told to the same
    run; whoever asks gets the marks."""
    from mlflow import MlflowClient

    assert tracking.held("flights").batches == {}
    drift = {"drift.json": Table(("column", "value"), (("distance", 0.3),))}
    told = BatchLog("one", "<html>batch</html>", {"gatehouse.state": "accepted"}, {"rows": 3.0}, {}, FILE)
    tracking.log_batch("flights", "2024-01.r1", told)
    tracking.log_batch(
        "flights", "2024-01.r1", replace(told, mark="two", metrics={"rows": 3.0, "alarms": 1.0}, tables=drift)
    )
    assert tracking.held("flights").batches == {"2024-01.r1": "two"}
    client = MlflowClient(tracking.uri)
    (run,) = client.search_runs([client.get_experiment_by_name("gatehouse/flights/batches").experiment_id])
    assert (run.info.status, run.data.metrics["alarms"], run.data.metrics["rows"]) == ("FINISHED", 1.0, 3.0)
    assert run.inputs.dataset_inputs[0].dataset.digest == "a" * 36
    assert {each.path for each in client.list_artifacts(run.info.run_id)} == {"batch.html", "evaluation"}


def test_a_server_that_is_away_is_told():
    """Nobody answers: ServiceUnavailableError, which a retry can help."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        away = MlflowTracking(f"http://127.0.0.1:{nobody.getsockname()[1]}")
        with pytest.raises(ServiceUnavailableError, match="does not answer"):
            away.champion_alias("rides")


def test_candidates_that_log_the_same_rows_at_once_all_get_through(tracking):
    """Parallel fits of one request name the same training set and holdout; MLflow's look-then-insert refuses the slower
    ones, which look again: every run ends with both datasets."""
    same = replace(SET, training=replace(FILE, sha256="c" * 64), holdout=replace(FILE, sha256="d" * 64))
    names = [f"candidate {number}" for number in range(8)]
    with ThreadPoolExecutor(len(names)) as pool:
        runs = list(
            pool.map(lambda name: tracking.log_candidate(CandidateRun("rides", "at once", name), FIT, same), names)
        )
    for run_id in runs:
        run = tracking._client.get_run(run_id)
        assert run.info.status == "FINISHED"
        assert {each.dataset.digest for each in run.inputs.dataset_inputs} == {"c" * 36, "d" * 36}


def test_a_race_that_is_lost_is_run_again_and_anything_else_is_not(monkeypatch):
    """A duplicate key of whichever database is tried again a few times; another refusal is raised at once."""
    monkeypatch.setattr(mlflow_records, "PAUSES", (0, 0))
    tried = []

    def losing(message, times):
        def log_inputs(*_):
            tried.append(message)
            if len(tried) <= times:
                raise MlflowException(message)

        return SimpleNamespace(log_inputs=log_inputs)

    mlflow_records.log_inputs(losing("(psycopg2.errors.UniqueViolation) duplicate key", 2), "run", [])
    assert len(tried) == 3
    tried.clear()
    with pytest.raises(MlflowException, match="no such run"):
        mlflow_records.log_inputs(losing("no such run", 9), "run", [])
    assert len(tried) == 1
    tried.clear()
    with pytest.raises(MlflowException, match="UNIQUE"):
        mlflow_records.log_inputs(losing("UNIQUE constraint failed: datasets", 9), "run", [])
    assert len(tried) == 3
