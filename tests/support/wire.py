"""Servers on 127.0.0.1 that take what is told: a mail server and a web server, as small as the wire allows."""

from __future__ import annotations

import json
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class MailServer:
    """What came in. `refuse` is the answer to a recipient (451: later), empty to take everything."""

    port: int
    mails: list[EmailMessage] = field(default_factory=list)
    envelopes: list[list[str]] = field(default_factory=list)
    refuse: str = ""


class _Smtp(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        box: MailServer = self.server.box  # type: ignore[attr-defined]
        self.say("220 ready")
        recipients: list[str] = []
        while line := self.rfile.readline().decode(errors="replace").strip():
            verb = line.upper()
            if verb.startswith("EHLO"):
                self.say("250-here", "250 8BITMIME")
            elif verb.startswith("RCPT"):
                recipients.append(line.partition("<")[2].rstrip(">"))
                self.say(box.refuse or "250 ok")
            elif verb == "DATA":
                self.say("354 go on")
                data = b""
                while not data.endswith(b"\r\n.\r\n"):
                    data += self.rfile.readline()
                box.mails.append(message_from_bytes(data[:-5].replace(b"\r\n..", b"\r\n."), policy=policy.default))
                box.envelopes.append(recipients)
                self.say("250 taken")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")

    def say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """A mail server that takes every mail."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Smtp) as server:
        server.daemon_threads = True
        server.box = MailServer(server.server_address[1])  # type: ignore[attr-defined]
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server.box  # type: ignore[attr-defined]
        server.shutdown()


@dataclass
class WebServer:
    """What was posted, as JSON where it is; `status` is the answer."""

    port: int
    posts: list[tuple[str, Any]] = field(default_factory=list)
    status: int = 200

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"


class _Web(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        box: WebServer = self.server.box  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        box.posts.append((self.path, json.loads(body) if body.startswith("{") else body))
        self.send_response(box.status)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def web_server() -> Iterator[WebServer]:
    """A web server that answers every post."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Web) as server:
        server.box = WebServer(server.server_address[1])  # type: ignore[attr-defined]
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server.box  # type: ignore[attr-defined]
        server.shutdown()
