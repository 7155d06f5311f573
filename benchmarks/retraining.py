"""`python -m benchmarks retraining`: when to retrain, by schedule, decay, drift or cost, on the flights and on streams.

Each policy is one backtest, so this takes a quarter of an hour and is not part of `make benchmark`;
`python -m benchmarks.retraining flights` or a kind of stream does one table, and `GATEHOUSE_PRICE` says what a unit of the
metric costs on 1,000 rows.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.table import Table
from gatehouse.backtest.run import BacktestResult, backtest
from gatehouse.core.config.triggers import CalibrationReason, CostReason, DecayReason, DriftReason, Triggers
from gatehouse.settings import ROOT
from gatehouse.use_case import UseCase, load

sys.path.insert(0, str(ROOT / "tests"))
from support.streams import stream

PRICE = CostReason(loss_value_per_1000_rows=float(os.environ.get("GATEHOUSE_PRICE", "1000")), training=100, review=50)
FLIGHTS = "flights"
ASKED = (FLIGHTS, "label", "gradual", "recurring", "nothing")
BATCHES, ROWS = 18, 4000


def measure() -> list[Table]:
    """One table for the flights, and one for each kind of stream."""
    return [table_of(each) for each in ASKED]


def table_of(kind: str) -> Table:
    """The flights', or that of a kind of stream."""
    if kind == FLIGHTS:
        return _table("When to retrain: flights of 2013", load(ROOT / "include" / "usecases" / "flight_delays"))
    with tempfile.TemporaryDirectory() as folder:
        case = load(stream(kind, batches=BATCHES, rows=ROWS).folder(Path(folder)))
        return _table(f"When to retrain: stream '{kind}', {BATCHES} batches of {ROWS:,} rows", case)


def policies(case: UseCase) -> dict[str, Triggers]:
    """The reasons of each way; window, holdout and gate are the use case's own."""
    own = case.retrain.triggers
    decay = own.decay or DecayReason(metric=case.retrain.selection_metric, margin=0.02)
    calibration = own.calibration or CalibrationReason(gap=0.05)
    drift = (own.drift or DriftReason()).model_copy(update={"trigger_retraining": True})
    return {
        "schedule, every 3 batches": Triggers(every_batches=3),
        "decay and calibration": Triggers(decay=decay, calibration=calibration),
        "drift": Triggers(drift=drift),
        "cost-aware": Triggers(decay=decay, calibration=calibration, drift=drift, cost=PRICE),
    }


def _table(title: str, case: UseCase) -> Table:
    results = {}
    for name, reasons in policies(case).items():
        free = case.retrain.model_copy(update={"triggers": reasons, "budget": None, "cooldown_batches": 0})
        results[name] = backtest(replace(case, retrain=free))
    # a policy whose first model comes later is compared on fewer batches: all are, then
    keys = sorted(set.intersection(*(set(each.totals.compared) for each in results.values())))
    first = next(iter(results.values()))
    oracles = [_row("oracle", each, "oracle", keys) for each in results.values()]
    rows = [
        _row("never", first, "never", keys),
        *(_row(name, each, "policy", keys) for name, each in results.items()),
        min(oracles, key=lambda row: float(row[-1].replace(",", ""))),
    ]
    method = (
        f"{len(keys)} batches. Cost: {PRICE.loss_value_per_1000_rows:g} for each unit of {first.metric} on 1,000 "
        f"rows, {PRICE.training + PRICE.review:g} a training with its review. No budget, no cooldown. The oracle is the "
        "cheapest of those with as many trainings as one of the policies had."
    )
    return Table(title, method, ("way", f"mean {first.metric}", "trainings", "cost"), rows)


def _row(name: str, result: BacktestResult, way: str, keys: Sequence[str]) -> tuple[str, ...]:
    """A way's metric and cost on these batches."""
    found = next(each for each in result.ways if each.name == way)
    sizes = {line.key: line.rows for line in result.lines}
    lost = sum(found.metrics[key] * sizes[key] for key in keys) / 1000 * PRICE.loss_value_per_1000_rows
    cost = lost + found.trainings * (PRICE.training + PRICE.review)
    mean = sum(found.metrics[key] for key in keys) / len(keys) if keys else float("nan")
    return name, f"{mean:.4f}", str(found.trainings), f"{cost:,.0f}"


if __name__ == "__main__":
    for each in sys.argv[1:] or ASKED:
        print(table_of(each).markdown(), flush=True)
