"""A real S3 HTTP server (moto's) that can be told to misbehave, for the tests of a lake on S3."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

BUCKET = "lake"
NOTHING = (
    b'<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>lake</Name>'
    b"<Prefix></Prefix><KeyCount>0</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated></ListBucketResult>"
)


@dataclass
class S3:
    """The server. `listings` counts the requests to list; `cut` drops the connection in the middle of so many uploads of a
    part; `stall` holds such uploads until the test is over; `blind` answers every listing with nothing."""

    app: Any
    url: str = ""
    cut: int = 0
    blind: bool = False
    stall: bool = False
    listings: int = 0
    stalled: Event = field(default_factory=Event)
    over: Event = field(default_factory=Event)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        query = environ.get("QUERY_STRING", "")
        if environ["REQUEST_METHOD"] == "GET" and "list-type" in query:
            self.listings += 1
            if self.blind:
                start_response("200 OK", [("Content-Type", "application/xml"), ("Content-Length", str(len(NOTHING)))])
                return [NOTHING]
        if environ["REQUEST_METHOD"] == "PUT" and "partNumber" in query:
            if self.cut:
                self.cut -= 1
                environ["wsgi.input"].read(1000)
                environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            elif self.stall:
                environ["wsgi.input"].read(1000)
                self.stalled.set()
                self.over.wait(60)
        return self.app(environ, start_response)

    def names(self) -> list[str]:
        """What the bucket holds, asked past the misbehaviour."""
        listed = client(self.url).list_objects(Bucket=BUCKET)
        return [each["Key"] for each in listed.get("Contents", ())]


def client(url: str) -> Any:
    return boto3.client(
        "s3", endpoint_url=url, region_name="us-east-1", aws_access_key_id="key", aws_secret_access_key="secret"
    )


@contextmanager
def running() -> Iterator[S3]:
    """A server with an empty bucket, on a port of its own."""
    s3 = S3(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, s3, threaded=True, request_handler=MotoRequestHandler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    s3.url = f"http://127.0.0.1:{server.server_port}"
    client(s3.url).create_bucket(Bucket=BUCKET)
    try:
        yield s3
    finally:
        s3.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
