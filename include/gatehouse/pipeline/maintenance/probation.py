"""Probation: the former champion goes on scoring in the shadow, and comes back when the new one is measurably worse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gatehouse.context import UseCaseContext
from gatehouse.core.gate import probation as rule
from gatehouse.core.rows.row_keys import KEY
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


def run_probation(site: UseCaseContext, batch: Batch, champion: Champion | None) -> None:
    """What a batch that `champion` scored means for its probation: shadow scores, and a look at what has matured."""
    if champion is not None and site.case.gate.probation is not None:
        score_shadow(site, batch, champion)
        assess_probation(site, batch.interval.end)


def score_shadow(site: UseCaseContext, batch: Batch, champion: Champion) -> Prediction | None:
    """Score a batch with the former champion too while `champion` is on probation; nobody but the probation reads it."""
    former = previous_champion(site, champion)
    policy = site.case.gate.probation
    scored = [p for p in site.ledger.batches.predictions(site.name) if p.batch == batch.id]
    by_this = bool(scored) and scored[0].epoch == champion.epoch
    if policy is None or former is None or not by_this or is_finished(site, champion):
        return None
    shadows = site.ledger.probations.shadows(site.name, champion.epoch)
    if any(each.batch == batch.id for each in shadows) or len(shadows) >= policy.batches:
        return None
    lease = site.ledger.attempts.enter(f"{batch.id}/shadow")
    model = site.ledger.models.get(site.name, former)
    file = site.lake.put_frame(predictions_frame(site, Champion(champion.epoch, model), batch), "shadows")
    prediction = Prediction(batch.id, former, model.file.sha256, champion.epoch, file)
    site.ledger.probations.shadowed(lease, prediction)
    return prediction


def assess_probation(site: UseCaseContext, as_of: datetime) -> Probation | None:
    """Judge the present champion's probation on the outcomes that had arrived by `as_of`; one that is measurably worse
    is replaced by the former champion. None when there is no probation, or nothing new has matured."""
    champion = site.ledger.models.champion(site.name)
    former = previous_champion(site, champion) if champion else None
    if site.case.gate.probation is None or champion is None or former is None or is_finished(site, champion):
        return None
    arrived = site.ledger.batches.outcomes(site.name, as_of)
    shadows = [s for s in site.ledger.probations.shadows(site.name, champion.epoch) if s.batch.key in arrived]
    judged = {each.key for each in site.ledger.probations.list(site.name) if each.epoch == champion.epoch}
    if not shadows or shadows[-1].batch.key in judged:
        return _carry_out(site, champion)
    lease = site.ledger.attempts.enter(f"{site.name}/epoch {champion.epoch}/probation")
    rows = _compared(site, shadows, arrived)
    found = rule.judge(
        rows[LABEL].to_numpy("float64"),
        rows[TIME].dt.tz_localize(None).to_numpy("datetime64[us]"),
        rows["champion"].to_numpy("float64"),
        rows["former"].to_numpy("float64"),
        len(shadows),
        site.case.gate,
        site.case.retrain.seed + champion.epoch,
    )
    entry = Probation(
        site.name, champion.epoch, shadows[-1].batch.key, former, found.verdict, found.sentence, found.document()
    )
    site.ledger.probations.judged(lease, entry)
    _carry_out(site, champion)
    return entry


def previous_champion(site: UseCaseContext, champion: Champion) -> int | None:
    """The version that `champion` replaced by a decision or a person's word; None when it was the first, or a return."""
    history: dict[int, Promotion] = {p.epoch: p for p in site.ledger.models.promotions(site.name)}
    before = history.get(champion.epoch - 1)
    return before.version if before is not None and history[champion.epoch].kind in TRIED else None


def is_finished(site: UseCaseContext, champion: Champion) -> bool:
    """Whether the champion's probation has ended: passed, or lost and waiting for its rollback to be carried out."""
    found = [each for each in site.ledger.probations.list(site.name) if each.epoch == champion.epoch]
    return any(each.verdict == rule.PASSED for each in found)


def _carry_out(site: UseCaseContext, champion: Champion) -> Probation | None:
    """Bring the former champion back when the present one has lost its probation; the ledger asks for the verdict too."""
    found = [each for each in site.ledger.probations.list(site.name) if each.epoch == champion.epoch]
    lost = next((each for each in found if each.verdict == rule.WORSE), None)
    if lost is None:
        return None
    models = site.ledger.models
    try:
        models.promote(site.name, lost.former, champion.epoch, PromotionKind.PROBATION, None, GATE, lost.sentence)
    except StaleChampionError:
        return lost  # somebody changed the champion in the meantime: the one that lost serves no more
    sync_mlflow_aliases(site)
    return lost


def _compared(site: UseCaseContext, shadows: list[Prediction], arrived: Any) -> pd.DataFrame:
    """The matured rows of the shadowed batches, with both models' scores."""
    scored = {each.batch: each for each in site.ledger.batches.predictions(site.name)}
    parts = []
    for each in shadows:
        frame = batch_frame(site, site.ledger.batches.get(each.batch))
        frame = with_labels(site, frame, arrived[each.batch.key])[[KEY, TIME, LABEL]]
        for name, file in (("champion", scored[each.batch].file), ("former", each.file)):
            frame[name] = by_key(frame, site.lake.frame(file, ["key", "score"]))
        parts.append(frame[frame[LABEL].notna()])
    return stacked(parts)
