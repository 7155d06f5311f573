"""The real ingest and watch DAGs of one use case, run by Airflow itself in this process; one JSON document about them.

python divided_runs.py STAGE:BATCH...    (ingest:2024-01, watch:2024-01.r1); writes runs.json
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from airflow import settings
from airflow.models import import_all_models
from airflow.models.base import Base
from airflow.sdk import DAG
from airflow.utils.db import synchronize_log_template

from gatehouse.settings import ROOT

MADE: dict[str, Any] = {}


def found(stage: str) -> Any:
    """The DAG of a stage that the DAG file makes (a factory keeps it in no global)."""
    original = DAG.__attrs_post_init__

    def remembering(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        MADE[self.dag_id] = self

    DAG.__attrs_post_init__ = remembering
    spec = spec_from_file_location("all_dags", ROOT / "dags" / "use_cases.py")
    spec.loader.exec_module(module_from_spec(spec))
    DAG.__attrs_post_init__ = original
    return MADE[f"rides__{stage}"]


def run(dag: Any, **conf: str) -> dict[str, Any]:
    done = dag.test(run_conf=conf)
    tasks = Counter(f"{ti.task_id} {ti.state}" for ti in done.get_task_instances())
    return {"run": str(done.state), "tasks": dict(sorted(tasks.items()))}


if __name__ == "__main__":
    import_all_models()
    Base.metadata.create_all(settings.engine)
    synchronize_log_template()
    wanted = [each.split(":") for each in sys.argv[1:]]
    dags = {stage: found(stage) for stage, _ in wanted}
    Path("runs.json").write_text(json.dumps([run(dags[stage], batch=batch) for stage, batch in wanted]))
