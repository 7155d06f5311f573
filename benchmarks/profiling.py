"""Profiling a batch against a stored reference, against the time that pyarrow needs to read the same columns."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.table import Table, seconds
from gatehouse.core.drift import judge
from gatehouse.core.profile import profile_of
from gatehouse.core.specs.retrain import DriftReason

ROWS = 1_000_000


def measure() -> Table:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "batch.parquet"
        pq.write_table(_made(1), path)
        reference = profile_of(_made(0))
        table = pq.read_table(path)
        read = seconds(lambda: pq.read_table(path))
        profile = seconds(lambda: profile_of(table, like=reference))
        batch = profile_of(table, like=reference)
        judged = seconds(lambda: judge(reference, batch, DriftReason()))
    rows = [
        ("pyarrow reads the columns", f"{read * 1000:.0f}", "1.0"),
        ("profile of the batch", f"{profile * 1000:.0f}", f"{profile / read:.1f}"),
        ("distances of all columns", f"{judged * 1000:.0f}", f"{judged / read:.2f}"),
    ]
    method = f"{ROWS:,} rows of 20 floats, 5 integers and 5 strings, 2 % nulls, from a warm Parquet file."
    return Table("Profiles and drift", method, ("step", "ms", "times the reading"), rows)


def _made(seed: int) -> pa.Table:
    random = np.random.default_rng(seed)
    missing = random.uniform(size=ROWS) < 0.02
    columns = {f"f{i}": pa.array(random.normal(size=ROWS), mask=missing) for i in range(20)}
    columns |= {f"i{i}": pa.array(random.integers(0, 1000, ROWS), mask=missing) for i in range(5)}
    words = np.array([f"w{i:02}" for i in range(50)])
    columns |= {f"s{i}": pa.array(words[random.integers(0, 50, ROWS)], mask=missing) for i in range(5)}
    return pa.table(columns)
