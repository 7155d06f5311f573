"""A small HTTP client for measuring: raw requests over kept connections, so that the client costs little."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Load:
    """What was measured: seconds of each request, and how long all of them took."""

    seconds: tuple[float, ...]
    wall: float
    rows: int

    def milliseconds(self, percentile: float) -> float:
        return float(np.percentile(self.seconds, percentile)) * 1000

    @property
    def requests_per_second(self) -> float:
        return len(self.seconds) / self.wall

    @property
    def rows_per_second(self) -> float:
        return self.requests_per_second * self.rows


def load(port: int, path: str, document: Mapping[str, object], rows: int, clients: int, seconds: float) -> Load:
    """Ask again and again with so many clients for so long; the first tenth of a second is not counted."""
    return asyncio.run(_load(port, path, json.dumps(document).encode(), rows, clients, seconds))


async def _load(port: int, path: str, body: bytes, rows: int, clients: int, seconds: float) -> Load:
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    started = time.perf_counter()
    taken = await asyncio.gather(
        *(_client(port, head.encode() + body, started + 0.1, started + 0.1 + seconds) for _ in range(clients))
    )
    return Load(tuple(each for own in taken for each in own), time.perf_counter() - started - 0.1, rows)


async def _client(port: int, request: bytes, begin: float, end: float) -> list[float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    taken = []
    while (started := time.perf_counter()) < end:
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"{head.decode()} {await reader.read(2000)!r}")
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(length)
        if started >= begin:
            taken.append(time.perf_counter() - started)
    writer.close()
    return taken
