"""Probation: the former champion goes on scoring in the shadow, and comes back when the new one is measurably worse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gatehouse.context import UseCaseContext
from gatehouse.core.gate import probation as rule
from gatehouse.core.rows.row_keys import KEY
from gatehouse.core.rows.scores import score_columns, score_names, scores_in
from gatehouse.core.types import Batch, Champion, Prediction, Probation, Promotion, PromotionKind
from gatehouse.errors import StaleChampionError
from gatehouse.pipeline.batch_data.row_keys import LABEL, TIME, batch_frame, by_key, with_labels
from gatehouse.pipeline.promote import GATE, sync_mlflow_aliases
from gatehouse.pipeline.score import predictions_frame
from gatehouse.stacked_tables import stacked

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd

TRIED = (PromotionKind.DECISION, PromotionKind.APPROVAL, PromotionKind.OVERRIDE)  # a return to a known model is not


def run_probation(ctx: UseCaseContext, batch: Batch, champion: Champion | None) -> None:
    """What a batch that `champion` scored means for its probation: shadow scores, and a look at what has matured."""
    if champion is not None and ctx.case.gate.probation is not None:
        score_shadow(ctx, batch, champion)
        assess_probation(ctx, batch.interval.end)


def score_shadow(ctx: UseCaseContext, batch: Batch, champion: Champion) -> Prediction | None:
    """Score a batch with the former champion too while `champion` is on probation; nobody but the probation reads it."""
    former = previous_champion(ctx, champion)
    policy = ctx.case.gate.probation
    scored = [p for p in ctx.ledger.batches.predictions(ctx.name) if p.batch == batch.id]
    by_this = bool(scored) and scored[0].generation == champion.generation
    if policy is None or former is None or not by_this or is_finished(ctx, champion):
        return None
    shadows = ctx.ledger.probations.shadows(ctx.name, champion.generation)
    if any(each.batch == batch.id for each in shadows) or len(shadows) >= policy.batches:
        return None
    lease = ctx.ledger.attempts.enter(f"{batch.id}/shadow")
    model = ctx.ledger.models.get(ctx.name, former)
    file = ctx.lake.put_frame(predictions_frame(ctx, Champion(champion.generation, model), batch), "shadows")
    prediction = Prediction(batch.id, former, model.file.sha256, champion.generation, file)
    ctx.ledger.probations.shadowed(lease, prediction)
    return prediction


def assess_probation(ctx: UseCaseContext, as_of: datetime) -> Probation | None:
    """Judge the present champion's probation on the outcomes that had arrived by `as_of`; one that is measurably worse
    is replaced by the former champion. None when there is no probation, or nothing new has matured."""
    champion = ctx.ledger.models.champion(ctx.name)
    former = previous_champion(ctx, champion) if champion else None
    if ctx.case.gate.probation is None or champion is None or former is None or is_finished(ctx, champion):
        return None
    arrived = ctx.ledger.batches.outcomes(ctx.name, as_of)
    shadows = [s for s in ctx.ledger.probations.shadows(ctx.name, champion.generation) if s.batch.key in arrived]
    judged = {each.key for each in ctx.ledger.probations.list(ctx.name) if each.generation == champion.generation}
    if not shadows or shadows[-1].batch.key in judged:
        return _carry_out(ctx, champion)
    lease = ctx.ledger.attempts.enter(f"{ctx.name}/generation {champion.generation}/probation")
    rows = _compared(ctx, shadows, arrived)
    found = rule.judge(
        rows[LABEL].to_numpy("float64"),
        rows[TIME].dt.tz_localize(None).to_numpy("datetime64[us]"),
        scores_in(rows, "champion", ctx.case.retrain.class_names),
        scores_in(rows, "former", ctx.case.retrain.class_names),
        len(shadows),
        ctx.case.gate,
        ctx.case.retrain.seed + champion.generation,
    )
    entry = Probation(
        ctx.name, champion.generation, shadows[-1].batch.key, former, found.verdict, found.sentence, found.document()
    )
    ctx.ledger.probations.judged(lease, entry)
    _carry_out(ctx, champion)
    return entry


def previous_champion(ctx: UseCaseContext, champion: Champion) -> int | None:
    """The version that `champion` replaced by a decision or a person's word; None when it was the first, or a return."""
    history: dict[int, Promotion] = {p.generation: p for p in ctx.ledger.models.promotions(ctx.name)}
    before = history.get(champion.generation - 1)
    return before.version if before is not None and history[champion.generation].kind in TRIED else None


def is_finished(ctx: UseCaseContext, champion: Champion) -> bool:
    """Whether the champion's probation has ended: passed, or lost and waiting for its rollback to be carried out."""
    found = [each for each in ctx.ledger.probations.list(ctx.name) if each.generation == champion.generation]
    return any(each.verdict == rule.PASSED for each in found)


def _carry_out(ctx: UseCaseContext, champion: Champion) -> Probation | None:
    """Bring the former champion back when the present one has lost its probation; the ledger asks for the verdict too."""
    found = [each for each in ctx.ledger.probations.list(ctx.name) if each.generation == champion.generation]
    lost = next((each for each in found if each.verdict == rule.WORSE), None)
    if lost is None:
        return None
    models = ctx.ledger.models
    try:
        models.promote(ctx.name, lost.former, champion.generation, PromotionKind.PROBATION, None, GATE, lost.sentence)
    except StaleChampionError:
        return lost  # somebody changed the champion in the meantime: the one that lost serves no more
    sync_mlflow_aliases(ctx)
    return lost


def _compared(ctx: UseCaseContext, shadows: list[Prediction], arrived: Any) -> pd.DataFrame:
    """The matured rows of the shadowed batches, with both models' scores."""
    scored = {each.batch: each for each in ctx.ledger.batches.predictions(ctx.name)}
    parts, classes = [], ctx.case.retrain.class_names
    for each in shadows:
        frame = batch_frame(ctx, ctx.ledger.batches.get(each.batch))
        frame = with_labels(ctx, frame, arrived[each.batch.key])[[KEY, TIME, LABEL]]
        for name, file in (("champion", scored[each.batch].file), ("former", each.file)):
            scores = by_key(ctx, frame, ctx.lake.frame(file, ["key", *score_names("score", classes)]))
            frame = frame.assign(**score_columns(name, scores, classes))
        parts.append(frame[frame[LABEL].notna()])
    return stacked(parts)
