"""LocalExecutor whose workers are forked with the heavy libraries already imported.

A task's process is a fork of a worker, which is a fork of the scheduler: what the scheduler has imported costs a task
nothing. Only third-party modules, and only imported: no thread is started and no connection opened before the fork, and
our own code is read afresh by each task.
"""

from __future__ import annotations

from importlib import import_module

from airflow.executors.local_executor import LocalExecutor

WARM = (
    "pandas", "pyarrow.parquet", "scipy.stats", "sklearn.compose", "sklearn.ensemble", "sklearn.linear_model",
    "sklearn.pipeline", "sklearn.inspection", "skops.io", "mlflow.sklearn", "great_expectations",
    "matplotlib.figure", "matplotlib.backends.backend_svg", "psycopg2",
)  # fmt: skip


class WarmLocalExecutor(LocalExecutor):
    """Imports first, forks then."""

    def start(self) -> None:
        """Warm up and start the workers."""
        for name in WARM:
            import_module(name)
        super().start()
