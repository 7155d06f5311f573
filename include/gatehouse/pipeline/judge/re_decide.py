"""Judge again: a HOLD when the rows it waited for have matured, and any decision whose held-out rows got more outcomes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gatehouse.context import UseCaseContext
from gatehouse.core.gate.re_decision import BEFORE
from gatehouse.core.types import Batch, BatchId, Champion, Decision, Outcomes, RuleOutcome, Verdict
from gatehouse.errors import NotAllowedError
from gatehouse.pipeline.batch_data.labelled_rows import labelled_frame
from gatehouse.pipeline.batch_data.row_keys import LABEL, newest_revisions
from gatehouse.pipeline.judge.evidence import HoldoutRows
from gatehouse.pipeline.judge.judge_challenger import decide_from_evidence
from gatehouse.pipeline.maintenance.publish_mlflow import publish_decision
from gatehouse.pipeline.maintenance.track_mlflow import projecting
from gatehouse.stacked_tables import stacked

if TYPE_CHECKING:
    import pandas as pd

BATCHES = "batches"  # the key of Evidence.extra: the batches that a decision made again rests on


@dataclass(frozen=True)
class ArchivedDecision:
    """What an earlier decision rested on."""

    decision: Decision
    batches: tuple[BatchId, ...]
    rows: int


def decisions_to_revisit(ctx: UseCaseContext) -> list[str]:
    """The decisions that would rest on more rows now, as their ids.

    Only the newest decision on the champion and on the newest challenger are asked about: the others concern nobody.
    """
    return [decision.id for decision in _standing(ctx) if more_rows(ctx, decision) is not None]


def decide_again(ctx: UseCaseContext, decision_id: str) -> Decision:
    """Decide again on all rows that have matured by now, against the champion of that time, or against the present one
    where that serves no more; the newest decision on that model is what counts from then on. NotAllowedError when there
    is nothing new to judge by."""
    decision = ctx.ledger.decisions.get(decision_id)
    model = ctx.ledger.models.get(ctx.name, decision.version)
    known = decision.champion
    champion = None if known is None else Champion(decision.generation, ctx.ledger.models.get(ctx.name, known))
    held_out = more_rows(ctx, decision)
    present = ctx.ledger.models.champion(ctx.name)
    moved = present is not None and present.model.version not in (decision.version, decision.champion)
    if present is not None and moved and (held_out is None or decision.verdict is Verdict.HOLD):
        champion = present
        held_out = unseen_rows(ctx, max(model.trained_until, present.model.trained_until))
    if held_out is None:
        raise NotAllowedError(
            f"decision {decision_id[:8]} rests on every matured row already; there is nothing to judge again"
        )
    before = load_archived(ctx, decision)
    lease = ctx.ledger.attempts.enter(f"{ctx.name}/{decision_id}/again")
    extra = {
        BEFORE: {"decision": decision.id, "verdict": str(decision.verdict), "rows": before.rows},
        BATCHES: [[batch.key, batch.revision] for batch in held_out.batches],
    }
    again, file = decide_from_evidence(ctx, model, champion, held_out, extra)
    ctx.ledger.decisions.record(lease, again, file, ctx.case.gate.text)
    if ctx.keeps_reports:
        with projecting(ctx, f"decision {again.id[:8]}"):
            publish_decision(ctx, again, model)
    return again


def more_rows(ctx: UseCaseContext, decision: Decision) -> HoldoutRows | None:
    """The rows to judge a decision by now, when they are more than it had: its own batches with the outcomes that have
    arrived since and, for a HOLD, the batches that have matured since when they bring the rows that were missing."""
    before = load_archived(ctx, decision)
    now = max((report.as_of for report in ctx.ledger.batches.watches(ctx.name)), default=None)
    if now is None:
        return None
    arrived = ctx.ledger.batches.outcomes(ctx.name, now)
    missing = missing_rows(decision) if decision.verdict is Verdict.HOLD else None
    redelivered = any(arrived[batch.key].revision > 1 for batch in before.batches if batch.key in arrived)
    if missing is None and not redelivered:
        return None  # a first delivery is what the decision was made on: no rows need be read to know
    own = [_labelled(ctx, ctx.ledger.batches.get(batch), arrived) for batch in before.batches]
    if sum(map(len, own)) > before.rows:
        return _held_out(before.batches, own)
    if missing is None:
        return None
    batches = newest_revisions(ctx.ledger.batches.list(ctx.name))
    last = max(ctx.ledger.batches.get(batch).interval.end for batch in before.batches)
    newer = [b for b in batches if b.interval.start >= last and b.interval.end <= now and b.id.key in arrived]
    if sum(arrived[b.id.key].file.rows or 0 for b in newer) < missing:
        return None  # a cheap upper bound, before any rows are read
    found = {b.id: frame for b in newer if (frame := _mature(ctx, b, arrived)) is not None}
    if sum(map(len, found.values())) < missing:
        return None
    return _held_out((*before.batches, *found), [*own, *found.values()])


def unseen_rows(ctx: UseCaseContext, trained_until: datetime) -> HoldoutRows | None:
    """The mature batches that begin after both models' training data; None when there is none."""
    now = max((report.as_of for report in ctx.ledger.batches.watches(ctx.name)), default=trained_until)
    arrived = ctx.ledger.batches.outcomes(ctx.name, now)
    found = {}
    for batch in newest_revisions(ctx.ledger.batches.list(ctx.name)):
        if batch.interval.start >= trained_until and batch.interval.end <= now and batch.id.key in arrived:
            frame = _mature(ctx, batch, arrived)
            if frame is not None:
                found[batch.id] = frame
    return _held_out(tuple(found), list(found.values())) if found else None


