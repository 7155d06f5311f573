"""Where a use case stands when a batch has been watched: what has matured and what was trained since when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gatehouse.context import UseCaseContext
from gatehouse.core.retraining.policy import RetrainState
from gatehouse.core.retraining.reinstatement import reinstated_version
from gatehouse.core.types import Champion, ModelVersion, Outcomes, Request, RequestState, Verdict
from gatehouse.pipeline.final_fit import judged_file
from gatehouse.pipeline.judge.re_decide import missing_rows

ALARMS = ("decay", "calibration", "cost", "drift", "level", "no_skill")
WAITED = 2  # batches that a HOLD is waited for
SPENT = (RequestState.CLAIMED, RequestState.DECIDED, RequestState.FAILED)


def retrain_state(ctx: UseCaseContext, as_of: datetime, champion: Champion | None) -> RetrainState:
    """Where the use case stands at `as_of`, the end of the batch that is watched. A reinstatement is no training."""
    runs = [r for r in ctx.ledger.requests.list(ctx.name) if r.state in SPENT and r.as_of <= as_of]
    trainings = [request for request in runs if reinstated_version(request) is None]
    last = max((request.as_of for request in trainings), default=None)
    reinstated = max((request.as_of for request in runs if request not in trainings), default=None)
    watched = sorted(report.as_of for report in ctx.ledger.batches.watches(ctx.name) if report.as_of < as_of)
    arrived = ctx.ledger.batches.outcomes(ctx.name, as_of)
    fresh = [outcomes for outcomes in arrived.values() if last is None or outcomes.arrived > last]
    budget = ctx.case.retrain.budget
    window = [*watched, as_of][-budget.batches] if budget and len(watched) >= budget.batches else None
    newest = max(runs, key=lambda each: each.as_of, default=None)
    return RetrainState(
        champion=champion is not None,
        matured_batches=len(arrived),
        new_rows=sum(outcomes.file.rows or 0 for outcomes in fresh),
        batches_since=_since(watched, last),
        trainings=sum(window is None or request.as_of >= window for request in trainings),
        as_of=as_of,
        last_training=last,
        unlearned=batches_to_follow_up(ctx, newest, len(fresh)) if newest else (),
        since_reinstated=_since(watched, reinstated),
        on_hold=waited_for(ctx, champion, watched, fresh) if champion else "",
    )


def _since(watched: Sequence[datetime], moment: datetime | None) -> int | None:
    """How many batches were watched after a moment, the present one included."""
    return None if moment is None else sum(each > moment for each in watched) + 1


def waited_for(
    ctx: UseCaseContext, champion: Champion, watched: Sequence[datetime], arrived: Sequence[Outcomes]
) -> str:
    """Why no training is asked for: the newest challenger is on HOLD, and the next `WAITED` batches bring the rows that settle
    it. A new challenger would take its place, and be held for the same reason. Empty where none is waited for."""
    newest = max((model.version for model in ctx.ledger.models.list(ctx.name)), default=0)
    about = [
        each
        for each in ctx.ledger.decisions.list(ctx.name)
        if (each.version, each.generation) == (newest, champion.generation)
    ]
    if not about or about[-1].verdict is not Verdict.HOLD:
        return ""
    request = ctx.ledger.requests.get(ctx.ledger.models.get(ctx.name, newest).request)
    missing, coming = missing_rows(about[-1]), max((each.file.rows or 0 for each in arrived), default=0)
    if missing is None or missing > WAITED * coming or (_since(watched, request.as_of) or 0) > WAITED:
        return ""
    return f"version {newest} is on HOLD for {missing:,} more rows; it is judged again when they have matured"


def batches_to_follow_up(ctx: UseCaseContext, training: Request, fresh: int) -> tuple[str, ...]:
    """The keys of the batches that the last training, which an alarm asked for, held out, once as many newer ones have
    matured as have to be held out."""
    caused = any(reason.kind in ALARMS for reason in training.reasons)
    model = next((each for each in ctx.ledger.models.list(ctx.name) if each.request == training.id), None)
    if model is not None and judged_file(ctx, model) != model.file and _serves(ctx, model):
        return ()  # its final fit has learned from what was held out
    if not caused or training.state is not RequestState.DECIDED or fresh < ctx.case.retrain.holdout.batches:
        return ()
    return tuple(batch.key for batch in ctx.ledger.requests.training_set(training.id).holdout_batches)


def _serves(ctx: UseCaseContext, model: ModelVersion) -> bool:
    champion = ctx.ledger.models.champion(ctx.name)
    return champion is not None and champion.model.version == model.version


def expire_stale_request(ctx: UseCaseContext, as_of: datetime) -> Request | None:
    """Let the open request expire when no retrain run has claimed it for `request_expires_after_batches` watched batches:
    what it was opened for is history, and what still holds asks anew."""
    request, limit = ctx.ledger.requests.pending(ctx.name), ctx.case.retrain.request_expires_after_batches
    if request is None or request.state is not RequestState.OPEN:
        return None
    since = sum(request.as_of < report.as_of < as_of for report in ctx.ledger.batches.watches(ctx.name))
    if since < limit:
        return None
    lease = ctx.ledger.attempts.enter(f"{ctx.name}/{request.id}/expire")
    closing = f"no retrain run has claimed it in {since} batches, until {as_of:%Y-%m-%d}; it may wait for {limit}"
    ctx.ledger.requests.close(lease, request.id, RequestState.EXPIRED, closing)
    return ctx.ledger.requests.get(request.id)
