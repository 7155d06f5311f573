"""`gatehouse verify` over a long journal."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.table import Table, seconds
from gatehouse.adapters.lake import open_lake
from gatehouse.adapters.ledger import migrate, open_ledger
from gatehouse.local import postgres
from gatehouse.verify import run

ENTRIES = (1_000, 20_000)


def measure() -> Table:
    rows = []
    with tempfile.TemporaryDirectory() as folder, postgres.running(Path(folder) / "postgres") as server:
        migrate.upgrade(server.url("ledger", "ledger_owner"), "ledger")
        url, lake = server.url("ledger", "ledger"), open_lake(str(Path(folder) / "lake"))
        journal, written = open_ledger(url).journal, 0
        for wanted in ENTRIES:
            for number in range(written, wanted):
                journal.note("bench.noted", "benchmark", "bench", {"number": number})
            written = wanted
            rows.append((f"{wanted:,}", f"{seconds(lambda: run(url, lake, None), repeats=1):.2f}"))
    method = "All invariants over one moment of the ledger; the journal's chain is computed again from its first entry."
    return Table("Verify", method, ("journal entries", "seconds"), rows)
