"""The tables of a decision as MLflow shows them natively: rules, slices, calibration. The same numbers as the report's plots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gatehouse.core.statistics.confusion import confusion
from gatehouse.core.statistics.metrics import evaluate
from gatehouse.ports import Table

if TYPE_CHECKING:
    from gatehouse.core.gate.evidence import Evidence, HoldoutData
    from gatehouse.core.types import Decision

BINS, SLICES = 10, 50
RULES = ("rule", "outcome", "measured", "low", "high", "limit", "rows", "on_fail", "sentence")


def decision_tables(decision: Decision, evidence: Evidence, metric: str) -> dict[str, Table]:
    """Each table by its file name under `evaluation/`."""
    tables = {"rules.json": rules(decision), "calibration.json": calibration(evidence.holdout)}
    if evidence.holdout.classes:
        tables["confusion.json"] = confusion_table(evidence.holdout)
    if metric and evidence.holdout.slices:
        tables["slices.json"] = slices(evidence.holdout, metric)
    return tables


def holdout_metrics(evidence: Evidence, names: list[str]) -> dict[str, float]:
    """Challenger and champion on the held-out rows; what is undefined there is left out."""
    found = {}
    for who, scores in _models(evidence.holdout).items():
        for name in names:
            value = evaluate(name, evidence.holdout.labels, scores, evidence.holdout.weights)
            if np.isfinite(value):
                found[f"holdout.{who}.{name}"] = float(value)
    return found


def rules(decision: Decision) -> Table:
    """One row a rule, in the policy's order."""
    rows = tuple(
        (r.rule, str(r.outcome), r.value, r.low, r.high, r.limit, r.rows, r.on_fail, r.sentence)
        for r in decision.results
    )
    return Table(RULES, rows)


def slices(holdout: HoldoutData, metric: str) -> Table:
    """Both models by each value of each slice column, the largest first; at most `SLICES` of a column."""
    rows: list[tuple[Any, ...]] = []
    for column, values in holdout.slices.items():
        names, counts = np.unique(values, return_counts=True)
        for place in np.argsort(-counts, kind="stable")[:SLICES]:
            chosen = values == names[place]
            weights = None if holdout.weights is None else holdout.weights[chosen]
            measured = [
                _number(evaluate(metric, holdout.labels[chosen], scores[chosen], weights))
                for scores in _models(holdout).values()
            ]
            both = measured if len(measured) == 2 else [*measured, None]
            rows.append((column, str(names[place]), int(counts[place]), metric, *both))
    return Table(("slice", "value", "rows", "metric", "challenger", "champion"), tuple(rows))


def calibration(holdout: HoldoutData) -> Table:
    """Mean prediction and mean outcome of ten equally large groups of rows by prediction, for each model; of more than two
    classes for each class."""
    rows: list[tuple[Any, ...]] = []
    for who, scores in _models(holdout).items():
        if not holdout.classes:
            rows += [(who, *row) for row in _calibration_groups(scores, holdout.labels)]
        for place, name in enumerate(holdout.classes):
            rows += [(who, name, *row) for row in _calibration_groups(scores[:, place], holdout.labels == place)]
    names = ("model", *(("class",) if holdout.classes else ()), "group", "rows", "mean prediction", "mean outcome")
    return Table(names, tuple(rows))


def _calibration_groups(scores: Any, labels: Any) -> list[tuple[Any, ...]]:
    groups = np.array_split(np.argsort(scores, kind="stable"), BINS)
    return [
        (place, len(group), float(scores[group].mean()), float(labels[group].mean()))
        for place, group in enumerate(groups, start=1)
        if len(group)
    ]


def confusion_table(holdout: HoldoutData) -> Table:
    """One row for each class that happened and each that was predicted, for each model."""
    rows: list[tuple[Any, ...]] = []
    for who, scores in _models(holdout).items():
        counts = confusion(holdout.labels, scores)
        for actual, happened in enumerate(holdout.classes):
            for predicted, said in enumerate(holdout.classes):
                rows.append((who, happened, said, int(counts[actual, predicted])))
    return Table(("model", "happened", "predicted", "rows"), tuple(rows))


def _models(holdout: HoldoutData) -> dict[str, Any]:
    """The challenger, and the champion if there is one."""
    return {"challenger": holdout.challenger} | ({} if holdout.champion is None else {"champion": holdout.champion})


def _number(value: float) -> float | None:
    """JSON has no NaN: what is undefined in a slice (one class only) is empty."""
    return float(value) if np.isfinite(value) else None
