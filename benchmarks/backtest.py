"""The backtest's cost by number of batches, and twelve months of flights."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.table import Table
from gatehouse.settings import ROOT

DAYS = (50, 100, 200)
FILES = {
    "contract.yaml": """
use_case: daily
title: Small daily batches
owner: data engineering
source: {{kind: python, module: source}}
frequency: day
first_batch: 2021-01-01
tables:
  rows:
    key: [id]
    time_column: at
    columns: {{id: string, at: timestamp, x: number, z: number}}
    expectations:
      - {{expect: expect_column_values_to_not_be_null, severity: critical, reason: it is the key, args: {{column: id}}}}
outcomes:
  key: [id]
  columns: {{id: string, y: number}}
  label: y
  delay: 2 days
  expectations:
    - {{expect: expect_column_values_to_not_be_null, severity: critical, reason: it is the key, args: {{column: id}}}}
""",
    "source.py": """
import numpy as np
import pandas as pd

DAYS = pd.date_range("2021-01-01", periods={days}, tz="UTC").strftime("%Y-%m-%d").tolist()


def available():
    return DAYS


def _made(key, interval):
    number, random = DAYS.index(key), np.random.default_rng(DAYS.index(key))
    x, z = random.normal(size=(2, 200))
    chance = 1 / (1 + np.exp(-(x if number // 40 % 2 else -x)))
    at = pd.Timestamp(interval.start) + pd.to_timedelta(random.integers(0, 86_000, 200), unit="s")
    frame = pd.DataFrame({{"id": [f"{{key}}-{{row}}" for row in range(200)], "at": at, "x": x, "z": z}})
    return frame, (random.uniform(size=200) < chance).astype(float)


def fetch(key, interval):
    return {{"rows": _made(key, interval)[0]}}


def outcomes(key, interval):
    frame, label = _made(key, interval)
    return frame[["id"]].assign(y=label)
""",
    "model.py": """
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

SLICES = ()


def features(tables):
    return tables["rows"][["x", "z"]]


def target(outcomes):
    return outcomes["y"]


def estimators(seed):
    return {{"logistic": make_pipeline(StandardScaler(), LogisticRegression())}}
""",
    "retrain.yaml": """
task: classification
min_batches_first_training: 10
window: {{kind: rolling, batches: 20}}
holdout: {{batches: 7}}
selection_metric: log_loss
triggers:
  drift: {{min_rows: 100}}
  decay: {{metric: log_loss, margin: 0.02}}
cooldown_batches: 7
""",
    "gate.yaml": """
use_case: daily
metric: log_loss
no_champion: promote
review: {{approvers: [reviewer], timeout: 1 day, on_timeout: reject}}
resample_by: 1 day
min_rows: 100
min_blocks: 5
rules:
  - {{rule: not_worse_than_champion, description: Not worse., metric: log_loss, margin: 0.05}}
""",
    "RUNBOOK.md": "Call the data scientist.\n",
}


def measure() -> Table:
    """A row for each history; the last column is what a batch costs compared with the shortest history's."""
    rows, base = [], 0.0
    with tempfile.TemporaryDirectory() as path:
        for days in DAYS:
            wall, used, document = run(str(folder(Path(path) / str(days), days)))
            base = base or used / days
            trained = document["totals"]["trainings"]
            rows.append(
                (f"{days} days of 200 rows", str(trained), f"{wall:.0f}", f"{used:.0f}", f"{used / days / base:.2f}")
            )
    wall, used, document = run("flight_delays")
    rows.append(("12 months of flights", str(document["totals"]["trainings"]), f"{wall:.0f}", f"{used:.0f}", ""))
    method = "`gatehouse backtest --json` as a process of its own, PostgreSQL and all imports included."
    headings = ("history", "trainings", "seconds", "processor seconds", "processor time a batch, against 50 days")
    return Table("Backtest", method, headings, rows)


def folder(path: Path, days: int) -> Path:
    """A use case of small daily batches whose concept turns round every forty days."""
    made = path / "daily"
    made.mkdir(parents=True)
    for name, text in FILES.items():
        (made / name).write_text(text.format(days=days).lstrip(), encoding="utf-8")
    return made


def run(use_case: str) -> tuple[float, float, dict[str, dict[str, int]]]:
    """Wall and processor seconds of one backtest, and what it found."""
    started, before = time.perf_counter(), os.times()
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "include")}
    line = [sys.executable, "-m", "gatehouse", "backtest", use_case, "--json"]
    done = subprocess.run(line, env=environment, capture_output=True, text=True, check=True)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - started, used, json.loads(done.stdout)


if __name__ == "__main__":
    print(measure().markdown())
