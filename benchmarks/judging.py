"""Judges four pieces of evidence by one rich policy and says whether the gate's self-test noticed anything.

Run in a process of its own with a mutated gate (`benchmarks/mutation.py`): prints `caught` and why, or `unnoticed`.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gatehouse.core.config.gate import GatePolicy
from gatehouse.core.gate.decide import decide
from gatehouse.core.gate.evidence import Evidence, HoldoutData, ModelFacts, Task
from gatehouse.core.gate.self_test import SELF_TEST
from gatehouse.core.types import RuleOutcome

DAYS, ROWS = 30, 3000
FACTS = ModelFacts(
    1.0, 9000, datetime(2013, 5, 31, tzinfo=UTC), datetime(2013, 6, 1, tzinfo=UTC), 10**6, 1.0, 1e4, "", 5
)
CLASSES = (
    {"rule": "not_worse_than_champion", "metric": "log_loss", "margin": 0.01},
    {"rule": "not_worse_than_champion", "metric": "roc_auc", "margin": 0.01},
    {"rule": "better_than_champion", "metric": "log_loss"},
    {"rule": "better_than_champion", "metric": "roc_auc", "on_fail": "warn"},
    {"rule": "metric_bound", "metric": "roc_auc", "min": 0.6},
    {"rule": "metric_bound", "metric": "log_loss", "max": 0.69, "compare": "interval"},
    {"rule": "slice_floor", "column": "origin", "metric": "roc_auc", "min": 0.55},
    {"rule": "slice_not_worse", "column": "origin", "metric": "brier", "margin": 0.02},
    {"rule": "suspiciously_good", "metric": "log_loss", "max_gain": 0.15},
    {"rule": "training_is_fresh", "max_age": "40 days"},
)
NUMBERS = (
    {"rule": "not_worse_than_champion", "metric": "mae", "margin": 0.05},
    {"rule": "better_than_champion", "metric": "rmse"},
    {"rule": "metric_bound", "metric": "r2", "min": 0.1},
    {"rule": "slice_floor", "column": "origin", "metric": "mae", "max": 2.0},
)


def main() -> None:
    try:
        told = [
            told for task in ("classification", "regression") for noise in (0.2, 0.9) for told in _judge(task, noise)
        ]
    except Exception as error:
        told = [f"{type(error).__name__}: {error}"]
    sys.stdout.write(f"caught {told[0]}\n" if told else "unnoticed\n")


def _judge(task: Any, noise: float) -> list[str]:
    rules, metric = (CLASSES, "log_loss") if task == "classification" else (NUMBERS, "mae")
    given = {"metric": metric, "no_champion": "review", "review": {"approvers": ["risk"], "timeout": "3 days"}}
    said = [{"description": "as the risk owner wrote it", **rule} for rule in rules]
    policy = GatePolicy.model_validate_json(json.dumps({**given, "resamples": 400, "rules": said}))
    decision = decide(_evidence(task, noise), policy, "5e" * 32)
    return [r.sentence for r in decision.results if r.rule == SELF_TEST and r.outcome is not RuleOutcome.PASS]


def _evidence(task: Task, noise: float) -> Evidence:
    random = np.random.default_rng(3)
    day = np.arange(ROWS) * DAYS // ROWS
    signal = random.normal(-0.6, 1.2, ROWS) + random.normal(0, 0.4, DAYS)[day]
    errors = np.array([[noise], [0.5]]) * random.normal(0, 1, (2, ROWS))
    labels, pair = signal + random.normal(0, 0.5, ROWS), signal + errors
    if task == "classification":
        labels, pair = (random.random(ROWS) < _chance(signal)).astype(float), _chance(pair)
    holdout = HoldoutData(
        keys=np.arange(ROWS).astype(str),
        labels=labels,
        time=np.datetime64("2013-06-01T08:00", "us") + day * np.timedelta64(1, "D"),
        challenger=pair[0],
        champion=pair[1],
        slices={"origin": np.array(["EWR", "JFK", "LGA"])[np.arange(ROWS) % 3]},
    )
    evidence = Evidence("flights", task, 4, "ab" * 32, 3, "cd" * 32, 2, "ef" * 32, holdout, FACTS)
    return replace(evidence, looks=2)


def _chance(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-odds)))


if __name__ == "__main__":
    main()
