"""MLflow's server is killed in the middle of a training: the training ends with its decision, and MLflow gets the rest."""

from __future__ import annotations

import os
import signal

from gatehouse.adapters.mlflow import MlflowTracking
from gatehouse.pipeline.maintenance import mlflow_projection
from integration.adapters.mlflow.mlflow_server import free_port, start, stop
from support.rides import ctx, folder, open_site, take  # noqa: F401 - three of them are fixtures


def test_a_training_outlives_the_server_of_mlflow(ctx, tmp_path, monkeypatch):
    """SIGKILL after the first candidate is logged. The champion is made all the same; when the server is back, one sweep
    of maintenance gives it what it lacks, and the candidate that it had is there once."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
    monkeypatch.setattr(mlflow_projection, "FORGOTTEN_SECONDS", -1.0)
    monkeypatch.setattr(mlflow_projection, "young", lambda *_: False)
    port = free_port()
    server = start(tmp_path, port)
    tracking = ctx.tracking = MlflowTracking(f"http://127.0.0.1:{port}")
    logged, log = [], tracking.log_candidate

    def log_and_kill(*given):
        logged.append(log(*given))
        if len(logged) == 1:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()
        return logged[-1]

    monkeypatch.setattr(tracking, "log_candidate", log_and_kill)
    for key in ("2024-01", "2024-02", "2024-03"):
        take(ctx, key)
    assert ctx.ledger.models.champion("rides").model.version == 1
    (decision,) = ctx.ledger.decisions.list("rides")
    (request,) = ctx.ledger.requests.list("rides")
    assert len(logged) == 1, "the others could not be told"
    monkeypatch.setattr(tracking, "log_candidate", log)
    again = start(tmp_path, port)
    try:
        assert mlflow_projection.make_up(ctx).refused == []
        held = tracking.held("rides")
        assert held.decisions == {1: decision.id}
        names = {candidate.name for candidate in ctx.ledger.requests.candidates(request.id)}
        assert {name for _, name in held.candidates} == names
        assert tracking.champion_alias("rides") == 1
    finally:
        stop(again)
