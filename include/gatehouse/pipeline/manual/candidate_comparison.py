"""The candidates of a training on the rows that the gate judged: what each would have shown. Nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gatehouse.core.audit.canonical_json import finite
from gatehouse.errors import GatehouseError, NotAllowedError
from gatehouse.pipeline.fit import candidate_metrics
from gatehouse.pipeline.score import model_inputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gatehouse.context import UseCaseContext
    from gatehouse.core.types import FileRef


@dataclass(frozen=True)
class HoldoutResult:
    """One model on the held-out rows. `failed` says why it could not predict them; then it has no metrics."""

    name: str
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    failed: str = ""


@dataclass(frozen=True)
class CandidateComparison:
    """The champion then, if there was one, and each candidate whose fit succeeded, on the same `rows`."""

    rows: int
    results: tuple[HoldoutResult, ...]


def compare_candidates(ctx: UseCaseContext, request: str, champion: int | None, largest: int) -> CandidateComparison:
    """Measure the candidates of a request and the champion on its holdout. NotAllowedError for a holdout of more bytes than
    `largest`."""
    holdout = ctx.ledger.requests.training_set(request).holdout
    if holdout.size > largest:
        raise NotAllowedError(
            f"the held-out rows have {holdout.size / 2**20:,.0f} MiB; a page opens at most {largest >> 20}"
        )
    frame = ctx.lake.frame(holdout)
    models: list[tuple[str, FileRef]] = []
    if champion:
        models.append((f"champion, version {champion}", ctx.ledger.models.get(ctx.name, champion).file))
    models += [(each.name, each.file) for each in ctx.ledger.requests.candidates(request) if each.file is not None]
    return CandidateComparison(len(frame), tuple(_measured(ctx, name, file, frame) for name, file in models))


def _measured(ctx: UseCaseContext, name: str, file: FileRef, frame: Any) -> HoldoutResult:
    try:
        estimator = ctx.models.load(ctx.lake.read(file), file.sha256)
        predicted = ctx.models.predict(estimator, model_inputs(frame), ctx.case.retrain.task)
        metrics = candidate_metrics(ctx, frame, predicted)
    except GatehouseError as error:
        return HoldoutResult(name, failed=str(error)[:500])
    return HoldoutResult(name, {metric: finite(value) for metric, value in metrics.items()})
