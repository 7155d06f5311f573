"""What MLflow has words of its own for: dataset inputs, evaluation tables, tags and metrics."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from gatehouse.core.types import FileRef
from gatehouse.ports import Table

MAX_TAG = 4900
LOGGED = "mlflow.loggedArtifacts"  # the tag by which MLflow's pages know which artefacts are tables
FOLDER = "evaluation"
PAUSES = (0.1, 0.3, 1.0)  # seconds between the tries of what other writers were faster with
RACED = re.compile(r"UniqueViolation|UNIQUE constraint|Duplicate entry")  # PostgreSQL, SQLite, MySQL
_KINDS = {"float": "double", "int": "long", "bool": "boolean", "datetime": "datetime"}


def dataset_input(context: str, file: FileRef, batches: Sequence[Any], columns: Mapping[str, str]) -> Any:
    """A file of the lake as a dataset of MLflow: name, digest, source, schema and size. The digest is the beginning of
    the sha256 (MLflow keeps 36 characters), the source the file's path in the lake."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    keys = [getattr(batch, "key", str(batch)) for batch in batches]
    span = "" if not keys else f" {keys[0]}" if len(keys) == 1 else f" {keys[0]} to {keys[-1]}"
    spec = [{"name": name, "type": _kind(kind), "required": False} for name, kind in columns.items()]
    entity = Dataset(
        name=f"{context}{span}",
        digest=file.sha256[:36],
        source_type="lake",
        source=json.dumps({"uri": file.path, "sha256": file.sha256}),
        schema=json.dumps({"mlflow_colspec": spec}) if spec else None,
        profile=json.dumps({"num_rows": file.rows, "num_elements": (file.rows or 0) * len(spec)}),
    )
    return DatasetInput(entity, [InputTag("mlflow.data.context", context)])


def _kind(kind: str) -> str:
    """pandas' name of a type as MLflow's."""
    return next((ours for theirs, ours in _KINDS.items() if kind.lower().startswith(theirs)), "string")


def log_inputs(client: Any, run_id: str, inputs: Sequence[Any]) -> None:
    """Log dataset inputs. MLflow looks for a dataset's row and then inserts it: of candidates that log the same rows at once
    it refuses all but one, so a refused one asks again and finds the row."""
    from mlflow.exceptions import MlflowException

    for pause in (*PAUSES, None):
        try:
            client.log_inputs(run_id, inputs)
        except MlflowException as error:
            if pause is None or not RACED.search(str(error)):
                raise
            time.sleep(pause)
        else:
            return


def log_tables(client: Any, run_id: str, tables: Mapping[str, Table]) -> None:
    """Log tables as MLflow's `log_table` does, in place of what an earlier attempt logged: `log_table` itself appends, so
    a task that is repeated would double every row."""
    for name, table in tables.items():
        document = {"columns": list(table.columns), "data": [[_cell(value) for value in row] for row in table.rows]}
        client.log_text(run_id, json.dumps(document, ensure_ascii=False), f"{FOLDER}/{name}")
    if tables:
        logged = [{"path": f"{FOLDER}/{name}", "type": "table"} for name in sorted(tables)]
        client.set_tag(run_id, LOGGED, json.dumps(logged))


def _cell(value: Any) -> Any:
    """JSON has no NaN and no infinity, and a page that reads one shows no table at all."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def log_values(client: Any, run_id: str, metrics: Mapping[str, float], tags: Mapping[str, str]) -> None:
    """Metrics and tags in one request. A metric keeps one point: it has the time at which its run began."""
    from mlflow.entities import Metric, RunTag

    began = int(client.get_run(run_id).info.start_time or time.time() * 1000)
    points = [Metric(name, value, began, 0) for name, value in metrics.items()]
    client.log_batch(run_id, points, [], [RunTag(name, value[:MAX_TAG]) for name, value in tags.items()])
