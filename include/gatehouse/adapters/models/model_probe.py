"""Measures a model file in a clean process: does it load, does it predict, how fast.

    python -m gatehouse.adapters.models.model_probe MODEL SHA256 FEATURES.parquet TASK TRUST

prints one JSON document; TRUST is JSON too. Neither seconds nor memory count the import of libraries: a service pays that
once.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from gatehouse.adapters.code_process.confine import confine
from gatehouse.core.gate.evidence import Task
from gatehouse.ports import ModelProbe, ModelTrust
from gatehouse.settings import PACKAGES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkServerContext, SpawnContext

    import pandas as pd

# What opening a model imports: done before the clock starts, and before memory is looked at.
PAID_ONCE = (
    "pandas", "pyarrow.parquet", "skops.io", "sklearn.compose", "sklearn.ensemble", "sklearn.impute",
    "sklearn.linear_model", "sklearn.pipeline", "sklearn.preprocessing", "sklearn.tree",
    "gatehouse.adapters.models.skops_format", "gatehouse.adapters.models.sklearn_models",
)  # fmt: skip
TIMEOUT_SECONDS = 1200  # for a model that hangs; a slow machine must not change a verdict
REPEATS = 3


def measure(data: bytes, sha256: str, features: pd.DataFrame, task: Task, trust: ModelTrust) -> ModelProbe:
    """Load and predict in a process that shares nothing with this one; what goes wrong is the probe's `error`."""
    with _files(data, features) as (model, rows):
        asked = [str(model), sha256, str(rows), task, _told(trust)]
        command = [sys.executable, "-m", "gatehouse.adapters.models.model_probe", *asked]
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "OMP_NUM_THREADS") if name in os.environ}
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False,
                env=kept | {"PYTHONPATH": str(PACKAGES)},
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return ModelProbe(len(data), None, None, f"no answer within {TIMEOUT_SECONDS} s")
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        return ModelProbe(len(data), None, None, lines[-1][:500])
    return ModelProbe(len(data), **json.loads(done.stdout))


def measure_in(
    context: ForkServerContext | SpawnContext,
    data: bytes,
    sha256: str,
    features: pd.DataFrame,
    task: Task,
    trust: ModelTrust,
) -> ModelProbe:
    """As `measure`, in a process forked from the context's server, which shares nothing with this one either. A process
    that hangs or dies is ended and is that probe's error alone."""
    heard, said = context.Pipe(duplex=False)
    with _files(data, features) as (model, rows), heard:
        process = context.Process(target=_answer, args=(said, str(model), sha256, str(rows), task, _told(trust)))
        process.start()
        said.close()
        try:
            found = heard.recv() if heard.poll(TIMEOUT_SECONDS) else f"no answer within {TIMEOUT_SECONDS} s"
        except EOFError:
            found = "the process died without an answer"
        process.kill()
        process.join()
    return ModelProbe(len(data), None, None, found) if isinstance(found, str) else ModelProbe(len(data), **found)


def _told(trust: ModelTrust) -> str:
    """What the clean process needs to know of it; own code is in the model file."""
    return json.dumps([trust.types, trust.max_bytes])


def _answer(said: Connection, *asked: str) -> None:
    try:
        said.send(measured(*asked))
    except Exception as error:
        said.send(f"{type(error).__name__}: {error}"[:500])


@contextmanager
def _files(data: bytes, features: pd.DataFrame) -> Iterator[tuple[Path, Path]]:
    """The model and the rows where the clean process finds them."""
    with tempfile.TemporaryDirectory(prefix="gatehouse-probe-") as folder:
        model, rows = Path(folder) / "model.skops", Path(folder) / "features.parquet"
        model.write_bytes(data)
        features.to_parquet(rows)
        yield model, rows


def measured(model: str, sha256: str, rows: str, task: str, told: str) -> dict[str, Any]:
    """What the clean process finds, as `ModelProbe` names it."""
    for name in PAID_ONCE:
        import_module(name)
    import pandas as pd

    from gatehouse.adapters.models.sklearn_models import predictions
    from gatehouse.adapters.models.skops_format import import_libraries, loads

    types, most = json.loads(told)
    trust = ModelTrust(tuple(types), most)
    features = pd.read_parquet(rows)
    import_libraries(Path(model).read_bytes(), sha256)
    before = _before()
    confine([Path(model).parent], [])  # own code in the file is run from here on
    started = _clock()
    estimator = loads(Path(model).read_bytes(), sha256, trust)
    loaded = _clock() - started
    seconds = min(_timed(estimator, features, task, predictions) for _ in range(REPEATS))
    after = _peak()
    return {
        "load_seconds": loaded,
        "rows_per_second": len(features) / seconds if seconds else None,
        "memory_bytes": None if before is None or after is None else max(0, after - before),
    }


def _before() -> int | None:
    """The memory of this process in bytes, from which its peak is counted. Where the system cannot count anew, that is
    the peak so far: then what is measured is too little rather than too much."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return _peak()
    return _memory("VmRSS")


def _peak() -> int | None:
    """The peak of this process's memory in bytes; None where no system call tells. On Linux it is read from `/proc`:
    `ru_maxrss` would not do, a process inherits that of the one that started it."""
    found = _memory("VmHWM")
    if found is not None:
        return found
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _memory(name: str) -> int | None:
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.is_file() else []
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), None)


def _timed(estimator: Any, features: pd.DataFrame, task: str, predict: Any) -> float:
    started = _clock()
    predict(estimator, features, cast("Task", task))
    return _clock() - started


def _clock() -> float:
    """Seconds, without those in which this thread could have run and no processor was free: a model is no slower because
    the machine is busy. Where the system does not count them, all seconds."""
    try:
        waited = int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        waited = 0.0
    return time.perf_counter() - waited


if __name__ == "__main__":
    print(json.dumps(measured(*sys.argv[1:])))  # noqa: T201
