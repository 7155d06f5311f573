"""Decisions as this version makes them, archived for all versions to come: `python tests/archive/make.py FOLDER`.

Run once for a version whose gate decides anew; what is there is never written over. Each case is `<name>.json` (policy
text, evidence document, decision) and `<name>.parquet` (the held-out rows).
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gatehouse.core.audit.canonical_json import canonical, sha256
from gatehouse.core.config.gate import GatePolicy
from gatehouse.core.gate.decide import decide, decision_document
from gatehouse.core.gate.evidence import Evidence, HoldoutData, ModelFacts
from gatehouse.core.gate.evidence_io import evidence_document, evidence_sha256, holdout_columns

ROWS, DAYS = 360, 12
NOT_WORSE = {"rule": "not_worse_than_champion", "metric": "log_loss", "margin": 0.02}
BETTER = {"rule": "better_than_champion", "metric": "log_loss", "on_fail": "warn"}
AUC = {"rule": "not_worse_than_champion", "metric": "roc_auc", "margin": 0.05}
FLOOR = {"rule": "slice_floor", "column": "origin", "metric": "brier", "max": 0.3, "min_rows": 50}
ALARM = {"rule": "suspiciously_good", "metric": "log_loss", "max_gain": 0.1}
CALIBRATED = {"rule": "calibration", "max_gap": 0.2, "max_ece": 0.3, "compare": "interval"}
PART = {"rule": "slice_not_worse", "column": "origin", "metric": "brier", "margin": 0.02, "min_rows": 50}
FRESH = {"rule": "training_is_fresh", "max_age": "40 days"}
SMALL = {"rule": "model_size", "max_mb": 5}
PRECISE = {"rule": "metric_bound", "metric": "pr_auc", "min": 0.2}
MAE = {"rule": "better_than_champion", "metric": "mae"}
RMSE = {"rule": "not_worse_than_champion", "metric": "rmse", "margin": 0.1, "mode": "dry_run"}
USUAL = (NOT_WORSE, BETTER, AUC, FLOOR, ALARM, CALIBRATED, FRESH, SMALL, PRECISE)

# name -> noise of the challenger's and the champion's log odds (None: no champion), rules, other keys of the policy
CLASSES: dict[str, tuple[float, float | None, tuple[dict[str, Any], ...], dict[str, Any]]] = {
    "promoted": (0.1, 1.2, USUAL[:4] + USUAL[5:], {"confidence": 0.9}),
    "suspicious": (0.1, 1.2, USUAL, {"confidence": 0.9}),
    "blocked": (1.4, 0.1, USUAL, {}),
    "held": (0.5, 0.55, (NOT_WORSE, {**BETTER, "on_fail": "resample_by"}), {"min_blocks": 12}),
    "too_few_blocks": (0.1, 1.0, USUAL, {"min_blocks": 20}),
    "first": (0.3, None, USUAL, {"no_champion": "promote"}),
}


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, (challenger, champion, rules, keys) in CLASSES.items():
        write(folder / name, evidence(name, *predictions(challenger, champion), task="classification"), rules, keys)
    labels, *models = predictions(0.2, 0.9)
    numbers = evidence("number", np.round(40 * models[0] + 3 * labels, 1), *(40 * m for m in models), task="regression")
    write(folder / "number", numbers, (MAE, RMSE, SMALL), {"metric": "mae", "resample_by": "2 days", "min_blocks": 5})
    if "error_budget" in GatePolicy.model_fields:
        later(folder)


def later(folder: Path) -> None:
    """What came with the spending of error: a fifth look, slices that are compared, blocks that are entities."""
    fifth = replace(evidence("fifth", *predictions(0.1, 0.6), task="classification"), looks=4)
    write(folder / "fifth_look", fifth, (NOT_WORSE, {**BETTER, "on_fail": "resample_by"}, PART), {"confidence": 0.9})
    by_tail = {"resample_by": "tail", "self_test": 0, "error_half_life_looks": 3}
    write(folder / "by_entity", fifth, (NOT_WORSE, {**FLOOR, "compare": "estimate"}), by_tail)


def predictions(challenger: float, champion: float | None) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    random = np.random.default_rng(41)
    odds = random.normal(-0.6, 1.2, ROWS) + np.repeat(random.normal(0, 0.4, DAYS), ROWS // DAYS)
    labels = (random.random(ROWS) < 1 / (1 + np.exp(-odds))).astype(float)
    noise = random.normal(0, 1, (2, ROWS))
    first = np.round(1 / (1 + np.exp(-odds - challenger * noise[0])), 2)
    return labels, first, None if champion is None else np.round(1 / (1 + np.exp(-odds - champion * noise[1])), 2)


def evidence(name: str, labels: np.ndarray, challenger: np.ndarray, champion: np.ndarray | None, task: Any) -> Evidence:
    known = champion is not None
    return Evidence(
        use_case=f"archived_{name}",
        task=task,
        version=4,
        model_sha256="ab" * 32,
        champion=3 if known else None,
        champion_sha256="cd" * 32 if known else None,
        generation=2 if known else 0,
        training_set="ef" * 32,
        holdout=HoldoutData(
            keys=np.arange(ROWS).astype(str),
            labels=labels,
            time=np.datetime64("2013-06-01T08:00", "us") + np.arange(ROWS) * DAYS // ROWS * np.timedelta64(1, "D"),
            challenger=challenger,
            champion=champion,
            slices={
                "origin": np.array(["EWR", "JFK", "LGA"])[np.arange(ROWS) % 3],
                "tail": np.char.add("N", (np.arange(ROWS) * 7 % 40).astype(str)),
            },
        ),
        facts=ModelFacts(
            maturity=1.0,
            training_rows=9000,
            training_until=datetime(2013, 5, 31, tzinfo=UTC),
            holdout_from=datetime(2013, 6, 1, tzinfo=UTC),
            size_bytes=2_500_000,
            load_seconds=1.5,
            rows_per_second=40_000.0,
            load_error="",
            validated_batches=5,
        ),
    )


def write(file: Path, made: Evidence, rules: tuple[dict[str, Any], ...], keys: dict[str, Any]) -> None:
    said = [{"description": "as the risk owner wrote it", **rule} for rule in rules]
    given = {"metric": "log_loss", "no_champion": "review", "review": {"approvers": ["risk"], "timeout": "3 days"}}
    policy = GatePolicy.model_validate_json(
        json.dumps({**given, "resamples": 400, "min_rows": 200, "rules": said, **keys})
    )
    rows = pd.DataFrame(holdout_columns(made.holdout))
    document = evidence_document(made, sha256(rows.to_csv(index=False)))
    decision = decide(made, policy, evidence_sha256(document))
    archived = {"policy": policy.text, "evidence": document, "decision": canonical(decision_document(decision))}
    if not file.with_suffix(".json").exists():
        file.with_suffix(".json").write_text(json.dumps(archived, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        rows.to_parquet(file.with_suffix(".parquet"), index=False, compression="zstd")
    print(file.name, decision.verdict, decision.sentence)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
