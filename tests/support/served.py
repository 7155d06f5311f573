"""A real server on a real port over a test's use case, for as long as a block lasts."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import uvicorn

from gatehouse.adapters.ledger.champion_feed import PostgresChampionFeed
from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.serving.app import application
from gatehouse.serving.door import Door
from gatehouse.serving.metrics import ServingMetrics
from gatehouse.serving.options import ServingOptions
from gatehouse.serving.request_log import RequestLog
from gatehouse.serving.tokens import TokenFile
from gatehouse.serving.use_case_server import UseCaseServer


@dataclass
class Served:
    """The server's address and its use case."""

    url: str
    case: UseCaseServer
    client: httpx.Client

    def ask(self, rows: Any, **more: Any) -> httpx.Response:
        """The answer about these rows, whatever its status."""
        return self.client.post(f"/v1/{self.case.ctx.name}/predictions", json={"rows": rows}, **more)


@contextlib.contextmanager
def served(
    ctx: Any,
    ledger_url: str,
    options: ServingOptions | None = None,
    tokens: Mapping[str, str] | None = None,
    rows: Any = None,
) -> Iterator[Served]:
    """Serve the use case with its champion of this ledger."""
    options, metrics = options or ServingOptions(), ServingMetrics()
    log = RequestLog(ctx.name, rows, metrics.dropped.labels(ctx.name).inc, 0.2) if rows is not None else None
    case = UseCaseServer(ctx, PostgresChampionFeed(ledger_url), log)
    app = application({ctx.name: case}, Door(options, TokenFile(tokens or {})), options, metrics)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until = time.monotonic() + 60
        while not server.started and thread.is_alive() and time.monotonic() < until:
            time.sleep(0.02)
        url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        with httpx.Client(base_url=url, timeout=30) as client:
            yield Served(url, case, client)
    finally:
        server.should_exit = True
        thread.join(timeout=30)
    assert not thread.is_alive()


def json_rows(ctx: Any, key: str, count: int) -> list[dict[str, Any]]:
    """The first rows of a batch as a client would send them."""
    frame = ctx.source.fetch(key, batch_interval("month", key))["rows"].head(count)
    return [
        {**row, "at": row["at"].isoformat()}
        for row in frame.astype({"id": "object", "group": "object"}).to_dict("records")
    ]
