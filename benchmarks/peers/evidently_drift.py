"""Evidently with its defaults, in its own environment: `python evidently_drift.py FOLDER` prints JSON."""

import json
import sys
import time
from pathlib import Path

import pandas as pd
from evidently import Dataset, Report
from evidently.presets import DataDriftPreset

folder = Path(sys.argv[1])
reference = pd.read_parquet(folder / "reference.parquet").drop(columns="chunk")
started, found = time.perf_counter(), []
for _, batch in pd.read_parquet(folder / "batches.parquet").groupby("chunk"):
    run = Report([DataDriftPreset()]).run(
        Dataset.from_pandas(batch.drop(columns="chunk")), Dataset.from_pandas(reference)
    )
    ratios = []
    for metric in json.loads(run.json())["metrics"]:
        config = metric.get("config", {})
        if "column" in config and "threshold" in config:
            value, limit = float(metric["value"]), float(config["threshold"])
            p_value = "p_value" in config.get("method", "")
            ratios.append(limit / max(value, 1e-300) if p_value else value / limit)
    found.append({"alarms": sum(each > 1 for each in ratios), "worst": max(ratios, default=0.0)})
print(json.dumps({"seconds": time.perf_counter() - started, "batches": found}))
