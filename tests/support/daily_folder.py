"""A use-case folder of small daily batches on CSV files, with the accidents of a real history."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

DAYS, ROWS = 16, 40
# numbers of days: rows, no outcomes, outcomes, labels, features() raises, a model that divides by x
CORRUPT, LOST, UNREADABLE, ONE_CLASS, RAISES, ZERO = 3, 5, 8, 9, 12, 14

CONTRACT = """
use_case: shop
title: Orders that come back
owner: data engineering
source: {kind: files, address: data, pattern: "{table}_{key}.csv"}
frequency: day
first_batch: 2021-01-01
tables:
  rows:
    key: [id]
    time_column: at
    columns: {id: string, at: timestamp, x: number, group: string}
    expectations:
      - {expect: expect_column_values_to_not_be_null, severity: critical, reason: it is the key, args: {column: id}}
      - {expect: expect_column_values_to_be_between, severity: warning, reason: a usual order, args: {column: x, max_value: 2}}
outcomes:
  key: [id]
  columns: {id: string, y: number}
  label: y
  delay: 1 day
  expectations:
    - {expect: expect_column_values_to_not_be_null, severity: critical, reason: it is the key, args: {column: id}}
"""
MODEL = """
import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

SLICES = ("group",)


print("model.py is read")


def features(tables):
    rows = tables["rows"]
    print("features are made")
    if str(rows["at"].iloc[0]).startswith("2021-01-13"):
        raise ValueError("the thirteenth")
    with np.errstate(divide="ignore"):
        return rows[["x", "group"]].assign(inverse=1 / rows["x"])


def target(outcomes):
    return outcomes["y"]


def estimators(seed):
    return {"logistic": make_pipeline(ColumnTransformer([("number", "passthrough", ["x", "inverse"])]), LogisticRegression())}
"""
RETRAIN = """
task: classification
min_batches_first_training: 7
holdout: {batches: 5}
selection_metric: log_loss
min_maturity: 0.5
triggers: {every_batches: 4}
"""
GATE = """
use_case: shop
metric: log_loss
no_champion: promote
review: {approvers: [reviewer], timeout: 1 day, on_timeout: reject}
resample_by: 1 day
min_rows: 20
min_blocks: 5
rules:
  - {rule: enough_rows, description: At least twenty rows., min_rows: 20, min_maturity: 0.5}
"""


def daily_folder(path: Path) -> Path:
    """Write the folder `shop` below `path`: sixteen days, one of them corrupt, one without outcomes, and so on."""
    folder, random = path / "shop", np.random.default_rng(5)
    data = folder / "data"
    data.mkdir(parents=True)
    for number, day in enumerate(pd.date_range("2021-01-01", periods=DAYS, tz="UTC")):
        key, x = f"{day:%Y-%m-%d}", random.normal(size=ROWS)
        label = (random.uniform(size=ROWS) < 1 / (1 + np.exp(-2 * x))).astype("float64")
        names = [f"{key}-{row}" for row in range(ROWS)]
        at = day + pd.to_timedelta(random.integers(0, 86_000, ROWS), unit="s")
        rows = pd.DataFrame({"id": names, "at": at, "x": x, "group": random.choice(["a", "b"], ROWS)})
        rows.to_csv(data / f"rows_{key}.csv", index=False)
        if number == ZERO:
            rows.loc[7, "x"] = 0.0
            rows.to_csv(data / f"rows_{key}.csv", index=False)
        if number == CORRUPT:
            (data / f"rows_{key}.csv").write_bytes(b"\x00\xff\xfe not a table")
        if number == ONE_CLASS:
            label[:] = 0.0
        if number == UNREADABLE:
            (data / f"outcomes_{key}.csv").write_bytes(b"\x00\xff\xfe")
        elif number != LOST:
            pd.DataFrame({"id": names, "y": label}).to_csv(data / f"outcomes_{key}.csv", index=False)
    files = {"contract.yaml": CONTRACT, "model.py": MODEL, "retrain.yaml": RETRAIN, "gate.yaml": GATE}
    for name, text in {**files, "RUNBOOK.md": "Call the data scientist.\n"}.items():
        (folder / name).write_text(text.lstrip(), encoding="utf-8")
    return folder
