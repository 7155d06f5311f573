"""A DAG with maintenance's last two steps, run by Airflow itself in this process; prints one JSON document.

python small_maintenance.py HOW...    for each: red (the check finds something), green (it finds nothing), lost (it dies before
                                 it has looked)
"""

from __future__ import annotations

import json
import os
import sys

from airflow import settings
from airflow.models import import_all_models
from airflow.models.base import Base
from airflow.sdk import dag, task
from airflow.utils.db import synchronize_log_template

from gatehouse_airflow.notification_tasks import record_health_issues, tell


@dag(schedule=None)
def small():
    @task
    def check():
        how = os.environ["HOW"]
        if how == "lost":
            raise RuntimeError("the database went away")
        record_health_issues({"rides": "gate.yaml:3: unknown key `rulez`"} if how != "green" else {}, [])
        if how != "green":
            raise RuntimeError("use case rides cannot be read")

    check() >> tell({})


made = small()  # Airflow finds it in the file, which the test puts into a folder of DAGs


def run(how: str) -> dict[str, object]:
    os.environ["HOW"] = how
    done = made.test()
    return {"run": str(done.state), "tasks": {ti.task_id: str(ti.state) for ti in done.get_task_instances()}}


if __name__ == "__main__":
    import_all_models()
    Base.metadata.create_all(settings.engine)
    synchronize_log_template()
    print(json.dumps([run(how) for how in sys.argv[1:]]))
