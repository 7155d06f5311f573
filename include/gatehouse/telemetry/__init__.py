"""What others watch Gatehouse by: measures of the ledger for Prometheus and StatsD, and whether anything is wrong.

Everything here is read from the ledger in one snapshot; no counter lives in a process, so a restart, a second API server
or a scrape that was missed changes nothing.
"""

from __future__ import annotations

from gatehouse.telemetry.health import HealthProblem, HealthReport, judge
from gatehouse.telemetry.metrics import CATALOGUE, Metric, MetricSample, collect_metrics
from gatehouse.telemetry.prometheus import CONTENT_TYPE, exposition
from gatehouse.telemetry.queries import LedgerSnapshot, read_facts

__all__ = [
    "CATALOGUE",
    "CONTENT_TYPE",
    "HealthProblem",
    "HealthReport",
    "LedgerSnapshot",
    "Metric",
    "MetricSample",
    "collect_metrics",
    "exposition",
    "judge",
    "read_facts",
]
