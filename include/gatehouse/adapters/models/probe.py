"""Measures a model file in a clean process: does it load, does it predict, how fast.

    python -m gatehouse.adapters.models.probe MODEL SHA256 FEATURES.parquet TASK

prints one JSON document. The seconds of loading do not count the import of scikit-learn: a service pays that once.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from gatehouse.core.evidence import Task
from gatehouse.ports import Probe
from gatehouse.settings import ROOT

if TYPE_CHECKING:
    import pandas as pd

TIMEOUT_SECONDS = 120
REPEATS = 3


def measure(data: bytes, sha256: str, features: pd.DataFrame, task: Task) -> Probe:
    """Load and predict in a process that shares nothing with this one; what goes wrong is the probe's `error`."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-probe-") as folder:
        model, rows = Path(folder) / "model.skops", Path(folder) / "features.parquet"
        model.write_bytes(data)
        features.to_parquet(rows)
        command = [sys.executable, "-m", "gatehouse.adapters.models.probe", str(model), sha256, str(rows), task]
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "OMP_NUM_THREADS") if name in os.environ}
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False,
                env=kept | {"PYTHONPATH": str(ROOT / "include")},
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return Probe(len(data), None, None, f"no answer within {TIMEOUT_SECONDS} s")
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        return Probe(len(data), None, None, lines[-1][:500])
    return Probe(len(data), **json.loads(done.stdout))


def main(model: str, sha256: str, rows: str, task: str) -> None:
    """The clean process."""
    import pandas as pd
    import skops.io  # noqa: F401 - imported, with scikit-learn, before the clock starts

    from gatehouse.adapters.models.archive import loads
    from gatehouse.adapters.models.store import predictions

    features = pd.read_parquet(rows)
    started = time.perf_counter()
    estimator = loads(Path(model).read_bytes(), sha256)
    loaded = time.perf_counter() - started
    seconds = min(_timed(estimator, features, task, predictions) for _ in range(REPEATS))
    print(json.dumps({"load_seconds": loaded, "rows_per_second": len(features) / seconds if seconds else None}))  # noqa: T201


def _timed(estimator: Any, features: pd.DataFrame, task: str, predict: Any) -> float:
    started = time.perf_counter()
    predict(estimator, features, cast("Task", task))
    return time.perf_counter() - started


if __name__ == "__main__":
    main(*sys.argv[1:])
