"""I13 by hypothesis: the label of each row of a training set equals the join that PostgreSQL makes by typed keys."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from faults.fuzzing import fuzz
from faults.proven import Asked, Proven
from gatehouse.adapters.ledger import migrate, open_ledger
from gatehouse.dev_stack.postgres import PostgresServer
from gatehouse.dev_stack.temp_postgres import temporary_postgres
from support.drawn import Joins, deliveries


def labelled(asked: Asked) -> list[Proven]:
    """Keys of any types, orders and repeats, null parts and contradicting outcomes."""
    with (
        _server() as (folder, server),
        contextlib.closing(
            Joins(folder, open_ledger(server.url("ledger", "ledger")), server.url("ledger", "postgres"))
        ) as joins,
    ):
        what = "labels against a join in SQL"
        return [fuzz("I13", what, deliveries(), joins.check, joins.seen, asked.examples, asked.seed)]


@contextlib.contextmanager
def _server() -> Iterator[tuple[Path, PostgresServer]]:
    with tempfile.TemporaryDirectory() as folder, temporary_postgres(Path(folder) / "server") as server:
        migrate.upgrade(server.url("ledger", "ledger_owner"), "ledger")
        yield Path(folder), server
