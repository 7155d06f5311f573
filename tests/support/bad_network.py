"""A way to an MLflow server on which answers get lost, errors come instead, and some take too long."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

SLOW_SECONDS = 3.0
HOP = {"connection", "transfer-encoding", "content-length", "content-encoding", "host", "accept-encoding"}


class BadNetwork:
    """Stands between a client and the server at `target`. `harm[n]` is what happens to the n-th request from now on:
    `lost` (the server does it, the answer is dropped), `error` (500, the server hears nothing) or `slow`."""

    def __init__(self, target: str) -> None:
        self.harm: dict[int, str] = {}
        self.seen = 0
        self._client, self._alone = httpx.Client(base_url=target, timeout=60, trust_env=False), threading.Lock()

    def begin(self, **harm: str) -> None:
        """Count from here; `harm` names requests as `r0`, `r1`, ..."""
        self.harm, self.seen = {int(name[1:]): kind for name, kind in harm.items()}, 0

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        """One request: forwarded, or harmed."""
        with self._alone:
            kind, self.seen = self.harm.get(self.seen, ""), self.seen + 1
        body = request.rfile.read(int(request.headers.get("content-length") or 0))
        if kind == "error":
            request.send_error(500)
            return
        if kind == "slow":
            time.sleep(SLOW_SECONDS)
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP}
        answer = self._client.request(request.command, request.path, content=body, headers=headers)
        if kind == "lost":
            request.close_connection = True
            return
        request.send_response(answer.status_code)
        for name, value in answer.headers.items():
            if name.lower() not in HOP:
                request.send_header(name, value)
        request.send_header("Content-Length", str(len(answer.content)))
        request.end_headers()
        request.wfile.write(answer.content)


@contextmanager
def bad_network(target: str) -> Iterator[tuple[BadNetwork, str]]:
    """The network, and the address that leads through it."""
    network = BadNetwork(target)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            """Nothing: the tests say what went wrong."""

    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        setattr(Handler, f"do_{method}", lambda request: network.handle(request))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield network, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