def missing_rows(decision: Decision) -> int | None:
    """How many further rows a HOLD waits for: enough for every rule that could not be settled; None when no number is
    known, because no number of rows would settle one of them."""
    waiting = [
        result.missing_rows
        for result in decision.results
        if result.outcome is RuleOutcome.INCONCLUSIVE and result.on_fail in ("block", "review")
    ]
    known = [rows for rows in waiting if rows is not None]
    return max(known) if known and len(known) == len(waiting) else None


def load_archived(ctx: UseCaseContext, decision: Decision) -> ArchivedDecision:
    """The batches and the number of rows that a decision rested on, from its archived evidence."""
    file, _ = ctx.ledger.decisions.archive(decision.id)
    document: Mapping[str, Any] = json.loads(ctx.lake.read(file))
    named = document["evidence"]["extra"].get(BATCHES)
    if named is None:
        model = ctx.ledger.models.get(ctx.name, decision.version)
        batches = ctx.ledger.requests.training_set(model.request).holdout_batches
    else:
        batches = tuple(BatchId(ctx.name, key, revision) for key, revision in named)
    return ArchivedDecision(decision, batches, document["holdout_file"]["rows"])


def _standing(ctx: UseCaseContext) -> list[Decision]:
    """The newest decisions on the champion and on the newest challenger; a REVIEW that waits for its answer, and a HOLD
    against a champion that serves no more, are left alone."""
    champion = ctx.ledger.models.champion(ctx.name)
    newest = {decision.version: decision for decision in ctx.ledger.decisions.list(ctx.name)}
    wanted = {max(newest, default=0), champion.model.version if champion else 0}
    generation = champion.generation if champion else 0
    found = []
    for decision in (newest[version] for version in sorted(wanted & set(newest))):
        waits = decision.verdict is Verdict.REVIEW and not ctx.ledger.decisions.answers(decision.id)
        moot = decision.verdict is Verdict.HOLD and decision.generation != generation
        if not waits and not moot:
            found.append(decision)
    return found


def _mature(ctx: UseCaseContext, batch: Batch, arrived: Mapping[str, Outcomes]) -> pd.DataFrame | None:
    """The labelled rows of a batch that is mature enough to be judged by."""
    known = _labelled(ctx, batch, arrived)
    part = batch.tables[ctx.case.contract.main].accepted
    rows = (part.rows or 0) if part else 0
    return known if rows and len(known) / rows >= ctx.case.retrain.min_maturity else None


def _labelled(ctx: UseCaseContext, batch: Batch, arrived: Mapping[str, Outcomes]) -> pd.DataFrame:
    frame = labelled_frame(ctx, batch, arrived.get(batch.id.key))
    return frame[frame[LABEL].notna()]


def _held_out(batches: Sequence[BatchId], frames: Sequence[pd.DataFrame]) -> HoldoutRows:
    return HoldoutRows(stacked(frames), tuple(batches))
