"""How long Airflow takes to parse the DAG files of many use cases."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.table import Table
from gatehouse.settings import ROOT

TEMPLATE = ROOT / "include" / "gatehouse" / "cli" / "template"
CODE = """
import sys, time
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
import airflow.sdk, airflow.providers.standard.operators.hitl, gatehouse_airflow.dag_defaults, gatehouse.use_case
started = time.perf_counter()
for path in sorted(Path(sys.argv[1]).glob("*.py")):
    spec = spec_from_file_location("bench_" + path.stem, path)
    spec.loader.exec_module(module_from_spec(spec))
print(time.perf_counter() - started)
"""


def measure() -> Table:
    rows = []
    for count in (1, 50, 200):
        with tempfile.TemporaryDirectory() as folder:
            taken = _parse(Path(folder), count)
        rows.append((str(count), str(count * 4 + 1), f"{taken:.2f}", f"{taken / count * 1000:.1f}"))
    method = "All DAG files in one clean process; the imports of Airflow's SDK (the same for any DAG) are not counted."
    return Table("Parsing the DAG files", method, ("use cases", "DAGs", "seconds", "ms a use case"), rows)


def _parse(folder: Path, count: int) -> float:
    for number in range(count):
        made = folder / "usecases" / f"case_{number:03}"
        shutil.copytree(TEMPLATE, made, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("contract.yaml", "gate.yaml"):
            text = re.sub("use_case: template", f"use_case: case_{number:03}", (made / name).read_text())
            (made / name).write_text(text)
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "include"),
        "AIRFLOW_HOME": str(folder / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "GATEHOUSE_USECASES": str(folder / "usecases"),
    }
    command = [sys.executable, "-c", CODE, str(ROOT / "dags")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout.strip().splitlines()[-1])
