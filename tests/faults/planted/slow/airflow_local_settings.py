"""Planted into the configuration of a proof's Airflow: every task runs ten times slower, and the product knows of none of it.

Airflow imports this file by its name. Beside the process of a task runs a brake. It stops the process for nine tenths of the
time, wherever the process is: between two steps, within a transaction, with a request on its way.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

BRAKE = """
import os, signal, sys, time
task = int(sys.argv[1])
while os.getppid() == task:
    os.kill(task, signal.SIGSTOP)
    time.sleep(0.45)
    os.kill(task, signal.SIGCONT)
    time.sleep(0.05)
"""


def task_policy(task: Any) -> None:
    """Called by Airflow when a DAG is read, in the task's own process too: there the task is slowed down from then on."""
    runner = sys.modules.get("airflow.sdk.execution_time.task_runner")
    if runner is not None and not hasattr(runner, "_at_full_speed"):
        runner._at_full_speed, runner._execute_task = runner._execute_task, _slowly


def _slowly(*args: Any, **more: Any) -> Any:
    runner = sys.modules["airflow.sdk.execution_time.task_runner"]
    with (Path(os.environ["AIRFLOW_HOME"]) / "slowed").open("a", encoding="utf-8") as log:
        log.write(f"{os.getpid()}\n")
    brake = subprocess.Popen([sys.executable, "-I", "-S", "-c", BRAKE, str(os.getpid())])
    try:
        return runner._at_full_speed(*args, **more)
    finally:
        _release(brake)


def _release(brake: subprocess.Popen[bytes]) -> None:
    """End the brake while it is this process that runs: it never dies between a stop and its end."""
    brake.kill()
    brake.wait()
