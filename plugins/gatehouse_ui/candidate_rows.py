"""The candidates of a training as rows: what came of each, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gatehouse.core.audit.canonical_json import finite
from gatehouse.core.statistics.metrics import metric_named
from gatehouse.errors import GatehouseError
from gatehouse.reports.labels import number

SHOWN = 4  # metrics beside the one that chose


@dataclass(frozen=True)
class CandidateRow:
    """One candidate: `came` is challenger, lost or failed; `metrics` are those inside the training window."""

    name: str
    came: str
    reason: str
    metrics: Mapping[str, float | None]
    run_id: str


def candidate_rows(found: Sequence[Mapping[str, Any]], challenger: str, metric: str) -> list[CandidateRow]:
    """The challenger first, then those that lost, the nearest first, then those that failed; `metric` is what chose."""
    rows = [_row(each, challenger, metric, found) for each in found]
    order = ("challenger", "lost", "failed")
    return sorted(rows, key=lambda row: (order.index(row.came), _loss(metric, row.metrics.get(metric)), row.name))


def shown_metrics(rows: Sequence[CandidateRow], chosen_by: str, judged_by: str) -> list[str]:
    """The metrics to show: what chose, what the gate judges by, and some others."""
    known = dict.fromkeys([chosen_by, judged_by, *(name for row in rows for name in row.metrics)])
    return [name for name in known if any(name in row.metrics for row in rows)][: SHOWN + 1]


def _row(each: Mapping[str, Any], challenger: str, metric: str, found: Sequence[Mapping[str, Any]]) -> CandidateRow:
    metrics = {name: finite(value) for name, value in (each["metrics"] or {}).items()}
    came, reason = "lost", ""
    if each["name"] == challenger:
        came, reason = "challenger", "the best of its training window"
    elif each["reason"]:
        came, reason = "failed", str(each["reason"])
    else:
        best = next((one["metrics"] or {} for one in found if one["name"] == challenger), {})
        title = metric.replace("_", " ")
        reason = f"{title} {number(metrics.get(metric))}; {challenger} had {number(best.get(metric))}"
    return CandidateRow(str(each["name"]), came, reason, metrics, str(each["run_id"] or ""))


def _loss(metric: str, value: float | None) -> float:
    if value is None:
        return float("inf")
    try:
        return metric_named(metric).loss(value)
    except (GatehouseError, KeyError, ValueError):  # a metric of the use case's own, or one that is no more
        return value
