"""Health: what the api-server's answer says about a component, and when it says nothing."""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from gatehouse.dev_stack.health import AirflowHealth, answers, beats

HEARTBEAT = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
SAID = {
    "metadatabase": {"status": "healthy"},
    "scheduler": {"status": "healthy", "latest_scheduler_heartbeat": HEARTBEAT.isoformat()},
    "triggerer": {"status": "unhealthy", "latest_triggerer_heartbeat": HEARTBEAT.isoformat()},
    "dag_processor": {"status": None, "latest_dag_processor_heartbeat": None},
}


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    """A server that answers every path with `SAID`, and the paths it was asked for."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            body = json.dumps(SAID).encode()
            self.send_response(500 if self.path == "/broken" else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}", asked
        listening.shutdown()


@pytest.mark.parametrize(
    ("name", "started", "healthy"),
    [
        ("scheduler", HEARTBEAT.timestamp() - 5, True),
        ("scheduler", HEARTBEAT.timestamp() + 5, False),
        ("triggerer", HEARTBEAT.timestamp() - 5, False),
        ("dag_processor", 0.0, False),
        ("unheard_of", 0.0, False),
    ],
)
def test_a_heartbeat_counts_when_it_is_good_and_younger_than_its_component(name: str, started: float, healthy: bool):
    """Right after a restart the newest heartbeat is the predecessor's: that one does not make a component healthy."""
    assert beats(SAID, name, started) is healthy


def test_without_an_answer_nothing_is_known_of_a_component():
    """A silent api-server makes itself unhealthy and says nothing about the others."""
    health = AirflowHealth("http://127.0.0.1:1")
    assert health.server(0.0) is False
    assert health.part("scheduler")(0.0) is None


def test_all_components_are_looked_up_with_one_request(server: tuple[str, list[str]]):
    """Four looks at once cost the api-server one request."""
    url, asked = server
    health = AirflowHealth(url)
    looks = [health.server(0.0), *(health.part(name)(0.0) for name in ("scheduler", "triggerer", "dag_processor"))]
    assert looks == [True, True, False, False]
    assert asked == ["/api/v2/monitor/health"]


def test_an_answer_from_before_the_start_is_not_the_new_servers(server: tuple[str, list[str]]):
    """A server that has just been started anew is asked itself: what its predecessor said a moment ago does not count."""
    url, asked = server
    health = AirflowHealth(url)
    assert health.server(0.0) is True
    assert health.server(time.time()) is True
    assert len(asked) == 2


def test_a_page_is_healthy_when_it_answers_with_success(server: tuple[str, list[str]]):
    """An error page and a refused connection are not health."""
    url, _ = server
    assert answers(f"{url}/health")(0.0) is True
    assert answers(f"{url}/broken")(0.0) is False
    assert answers("http://127.0.0.1:1/health")(0.0) is False
