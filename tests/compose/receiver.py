"""Takes what Airflow sends to StatsD (UDP 8125) and to OpenLineage (HTTP 5050), prints each kind of it once, and keeps all
events, which the search for secrets looks into."""

from __future__ import annotations

import json
import socketserver
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

KEPT = Path("/tmp/events")
SEEN: set[str] = set()


def once(line: str) -> None:
    if line not in SEEN:
        SEEN.add(line)
        print(line, flush=True)


class Statsd(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        for line in self.request[0].decode().splitlines():
            once(f"statsd {line.partition(':')[0]}")


class Lineage(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        with KEPT.open("ab") as file:
            file.write(sent + b"\n")
        event = json.loads(sent)
        once(f"lineage {event['eventType']} {event['job']['name']}")
        self.send_response(201)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


if __name__ == "__main__":
    udp = socketserver.ThreadingUDPServer(("0.0.0.0", 8125), Statsd)
    threading.Thread(target=udp.serve_forever, daemon=True).start()
    ThreadingHTTPServer(("0.0.0.0", 5050), Lineage).serve_forever()
