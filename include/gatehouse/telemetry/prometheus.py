"""Measures in Prometheus' text format, written by Prometheus' own client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gatehouse.telemetry.metrics import Metric as Measure
from gatehouse.telemetry.metrics import MetricSample

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def exposition(found: Iterable[tuple[Measure, list[MetricSample]]]) -> bytes:
    """The answer to a scrape. Labels come from data; the client escapes them."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Measured(list(found)))
    return generate_latest(registry)


class _Measured(Collector):
    """The samples of one moment as Prometheus' client wants them; no state of its own, so nothing to reset."""

    def __init__(self, found: list[tuple[Measure, list[MetricSample]]]) -> None:
        self._found = found

    def collect(self) -> Iterator[Metric]:
        for measure, samples in self._found:
            family = CounterMetricFamily if measure.kind == "counter" else GaugeMetricFamily
            metric = family(measure.name, measure.help)
            for sample in samples:
                metric.add_sample(measure.name, dict(sample.labels), sample.value)
            yield metric
