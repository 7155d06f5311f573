"""`gatehouse audit verify` over a long audit log, and what the audit log weighs."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

import psycopg2

from benchmarks.table import Table, seconds
from gatehouse.adapters.lake import open_lake
from gatehouse.adapters.ledger import migrate
from gatehouse.dev_stack.temp_postgres import temporary_postgres
from gatehouse.invariants import run

ENTRIES = (1_000, 20_000, 100_000)  # the last is asked to take ten seconds at most
NOTES = """
    INSERT INTO gatehouse.audit_log (kind, subject, actor, body)
    SELECT 'bench.noted', 'benchmark', 'bench', '{"number":' || number || '}' FROM generate_series(%s, %s) number"""


def measure() -> Table:
    rows = []
    with tempfile.TemporaryDirectory() as folder, temporary_postgres(Path(folder) / "postgres") as server:
        migrate.upgrade(server.url("ledger", "ledger_owner"), "ledger")
        url, lake = server.url("ledger", "ledger"), open_lake(str(Path(folder) / "lake"))
        written = 0
        for wanted in ENTRIES:
            with contextlib.closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
                cursor.execute(NOTES, (written + 1, wanted))
                cursor.execute("SELECT pg_total_relation_size('gatehouse.audit_log')")
                size = cursor.fetchone()[0]  # type: ignore[index]
            written = wanted
            taken = seconds(lambda: run(url, lake, None), repeats=1)
            rows.append((f"{wanted:,}", f"{taken:.2f}", f"{size / 2**20:.1f}"))
    method = (
        "All invariants over one moment of the ledger; the audit log's chain is computed again from its first entry."
    )
    return Table("Verify", method, ("audit log entries", "seconds", "the audit log's size, MB"), rows)
