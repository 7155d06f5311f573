"""How the components' health is asked: True, False, or None when whoever would know does not answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import httpx

Health = Callable[[float], bool | None]  # of a component started at that time (seconds since 1970)
_KEPT_SECONDS = 1.0


class AirflowHealth:
    """What Airflow's `/api/v2/monitor/health` says, asked once for all the components that are looked at together."""

    def __init__(self, base: str) -> None:
        self._url = f"{base}/api/v2/monitor/health"
        self._client = httpx.Client(timeout=5, trust_env=False)
        self._lock = threading.Lock()
        self._asked, self._said = 0.0, dict[str, Any]()

    def server(self, started: float) -> bool:
        """Whether the api-server answers and reaches its database."""
        return bool(self._document(started).get("metadatabase", {}).get("status") == "healthy")

    def part(self, name: str) -> Health:
        """The health of `scheduler`, `dag_processor` or `triggerer`, which the api-server knows by their heartbeats."""

        def healthy(started: float) -> bool | None:
            return beats(self._document(started), name, started)

        return healthy

    def _document(self, started: float) -> Mapping[str, Any]:
        """The answer kept, unless it is old or was given before the component started: by its predecessor, that is."""
        with self._lock:
            now = time.time()
            if now - self._asked >= _KEPT_SECONDS or self._asked <= started:
                self._asked = now
                self._said = _ask(self._client, self._url)
            return self._said


def beats(document: Mapping[str, Any], name: str, started: float) -> bool | None:
    """Whether a component's heartbeat is good and its own: just after a restart the newest is its predecessor's."""
    if not document:
        return None
    said = document.get(name) or {}
    latest = said.get(f"latest_{name}_heartbeat")
    return bool(said.get("status") == "healthy" and latest and datetime.fromisoformat(latest).timestamp() >= started)


def answers(url: str) -> Health:
    """Whether a page answers with success."""
    client = httpx.Client(timeout=5, trust_env=False)

    def healthy(_started: float) -> bool:
        try:
            return client.get(url).is_success
        except httpx.HTTPError:
            return False

    return healthy


def _ask(client: httpx.Client, url: str) -> dict[str, Any]:
    try:
        answer = client.get(url)
        return dict(answer.json()) if answer.is_success else {}
    except (httpx.HTTPError, ValueError):
        return {}
