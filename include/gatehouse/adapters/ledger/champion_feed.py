"""Hears of champions by PostgreSQL's NOTIFY, which a promotion sends with its own transaction."""

from __future__ import annotations

import select
import time
from contextlib import suppress

import psycopg2
from psycopg2 import extensions

from gatehouse.ports.serving import ChampionFeed

CHANNEL = "gatehouse_champion"
AGAIN_SECONDS = 10.0  # between attempts to listen: without LISTEN the ledger is polled


class PostgresChampionFeed(ChampionFeed):
    """One connection that listens. Where it cannot, `wait` just waits."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: extensions.connection | None = None
        self._next_attempt = 0.0

    def wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        try:
            connection = self._listening()
            if connection is not None and select.select([connection], [], [], max(until - time.monotonic(), 0))[0]:
                connection.poll()
                connection.notifies.clear()
                return
        except (psycopg2.Error, OSError, ValueError):
            self.close()
        time.sleep(max(until - time.monotonic(), 0))

    def close(self) -> None:
        if self._connection is not None:
            with suppress(psycopg2.Error):
                self._connection.close()
        self._connection = None

    def _listening(self) -> extensions.connection | None:
        now = time.monotonic()
        if self._connection is None and now >= self._next_attempt:
            self._next_attempt = now + AGAIN_SECONDS
            connection = psycopg2.connect(self._url, connect_timeout=2, application_name="gatehouse serving")
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f"LISTEN {CHANNEL}")
            self._connection = connection
        return self._connection
