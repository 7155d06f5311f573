"""NannyML's univariate drift with its defaults, in its own environment: `python nannyml_drift.py FOLDER` prints JSON."""

import contextlib
import json
import os
import sys
import time
import warnings
from pathlib import Path

warnings.simplefilter("ignore")
os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
import nannyml  # noqa: E402
import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

folder = Path(sys.argv[1])
reference, batches = (pd.read_parquet(folder / f"{name}.parquet") for name in ("reference", "batches"))
columns = [name for name in reference if name != "chunk"]
rows = int((batches["chunk"] == 0).sum())
with contextlib.redirect_stdout(sys.stderr):
    started = time.perf_counter()
    calculator = nannyml.UnivariateDriftCalculator(column_names=columns, chunk_size=rows).fit(reference)
    result = calculator.calculate(batches).filter(period="analysis").to_df()
    seconds = time.perf_counter() - started
found = []
for _, row in result.iterrows():
    alarms = [bool(row[each]) for each in result.columns if each[-1] == "alert"]
    ratios = [
        row[(*each[:-1], "value")] / max(float(row[each]), 1e-9)
        for each in result.columns
        if each[-1] == "upper_threshold" and row[each] is not None and np.isfinite(row[each])
    ]
    found.append({"alarms": sum(alarms), "worst": float(max(ratios, default=0.0))})
print(json.dumps({"seconds": seconds, "batches": found}))
