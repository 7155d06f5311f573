"""Attempts: the fencing tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gatehouse.core.types import FencingLease
from gatehouse.ports import Attempts

if TYPE_CHECKING:
    from gatehouse.adapters.ledger.connection import Database


class PostgresAttempts(Attempts):
    """`ports.Attempts` on the table `attempts`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def enter(self, work: str) -> FencingLease:
        with self._database.transaction() as rows:
            row = rows.one(
                "INSERT INTO attempts AS a (work, token) VALUES (%s, 1) "
                "ON CONFLICT (work) DO UPDATE SET token = a.token + 1 RETURNING work, token",
                work,
            )
        assert row is not None
        return FencingLease(row["work"], row["token"])

    def idle(self, work: str) -> float | None:
        with self._database.transaction() as rows:
            row = rows.one(
                "SELECT extract(epoch FROM now() - entered)::float AS idle FROM attempts WHERE work = %s", work
            )
        return None if row is None else float(row["idle"])
