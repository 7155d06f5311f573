"""What Airflow needs of Gatehouse: DAGs, assets, forms, retry policy, the wait for a batch's turn, and the tasks' bodies.

The only package under `include/` that imports Airflow. A DAG file needs two lines of it:

    from gatehouse_airflow import build_dags
    build_dags("use_cases/")
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def build_dags(*folders: str | os.PathLike[str]) -> None:
    """Build all DAGs of the use cases in these folders; call it once, at the top level of one DAG file.

    Args:
        folders: Folders that hold use cases. A relative one is beside the DAG file. Without any, the folders that
            `[gatehouse] use_cases` of Airflow's configuration or GATEHOUSE_USECASES names.
    """
    from gatehouse_airflow.configure import configure
    from gatehouse_airflow.dags.build import build_all

    if folders:
        beside = Path(sys._getframe(1).f_globals["__file__"]).resolve().parent
        os.environ["GATEHOUSE_USECASES"] = os.pathsep.join(str(beside / folder) for folder in folders)
    configure()
    build_all()
