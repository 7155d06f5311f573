"""`python -m benchmarks streams`: the retraining policy against simple schedules, over streams of different kinds.

Each stream is one backtest, so this takes some minutes and is not part of `make benchmark`. `GATEHOUSE_STREAMS` names a folder
with more use cases, `GATEHOUSE_STREAM_NAMES` (with commas) some streams only.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.stream_kinds import KINDS
from benchmarks.table import Table
from gatehouse.backtest.run import BacktestResult, backtest
from gatehouse.core.retraining.advice import SIMPLE
from gatehouse.core.statistics.metrics import metric_named
from gatehouse.use_case import load

HEADINGS = (
    "stream", "metric", "policy (trainings, reinstated)", "never", "every batch (trainings)", "periodic, as many trainings",
    "best schedule", "batches that page",
)  # fmt: skip


def measure() -> Table:
    """A row for each stream."""
    rows = []
    with tempfile.TemporaryDirectory() as path:
        for folder in _folders(Path(path)):
            started = time.monotonic()
            rows.append(_row(folder.name, backtest(load(folder))))
            print(f"{' | '.join(rows[-1])} ({time.monotonic() - started:.0f} s)", file=sys.stderr, flush=True)
    method = (
        "Mean metric over the batches that the first champion was not made of. `periodic` has as many trainings as the policy, "
        "evenly spread, with the window that turned out best. Folders with keys of 0.1 take `gatehouse use-case upgrade` first."
    )
    return Table("The policy over streams of different kinds", method, HEADINGS, rows)


def _folders(path: Path) -> list[Path]:
    """The built-in streams, written below `path`, and those of the folder that is named by its path."""
    wanted = {name for name in os.environ.get("GATEHOUSE_STREAM_NAMES", "").split(",") if name}
    made = [kind.folder(path) for kind in KINDS if not wanted or kind.name in wanted]
    more = os.environ.get("GATEHOUSE_STREAMS")
    found = sorted(each.parent for each in Path(more).glob("*/retrain.yaml")) if more else []
    return made + [each for each in found if not wanted or each.name in wanted]


def _row(name: str, result: BacktestResult) -> tuple[str, ...]:
    """One stream. `best schedule` is the best of the simple ways, of any window and number of trainings."""
    means, ways, totals = result.totals.means, {way.name: way for way in result.ways}, result.totals
    simple = [each for each in means if each in SIMPLE or each.startswith("rolling")]
    best = min(simple, key=lambda each: metric_named(result.metric).loss(means[each]), default="")
    pages = sum(any(kind["page"] for kind in line.kinds) for line in result.lines)

    def cell(way: str) -> str:
        return f"{means[way]:.4f}" if way in means else ""

    every = f" ({ways['every batch'].trainings})" if "every batch" in ways else ""
    return (
        name,
        result.metric,
        f"{cell('policy')} ({totals.trainings}, {totals.reinstated})",
        cell("never"),
        cell("every batch") + every,
        cell("periodic"),
        f"{cell(best)} ({best})",
        str(pages),
    )
