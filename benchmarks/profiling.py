"""Profiling a batch against a stored reference: against the time that pyarrow needs to read the same columns, and how the
cost grows when files larger than memory are read one row group at a time and merged."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.table import Table, seconds
from gatehouse.core.config.triggers import DriftReason
from gatehouse.core.drift import all_distances, judge
from gatehouse.core.profiling import profile_of, profile_of_parts

ROWS = 1_000_000
GROUP, FILE = 500_000, 10_000_000  # rows of a row group, and of the largest file that is written
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
    """Each size in a process of its own: a file of row groups is read and profiled one group at a time."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "batch.parquet"
        groups = max(1, min(max(sizes), FILE) // GROUP)
        with pq.ParquetWriter(file, made(0, 1).schema) as writer:
            for number in range(groups):
                writer.write_table(made(1 + number, GROUP))
        for size in sizes:
            line = [sys.executable, "-m", "benchmarks.profiling", str(file), str(size)]
            counted, taken, read, peak = json.loads(subprocess.run(line, check=True, capture_output=True).stdout)
            shown = (f"{taken:.2f}", f"{1e6 * taken / counted:.2f}", f"{taken / read:.1f}", f"{peak:,.0f}")
            rows.append((f"{counted:,}", *shown))
    method = (
        f"The same columns in one Parquet file of {groups} row groups of {GROUP:,} rows. Each group is read, profiled on "
        f"the stored reference, merged and released. Beyond {groups * GROUP:,} rows the file is read again from its "
        "start, as further partitions. Each size is a process of its own; peak memory is all of it, imports included."
    )
    return Table("Growth of a profile", method, ("rows", "seconds", "µs a row", "times the reading", "peak MiB"), rows)


def streamed(file: str, size: int) -> tuple[int, float, float, float]:
    """Profile so many rows of a file against a reference and take all distances: the rows, seconds, seconds that the
    reading alone takes, peak MiB."""
    reference = profile_of(made(0, 100_000))
    before = time.perf_counter()
    for group in _groups(file, size):
        del group
    read = time.perf_counter() - before
    before = time.perf_counter()
    batch = profile_of_parts(_groups(file, size), like=reference)
    for name, column in batch.columns.items():
        all_distances(reference.columns[name], column)
    taken = time.perf_counter() - before
    return next(iter(batch.columns.values())).rows, taken, read, _peak()


def _peak() -> float:
    """The most memory that this process ever held, MiB. `getrusage` would count what its parent held when it was forked."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return float(status.read_text().split("VmHWM:")[1].split()[0]) / 1024


def _groups(file: str, size: int) -> Iterator[pa.Table]:
    """The file's row groups, from the start again while rows are left."""
    with pq.ParquetFile(file) as opened:
        for number in cycle(range(opened.num_row_groups)):
            if size <= 0:
                return
            group = opened.read_row_group(number).slice(0, size)
            size -= len(group)
            yield group


def made(seed: int, rows: int) -> pa.Table:
    """20 floats, 5 integers and 5 strings, 2 % nulls."""
    random = np.random.default_rng(seed)
    missing = random.uniform(size=rows) < 0.02
    columns = {f"f{i}": pa.array(random.normal(size=rows), mask=missing) for i in range(20)}
    columns |= {f"i{i}": pa.array(random.integers(0, 1000, rows), mask=missing) for i in range(5)}
    words = np.array([f"w{i:02}" for i in range(50)])
    columns |= {f"s{i}": pa.array(words[random.integers(0, 50, rows)], mask=missing) for i in range(5)}
    return pa.table(columns)


if __name__ == "__main__":
    if sys.argv[1:]:
        print(json.dumps(streamed(sys.argv[1], int(sys.argv[2]))))
    else:
        for table in measure():
            print(table.markdown(), flush=True)
