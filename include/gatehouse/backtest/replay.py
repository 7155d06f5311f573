"""The replay: every batch of the source in the order of time through the real stages, as the DAGs would take it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from gatehouse.backtest.errors import kept, sentence
from gatehouse.backtest.pool import pool
from gatehouse.backtest.progress import Phase, Steps, Told, nobody
from gatehouse.context import UseCaseContext
from gatehouse.core.contract.batch_calendar import Span, batch_interval, batch_key
from gatehouse.core.types import Batch, BatchId, BatchState, Decision, Request, RequestState, Verdict
from gatehouse.errors import NotScoredError
from gatehouse.pipeline import choose, fit, gather, land, outcomes, promote
from gatehouse.pipeline.judge import judge_challenger, re_decide
from gatehouse.pipeline.monitor import monitor_batch
from gatehouse.pipeline.monitor.score_in_order import score_in_turn
from gatehouse.pipeline.validate import validate

Reviews = Literal["nobody", "approve", "reject"]
SIDE_BY_SIDE = 3  # candidates that are fitted at the same time: two would leave a core idle behind the longest
SAID = {"approve": "a backtest that approves every review", "reject": "a backtest that rejects every review"}


@dataclass(frozen=True)
class ProcessedBatch:
    """One batch of the source after its turn: where it came to rest, the champion then (its version), and what was
    raised on the way."""

    key: str
    batch: BatchId | None
    state: BatchState | None
    champion: int | None
    errors: tuple[str, ...]


def replay(
    ctx: UseCaseContext,
    reviews: Reviews = "nobody",
    told: Callable[[ProcessedBatch], None] = lambda taken: None,
    last: str | None = None,
    progress: Told = nobody,
) -> list[ProcessedBatch]:
    """Take the batches (up to `last`) through ingest, watch, retraining and gate, one by one; `told` hears of each.

    Time is the data's: the outcomes that are due by the end of a batch arrive with it. What one batch raises is its
    own: it is kept as the batch's error, and the next batch goes on.
    """
    taken: list[ProcessedBatch] = []
    keys = land.pending_keys(ctx, last)
    steps = Steps(Phase.REPLAY, len(keys), progress)
    for key, batch, raised in _delivered(ctx, keys):
        errors = list(raised)
        if batch is not None and batch.state is BatchState.ACCEPTED:
            _watch(ctx, batch.id, reviews, errors)
        said = {error for each in taken for error in each.errors}
        new = tuple(error for error in errors if error not in said)
        champion = ctx.ledger.models.champion(ctx.name)
        now = champion.model.version if champion else None
        taken.append(ProcessedBatch(key, batch.id if batch else None, batch.state if batch else None, now, new))
        told(taken[-1])
        steps.done(key, len(new))
    _collect_the_rest(ctx, taken)
    return taken


def _delivered(ctx: UseCaseContext, keys: Sequence[str]) -> Iterator[tuple[str, Batch | None, list[str]]]:
    """Each batch landed and validated and the outcomes with it, and what that raised. The next batch is taken in while this
    one is watched, as the DAGs do it: neither asks for a model, and the watch looks at no batch later than its own. Outcomes
    do (what a source gives for an old batch today had not arrived before the newest), so they come first."""
    with pool(1) as ahead:
        coming = [ahead.submit(_deliver, ctx, key) for key in keys[:1]]
        for number, key in enumerate(keys, 1):
            batch, errors = coming.pop().result()
            if batch is not None:
                with kept(errors, "outcomes"):
                    outcomes.collect_readable(ctx, key)
            coming += [ahead.submit(_deliver, ctx, following) for following in keys[number : number + 1]]
            yield key, batch, errors


def _deliver(ctx: UseCaseContext, key: str) -> tuple[Batch | None, list[str]]:
    errors: list[str] = []
    try:
        batch = land.land(ctx, key)
    except Exception as error:
        return None, [f"landing: {sentence(error)}"]
    with kept(errors, "validation"):
        batch = validate(ctx, batch.id)
    return batch, errors


def _collect_the_rest(ctx: UseCaseContext, taken: list[ProcessedBatch]) -> None:
    """Outcomes that were not due before the last batch: nothing was decided by them, but the metrics count them."""
    contract = ctx.case.contract
    ends = [batch_interval(contract.frequency, each.key).end for each in taken if each.batch is not None]
    if ends:
        late = Span.parse(contract.outcomes.delay).after(max(ends))
        with kept([], "outcomes"):
            outcomes.collect_readable(ctx, batch_key(contract.frequency, late))


def _watch(ctx: UseCaseContext, batch: BatchId, reviews: Reviews, errors: list[str]) -> None:
    """Score and watch; carry out what was asked for, and judge again what got more outcomes, before the next batch."""
    request = None
    with kept(errors, "scoring and watching"):
        with suppress(NotScoredError):  # the verdict says so
            score_in_turn(ctx, batch)
        request = monitor_batch.monitor_batch(ctx, batch)
        errors += _verdict_errors(ctx, batch)
    if request is not None and request.state is RequestState.OPEN:
        with kept(errors, "retraining"):
            _retrain(ctx, request, reviews)
    with kept(errors, "judging again"):
        for decision in re_decide.decisions_to_revisit(ctx):
            _carry_out(ctx, re_decide.decide_again(ctx, decision), reviews)


def _verdict_errors(ctx: UseCaseContext, batch: BatchId) -> list[str]:
    """What the model code or a model raised while the batch was scored and judged."""
    reports = ctx.ledger.batches.watches(ctx.name)
    return next((list(each.body.get("errors", ())) for each in reversed(reports) if each.batch == batch), [])


def _retrain(ctx: UseCaseContext, request: Request, reviews: Reviews) -> None:
    """One retrain run. What goes wrong ends the request as failed with its sentence, as it does in the DAG."""
    try:
        gather.build_training_set(ctx, gather.claim(ctx, request.id))
        with pool(SIDE_BY_SIDE) as side_by_side:
            list(side_by_side.map(lambda name: fit.fit(ctx, request.id, name), fit.candidate_names(ctx, request)))
        choose.choose(ctx, request.id)
        _carry_out(ctx, judge_challenger.judge(ctx, request.id), reviews)
    except Exception as error:
        if ctx.ledger.requests.get(request.id).state is RequestState.CLAIMED:
            lease = ctx.ledger.attempts.enter(f"{ctx.name}/{request.id}/close")
            ctx.ledger.requests.close(lease, request.id, RequestState.FAILED, sentence(error))
        raise


def _carry_out(ctx: UseCaseContext, decision: Decision, reviews: Reviews) -> None:
    if decision.verdict is Verdict.PROMOTE:
        promote.promote(ctx, decision.id)
    elif decision.verdict is Verdict.REVIEW:
        actor = promote.NOBODY if reviews == "nobody" else ctx.case.gate.review.approvers[0]
        said = SAID.get(reviews, "nobody answers in a backtest")
        promote.record_review_response(ctx, decision.id, reviews == "approve", actor, said)
