"""Attempts: the fencing tokens."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from gatehouse.core.types import FencingLease
from gatehouse.ports import Attempts

if TYPE_CHECKING:
    from gatehouse.adapters.ledger.connection import Database


class PostgresAttempts(Attempts):
    """`ports.Attempts` on the table `task_attempts`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def enter(self, work: str) -> FencingLease:
        with self._database.transaction() as rows:
            row = rows.one(
                "INSERT INTO task_attempts AS a (task_key, fencing_token) VALUES (%s, 1) "
                "ON CONFLICT (task_key) DO UPDATE SET fencing_token = a.fencing_token + 1 "
                "RETURNING task_key, fencing_token",
                work,
            )
        assert row is not None
        return FencingLease(row["task_key"], row["fencing_token"])

    def idle(self, work: str) -> float | None:
        with self._database.transaction() as rows:
            row = rows.one(
                "SELECT extract(epoch FROM now() - started_at)::float AS idle FROM task_attempts WHERE task_key = %s",
                work,
            )
        return None if row is None else float(row["idle"])

    def alone(self, work: str) -> AbstractContextManager[bool]:
        return self._database.alone(work)

    def idle_below(self, work: str) -> float | None:
        with self._database.transaction() as rows:
            row = rows.one(
                "SELECT extract(epoch FROM now() - max(started_at))::float AS idle FROM task_attempts "
                "WHERE starts_with(task_key, %s)",
                f"{work}/",
            )
        return None if row is None or row["idle"] is None else float(row["idle"])
