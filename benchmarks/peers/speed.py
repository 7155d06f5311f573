"""The same two files compared by every tool: from Parquet to distances, imports not counted."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.peers import environment
from benchmarks.profiling import made
from benchmarks.table import Table
from gatehouse.core.drift import all_distances
from gatehouse.core.profiling import profile_of

ROWS = 1_000_000


def measure(home: Path, rows: int = ROWS) -> list[Table]:
    """Seconds and how many times ours."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number, file in enumerate(("reference", "batches")):
            table = made(number, rows)
            zeros = pc.multiply(table["i0"].fill_null(0), 0)
            pq.write_table(table.append_column("chunk", zeros), folder / f"{file}.parquet")
        reference = profile_of(pq.read_table(folder / "reference.parquet").drop_columns("chunk"))
        started = time.perf_counter()
        batch = profile_of(pq.read_table(folder / "batches.parquet").drop_columns("chunk"), like=reference)
        for column in reference.columns:
            all_distances(reference.columns[column], batch.columns[column])
        mine = time.perf_counter() - started
        others = {tool: environment.run(home, tool, folder)["seconds"] for tool in environment.VERSIONS}
    found = [("gatehouse, reading included", f"{mine:.2f}", "1")]
    found += [(tool, f"{seconds:.1f}", f"{seconds / mine:.0f}") for tool, seconds in others.items()]
    method = (
        f"{rows:,} rows of 20 floats, 5 integers and 5 strings against a reference of as many: Gatehouse reads the batch, "
        "profiles it on the stored reference and takes all distances; Evidently runs `DataDriftPreset`, NannyML its "
        "univariate calculator, fit and calculate, both from frames in memory at their defaults."
    )
    return [Table("Drift of one batch, beside other tools", method, ("tool", "seconds", "times ours"), found)]
