"""Parses every DAG file as Airflow would and prints one JSON document about them; any connection is an error.

python parse_dags.py FOLDER_OF_DAGS
"""

from __future__ import annotations

import json
import socket
import sys
import warnings
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

DAG_REGISTRY: list[Any] = []
HEAVY = ("sklearn", "mlflow", "great_expectations", "psycopg2", "matplotlib", "scipy", "pandas")


def refuse(*_args: Any, **_kwargs: Any) -> None:
    raise AssertionError("parsing a DAG file opened a connection")


def described(dag: Any) -> dict[str, Any]:
    return {
        "file": Path(dag.fileloc).name,
        "tags": sorted(dag.tags),
        "doc": dag.doc_md or "",
        "description": dag.description or "",
        "start": dag.start_date.isoformat(),
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "params": {name: param.schema | {"description": param.description} for name, param in dag.params.items()},
        "tasks": {task.task_id: of_task(task) for task in dag.tasks},
        "seconds": {
            task.task_id: task.execution_timeout and task.execution_timeout.total_seconds() for task in dag.tasks
        },
        "queues": {task.task_id: (task.queue, task.pool) for task in dag.tasks},
    }


def of_task(task: Any) -> dict[str, Any]:
    return {
        "retries": task.retries,
        "policy": bool(task.retry_policy),
        "mapped": task.is_mapped,
        "trigger": getattr(task.trigger_rule, "value", task.trigger_rule),
    }


def main(folder: Path) -> None:
    warnings.simplefilter("error", DeprecationWarning)
    warnings.simplefilter("error", ImportWarning)

    socket.socket.connect = refuse
    dags = {}
    for path in sorted(folder.glob("*.py")):
        spec = spec_from_file_location(f"dag_file_{path.stem}", path)
        module = module_from_spec(spec)
        before = set(DAG_REGISTRY)
        spec.loader.exec_module(module)
        dags |= {dag.dag_id: described(dag) for dag in set(DAG_REGISTRY) - before}
    print(json.dumps({"dags": dags, "heavy": [name for name in HEAVY if name in sys.modules]}))


def register() -> None:
    """Remember each DAG when it is made: a DAG of a factory is no global of its file."""
    from airflow.sdk import DAG

    original = DAG.__attrs_post_init__ if hasattr(DAG, "__attrs_post_init__") else None

    def remembering(self: Any, *args: Any, **kwargs: Any) -> None:
        if original:
            original(self, *args, **kwargs)
        DAG_REGISTRY.append(self)

    DAG.__attrs_post_init__ = remembering


if __name__ == "__main__":
    register()
    main(Path(sys.argv[1]))
