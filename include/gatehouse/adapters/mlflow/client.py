"""One MLflow client with bounded waits; what it raises becomes a named error."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from gatehouse.errors import GatehouseError, ServiceUnavailableError, TrackingError

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
def no_retries() -> Iterator[None]:
    """MLflow's client sends a request again when its answer is lost. What would then be there twice is sent once: the loss
    is ServiceUnavailableError, and whoever tries again looks for it first. MLflow reads the number at each request."""
    name = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
    before = os.environ.get(name, CLIENT_ENVIRONMENT[name])
    os.environ[name] = "0"
    try:
        yield
    finally:
        os.environ[name] = before


@contextmanager
def map_errors(uri: str) -> Iterator[None]:
    """Turn the failures of MLflow and the network into ServiceUnavailableError (trying again can help) or TrackingError.

    Whatever MLflow's client raises gets a name: the pipeline goes on without MLflow, and only a named error says so.
    """
    import requests
    from mlflow.exceptions import MlflowException

    try:
        yield
    except GatehouseError:
        raise
    except requests.exceptions.RequestException as error:
        raise ServiceUnavailableError(f"MLflow at {uri} does not answer: {type(error).__name__}") from error
    except MlflowException as error:
        first = first_line(error)
        if error.error_code in _AWAY or "API request to" in first:
            raise ServiceUnavailableError(f"MLflow at {uri} does not answer: {first}") from error
        raise TrackingError(f"MLflow at {uri} refused: {error.error_code}: {first}") from error
    except Exception as error:
        raise TrackingError(f"MLflow's client failed: {type(error).__name__}: {first_line(error)}") from error


def first_line(error: Exception) -> str:
    """The beginning of an error's text."""
    return next(iter(str(error).splitlines()), "")[:300]


def every(page_of: Callable[[str | None], Any]) -> Iterator[Any]:
    """The entities of all pages of one of MLflow's searches."""
    token: str | None = None
    while token != "":
        page = page_of(token)
        yield from page
        token = page.token or ""


def missing(error: Any) -> bool:
    """Whether MLflow says that what was asked for does not exist."""
    return str(error.error_code) in ("RESOURCE_DOES_NOT_EXIST", "NOT_FOUND")
