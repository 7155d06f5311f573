"""One MLflow client with bounded waits; what it raises becomes a named error."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gatehouse.errors import GatehouseError, Unreachable

CLIENT_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_SKIP_PIP_REQUIREMENTS_CHECK": "true",
    "MLFLOW_RECORD_ENV_VARS_IN_MODEL_LOGGING": "false",
    "MLFLOW_UV_AUTO_DETECT": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
}
_AWAY = ("TEMPORARILY_UNAVAILABLE", "INTERNAL_ERROR", "REQUEST_LIMIT_EXCEEDED")


def client_for(uri: str) -> Any:
    """An `MlflowClient` for `uri`, with the fluent interface's global state left alone."""
    for name, value in CLIENT_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=uri, registry_uri=uri)


@contextmanager
def asked_once() -> Iterator[None]:
    """MLflow's client sends a request again when its answer is lost. What would then be there twice is sent once: the loss
    is Unreachable, and whoever tries again looks for it first. MLflow reads the number at each request."""
    name = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
    before = os.environ.get(name, CLIENT_ENVIRONMENT[name])
    os.environ[name] = "0"
    try:
        yield
    finally:
        os.environ[name] = before


@contextmanager
def told(uri: str) -> Iterator[None]:
    """Turn MLflow's and the network's failures into Unreachable (trying again can help) or GatehouseError."""
    import requests
    from mlflow.exceptions import MlflowException

    try:
        yield
    except requests.exceptions.RequestException as error:
        raise Unreachable(f"MLflow at {uri} does not answer: {type(error).__name__}") from error
    except MlflowException as error:
        first = str(error).splitlines()[0][:300]
        if error.error_code in _AWAY or "API request to" in first:
            raise Unreachable(f"MLflow at {uri} does not answer: {first}") from error
        raise GatehouseError(f"MLflow at {uri} refused: {error.error_code}: {first}") from error
