"""What a life on a real Airflow has come to, to be compared with the same life on another one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection
from typing import Any

from gatehouse.bootstrap import InstalledContext


def effects(ctx: InstalledContext) -> dict[str, Any]:
    """All that a life has come to, without what two lives may have otherwise: moments, seconds, and MLflow's own names."""
    name, ledger = ctx.name, ctx.ledger
    requests, models = ledger.requests.list(name), ledger.models.list(name)
    candidates = [each for request in requests for each in ledger.requests.candidates(request.id)]
    told = {
        "batches": [(str(b.id), b.state, b.reason, _files(b.tables.values())) for b in ledger.batches.list(name)],
        "predictions": [
            (str(p.batch), p.version, p.generation, p.file.sha256) for p in ledger.batches.predictions(name)
        ],
        "watches": [(str(each.batch), each.body) for each in ledger.batches.watches(name)],
        "requests": [(r.id, r.state, [each.sentence for each in r.reasons], r.closing) for r in requests],
        "candidates": sorted((c.request, c.name, c.metrics, c.file and c.file.sha256, c.reason) for c in candidates),
        "models": [(m.version, m.candidate, m.file.sha256, m.request) for m in models],
        "decisions": [(d.version, d.verdict) for d in ledger.decisions.list(name)],
        "promotions": [(p.generation, p.version, p.actor) for p in ledger.models.promotions(name)],
        "audit_log": Counter(entry.kind for entry in ledger.audit_log.entries(limit=100_000) if name in entry.subject),
        "mlflow": _in_mlflow(ctx),
    }
    return {part: json.loads(json.dumps(value, default=str)) for part, value in told.items()}


def _files(tables: Collection[Any]) -> list[str]:
    return sorted(part.accepted.sha256 for part in tables if part.accepted)


def _in_mlflow(ctx: InstalledContext) -> dict[str, Any]:
    """How many runs of which flag there are, which versions, and where the alias points."""
    from mlflow import MlflowClient

    client = MlflowClient(ctx.settings.require("mlflow_uri"))
    experiment = client.get_experiment_by_name(f"gatehouse/{ctx.name}")
    runs = client.search_runs([experiment.experiment_id], max_results=1000) if experiment else []
    versions = client.search_model_versions(f"name='{ctx.name}'")
    return {
        "runs": Counter(f"{run.info.status} {run.data.tags.get('gatehouse.flag')}" for run in runs),
        "versions": sorted((each.version, each.tags.get("gatehouse.sha256")) for each in versions),
        "champion": ctx.tracking.champion_alias(ctx.name),
    }


def differences(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Each part that is not the same, with some of what only one has."""
    return [
        f"{part}: without a fault {_only(expected[part], found[part])}, with {_only(found[part], expected[part])}"
        for part in expected
        if expected[part] != found[part]
    ]


def _only(one: Any, other: Any) -> str:
    if isinstance(one, list) and isinstance(other, list):
        return f"{[each for each in one if each not in other][:2]!r:.400}"
    return f"{one!r:.400}"
