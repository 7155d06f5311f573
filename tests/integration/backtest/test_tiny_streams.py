"""Batches so small that nothing can be measured: the backtest ends with a result, and nothing in it is made up."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gatehouse.backtest import backtest
from gatehouse.cli.backtest_table import human
from gatehouse.core.audit.canonical_json import canonical
from gatehouse.reports.backtest import backtest_report
from gatehouse.use_case import load
from support.daily_folder import CONTRACT, GATE, MODEL, RETRAIN

Labels = Callable[[int, int], "list[float] | None"]


def chance(day: int, rows: int) -> list[float]:
    return np.random.default_rng(day).integers(0, 2, rows).astype(float).tolist()


def tiny(path: Path, sizes: list[int], labels: Labels) -> Path:
    """A use case whose days have so many rows; `labels` are those of a day, None where no outcomes come."""
    folder = path / "shop"
    (folder / "data").mkdir(parents=True)
    for number, day in enumerate(pd.date_range("2021-01-01", periods=len(sizes), tz="UTC")):
        key, size = f"{day:%Y-%m-%d}", sizes[number]
        names = [f"{key}-{row}" for row in range(size)]
        x = np.random.default_rng(number).normal(size=size)
        rows = pd.DataFrame({"id": names, "at": day + pd.to_timedelta(np.arange(size), unit="s"), "x": x, "group": "a"})
        rows.to_csv(folder / "data" / f"rows_{key}.csv", index=False)
        delivered = labels(number, size)
        if delivered is not None:
            outcomes = pd.DataFrame({"id": names, "y": delivered})
            outcomes.to_csv(folder / "data" / f"outcomes_{key}.csv", index=False)
    retrain = RETRAIN.replace("min_batches_first_training: 7", "min_batches_first_training: 2").replace(
        "{batches: 5}", "{batches: 1}"
    )
    retrain = retrain.replace(
        "{every_batches: 4}", "{every_batches: 2, decay: {metric: log_loss, margin: 0.02}, calibration: {gap: 0.05}}"
    )
    gate = GATE.replace("min_rows: 20", "min_rows: 1")
    files = {"contract.yaml": CONTRACT, "model.py": MODEL, "retrain.yaml": retrain, "gate.yaml": gate}
    for name, text in {**files, "RUNBOOK.md": "Call the data scientist.\n"}.items():
        (folder / name).write_text(text.lstrip(), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("sizes", "labels"),
    [
        pytest.param([], chance, id="no batch"),
        pytest.param([4], chance, id="one batch"),
        pytest.param([3, 5], chance, id="two batches"),
        pytest.param([3, 5, 1, 2, 4, 1, 5, 3], chance, id="one to five rows"),
        pytest.param([30, 0, 30, 30, 0, 30], chance, id="days without rows"),
        pytest.param([30] * 5, lambda day, rows: [0.0] * rows, id="one class only"),
        pytest.param([30] * 5, lambda day, rows: [float("nan")] * rows, id="no label"),
        pytest.param([30] * 5, lambda day, rows: None, id="no outcomes"),
        pytest.param([30] * 6, lambda day, rows: chance(day, rows) if day < 3 else [1.0] * rows, id="one class later"),
    ],
)
def test_a_tiny_stream_ends_with_a_result(tmp_path: Path, sizes: list[int], labels: Labels) -> None:
    """A line a batch, a table, a document of standard JSON, and a page; what is undefined is null and empty."""
    result = backtest(load(tiny(tmp_path, sizes, labels)))
    assert len(result.lines) == len(sizes)
    document = json.loads(canonical(result.document()), parse_constant=pytest.fail)
    assert backtest_report(document).startswith("<!")
    assert "nan" not in human(result).split()
    assert result.errors == ()
