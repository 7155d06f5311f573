"""Profiling a batch against a stored reference: against the time that pyarrow needs to read the same columns, and how the
cost grows when files larger than memory are read one row group at a time and merged."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.table import Table, seconds
from gatehouse.core.drift import all_distances, judge
from gatehouse.core.profile import Profile, profile_of
from gatehouse.core.specs.retrain import DriftReason

ROWS = 1_000_000
GROWTH = tuple(int(float(each)) for each in os.environ.get("GATEHOUSE_PROFILED", "1e5,1e6,1e7,1e8").split(","))


def measure() -> list[Table]:
    """The cost beside the reading, and its growth."""
    return [_beside_reading(), growth()]


def _beside_reading() -> Table:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "batch.parquet"
        pq.write_table(made(1, ROWS), path)
        reference = profile_of(made(0, ROWS))
        table = pq.read_table(path)
        read = seconds(lambda: pq.read_table(path))
        profile = seconds(lambda: profile_of(table, like=reference))
        batch = profile_of(table, like=reference)
        judged = seconds(lambda: judge(reference, batch, DriftReason()))
        every = seconds(lambda: [all_distances(reference.columns[name], batch.columns[name]) for name in batch.columns])
    rows = [
        ("pyarrow reads the columns", f"{read * 1000:.0f}", "1.0"),
        ("profile of the batch", f"{profile * 1000:.0f}", f"{profile / read:.1f}"),
        ("one distance of all columns, judged", f"{judged * 1000:.0f}", f"{judged / read:.2f}"),
        ("all nine distances of all columns", f"{every * 1000:.0f}", f"{every / read:.2f}"),
    ]
    method = f"{ROWS:,} rows of 20 floats, 5 integers and 5 strings, 2 % nulls, from a warm Parquet file."
    return Table("Profiles and drift", method, ("step", "ms", "times the reading"), rows)


def growth(sizes: tuple[int, ...] = GROWTH) -> Table:
    """Files of row groups of a million rows, read and profiled one group at a time, the profiles merged."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "group.parquet"
        reference = profile_of(made(0, ROWS))
        for size in sizes:
            pq.write_table(made(1, min(size, ROWS)), path)
            before = time.perf_counter()
            batch = _streamed(path, size, reference)
            taken = time.perf_counter() - before
            counted = next(iter(batch.columns.values())).rows
            rows.append((f"{counted:,}", f"{taken:.2f}", f"{1e6 * taken / counted:.2f}", f"{_peak():,.0f}"))
    method = (
        "The same columns, read from Parquet row group by row group (the file of a million rows again and again), each "
        "group profiled on the stored reference and merged. Peak memory is the process's, data generation included."
    )
    return Table("Growth of a profile", method, ("rows", "seconds", "µs a row", "peak MiB"), rows)


def _streamed(path: Path, size: int, reference: Profile) -> Profile:
    whole: Profile | None = None
    left = size
    while left:
        rows = min(left, ROWS)
        part = profile_of(pq.read_table(path), like=reference)
        whole, left = part if whole is None else whole.merge(part), left - rows
    if whole is None:
        raise ValueError(f"nothing to profile in {size} rows")
    return whole


def _peak() -> float:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def made(seed: int, rows: int) -> pa.Table:
    """20 floats, 5 integers and 5 strings, 2 % nulls."""
    random = np.random.default_rng(seed)
    missing = random.uniform(size=rows) < 0.02
    columns = {f"f{i}": pa.array(random.normal(size=rows), mask=missing) for i in range(20)}
    columns |= {f"i{i}": pa.array(random.integers(0, 1000, rows), mask=missing) for i in range(5)}
    words = np.array([f"w{i:02}" for i in range(50)])
    columns |= {f"s{i}": pa.array(words[random.integers(0, 50, rows)], mask=missing) for i in range(5)}
    return pa.table(columns)
