"""The measures go where Airflow's own go."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from gatehouse.dev_stack.components import telemetry_env
from gatehouse.ports import Ledger
from support.pages_world import airflow_home  # noqa: F401 - a fixture
from support.story import Story


@pytest.fixture
def statsd(airflow_home) -> Iterator[socket.socket]:
    """A StatsD server's socket, and Airflow told to send there."""
    from airflow.sdk._shared.observability.metrics.statsd_logger import SafeStatsdLogger
    from airflow.sdk.observability import stats
    from statsd import StatsClient

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        port = server.getsockname()[1]
        stats.initialize(
            factory=lambda: SafeStatsdLogger(StatsClient("127.0.0.1", port, prefix="airflow")),
            export_legacy_names=False,
        )
        yield server
        from airflow.sdk._shared.observability.metrics.base_stats_logger import NoStatsLogger

        stats.initialize(factory=NoStatsLogger, export_legacy_names=False)


def test_maintenance_sends_the_measures_as_gauges(
    statsd: socket.socket, ledger: Ledger, ledger_database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real datagram a number, named measure, use case and label, through Airflow's own client and name check."""
    from gatehouse_airflow.tasks.maintenance import emit_measures

    Story(ledger, name="rides").tell()
    monkeypatch.setenv("GATEHOUSE_LEDGER_URL", ledger_database.url)
    emit_measures()
    found = set()
    wanted = {"airflow.gatehouse_batches.rides.accepted:3.0|g", "airflow.gatehouse_champion_version.rides:1.0|g"}
    while not wanted <= found:
        found.add(statsd.recv(2000).decode())
    assert wanted <= found


def test_the_local_stack_hands_on_who_watches_and_nothing_else() -> None:
    """Metrics, lineage and the token's file are the caller's to choose; no other setting of another Airflow leaks in."""
    mine = {"AIRFLOW__METRICS__STATSD_ON": "True", "OPENLINEAGE_URL": "http://x", "GATEHOUSE_SCRAPE_TOKEN_FILE": "/t"}
    foreign = {"AIRFLOW__CORE__EXECUTOR": "x", "AIRFLOW_HOME": "/y", "GATEHOUSE_LEDGER_URL": "z", "PATH": "/bin"}
    assert telemetry_env(mine | foreign) == mine
