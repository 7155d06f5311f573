"""What a server measures about itself, in Prometheus' format."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


class ServingMetrics:
    """The measures of one server, by use case. Each name and help is in docs/reference/metrics.md."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self.requests = self._counter("requests", "Requests answered, by status code.", "status")
        self.rows = self._counter("rows", "Rows predicted.")
        self.dropped = self._counter("log_dropped_rows", "Rows that were answered and could not be logged to the lake.")
        self.seconds = Histogram(
            "gatehouse_serving_request_seconds", "Seconds from a request to its answer.", ["use_case"],
            registry=self.registry, buckets=BUCKETS,
        )  # fmt: skip
        self.version = self._gauge("model_version", "The model version that answers; 0 while there is none.")
        self.generation = self._gauge("champion_generation", "The generation of the champion that answers.")
        self.unconfirmed = self._gauge(
            "unconfirmed_seconds", "Seconds since the ledger last confirmed the champion; 0 while that is recent."
        )
        self.waiting = self._gauge("waiting_requests", "Requests in line.")

    def exposition(self) -> bytes:
        """The answer to a scrape."""
        return generate_latest(self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"gatehouse_serving_{name}", text, ["use_case", *labels], registry=self.registry)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"gatehouse_serving_{name}", text, ["use_case"], registry=self.registry)
