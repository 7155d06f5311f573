"""Landing a batch of 30 columns from one CSV, one Parquet file and PostgreSQL, each size in a process of its own."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from benchmarks.table import Table
from gatehouse.adapters.lake import open_lake
from gatehouse.adapters.sources import open_source
from gatehouse.core.config.contract import Contract
from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.dev_stack.temp_postgres import temporary_postgres
from gatehouse.pipeline.land import store_table

SIZES = tuple(int(float(each)) for each in os.environ.get("GATEHOUSE_LANDED", "1e5,1e6,1e7").split(","))
STEP = 250_000  # rows that are made at once
KEY = "2024-03"
COLUMNS = {
    "id": "integer", "at": "timestamp", "day": "date", "name": "string",
    **{f"f{n}": "number" for n in range(10)}, **{f"i{n}": "integer" for n in range(8)},
    **{f"s{n}": "string" for n in range(5)}, **{f"b{n}": "boolean" for n in range(3)},
}  # fmt: skip
QUERY = """
    SELECT n AS id, CAST(:start AS timestamptz) + n * interval '0.2 seconds' AS at, DATE '2024-03-01' AS day,
    'c' || n % 1000 AS name,
    {columns} FROM (SELECT generate_series(1, {rows}) AS n) made WHERE :start < :end"""


def measure() -> list[Table]:
    """A row for each source and size."""
    with tempfile.TemporaryDirectory() as folder, temporary_postgres(Path(folder) / "database") as server:
        os.environ["LANDED"] = server.url("postgres", "postgres")
        rows = [_row(kind, size, Path(folder)) for kind in ("csv", "parquet", "sql") for size in SIZES]
    method = (
        "A batch of 30 columns: 10 floats, 10 integers, 6 texts, 3 truth values and a day, some quoted, some null. "
        "`sql` is PostgreSQL. Memory is the peak of the landing process, Python and its libraries included."
    )
    return [Table("Landing", method, ("source", "rows", "s", "peak MiB", "MiB in the lake"), rows)]


def _row(kind: str, rows: int, folder: Path) -> tuple[str, ...]:
    delivery = folder / "drop" / f"rows_{KEY}.{kind}"
    delivery.parent.mkdir(exist_ok=True)
    if kind != "sql":
        _write(delivery, rows)
    command = [sys.executable, "-m", "benchmarks.landing", kind, str(rows), str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    delivery.unlink(missing_ok=True)
    found = json.loads(done.stdout.splitlines()[-1])
    return kind, f"{rows:,}", f"{found['seconds']:.0f}", f"{found['peak']:,}", f"{found['lake']:,}"


def _write(path: Path, rows: int) -> None:
    made = _made(rows)
    first = next(made)
    writer = pq.ParquetWriter(path, first.schema) if path.suffix == ".parquet" else csv.CSVWriter(path, first.schema)
    with writer:
        writer.write_table(first)
        for table in made:
            writer.write_table(table)


def _made(rows: int) -> Iterator[pa.Table]:
    random = np.random.default_rng(7)
    words = np.array(["north", "süd", "east, far", 'west "W"', ""], dtype=object)
    for begin in range(0, rows, STEP):
        count = min(STEP, rows - begin)
        number = np.arange(begin, begin + count)
        moments = np.datetime64("2024-03-01T00:00:00") + (number * 2_600_000 // rows).astype("m8[s]")
        made = {
            "id": number, "at": np.datetime_as_string(moments), "day": np.datetime_as_string(moments.astype("M8[D]")),
            "name": [f"c{each}" for each in random.integers(0, 10**6, count)],
            **{f"f{n}": np.round(random.normal(100, 20, count), 2) for n in range(10)},
            **{f"i{n}": pa.array(random.integers(0, 1000, count), mask=random.random(count) < 0.02) for n in range(8)},
            **{f"s{n}": pa.array(words[random.integers(0, 5, count)], pa.string()) for n in range(5)},
            **{f"b{n}": random.random(count) < 0.3 for n in range(3)},
        }  # fmt: skip
        yield pa.table(made)


def _query(rows: int) -> str:
    kinds = {
        "number": "n / 7.0::float8",
        "integer": "NULLIF(n % 50, 0)",
        "string": "'s' || n % 5",
        "boolean": "n % 3 = 0",
    }
    columns = ", ".join(f"{kinds[kind]} AS {name}" for name, kind in list(COLUMNS.items())[4:])
    return QUERY.format(columns=columns, rows=rows)


def _land(kind: str, rows: int, folder: Path) -> None:
    """Land the batch in this process, and print what it took."""
    outcomes = "SELECT 1 AS id, 1.0 AS y WHERE :start > :end"
    queries = {"kind": "sql", "connection": "LANDED", "queries": {"rows": _query(rows), "outcomes": outcomes}}
    files = {"kind": "files", "address": "drop", "pattern": f"{{table}}_{{key}}.{kind}"}
    spec = {
        "use_case": "landed", "title": "t", "owner": "o", "frequency": "month", "first_batch": KEY,
        "source": queries if kind == "sql" else files,
        "tables": {"rows": {"key": ["id"], "time_column": "at", "columns": COLUMNS}},
        "outcomes": {"key": ["id"], "columns": {"id": "integer", "y": "number"}, "label": "y", "delay": "1 month"},
    }  # fmt: skip
    source = open_source(Contract.model_validate_json(json.dumps(spec)), folder)
    lake, started = open_lake(str(folder / f"lake_{kind}")), time.perf_counter()
    with source.parts(KEY, batch_interval("month", KEY)) as tables:
        file = store_table(lake, tables["rows"])
    taken = time.perf_counter() - started
    if file.rows != rows:
        raise AssertionError(f"{kind}: {file.rows} of {rows} rows landed")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"seconds": taken, "peak": peak, "lake": file.size // 2**20}))


if __name__ == "__main__":
    _land(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
