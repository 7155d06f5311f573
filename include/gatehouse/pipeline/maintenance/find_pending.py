"""Maintenance: what no event woke, and what nobody carried out or answered to the end."""

from __future__ import annotations

import math
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from gatehouse.context import UseCaseContext
from gatehouse.core.contract.batch_calendar import Span
from gatehouse.core.types import BatchState, Decision, RequestState, Verdict
from gatehouse.pipeline.maintenance.reconcile import MAINTENANCE
from gatehouse.pipeline.promote import NOBODY, promote, record_review_response
from gatehouse.pipeline.score import unscored_batches

# Ages only spare work that would be done twice. Whether a run is under way is a fact, asked of Airflow; and of two attempts
# at the same work the ledger takes the newest, so an age that is too short loses nothing (docs/reference/timeouts.md).
FORGOTTEN_SECONDS = 600.0
UNHEARD_SECONDS = 60.0
ABANDONED_SECONDS = 3600.0
GRACE = timedelta(minutes=1)


def forgotten_landed(ctx: UseCaseContext, attended: bool = False) -> list[str]:
    """Landed batches (`2013-03.r1`) that nobody has begun to validate for ten minutes (invariant I8); for an hour, where
    runs are `attended` that may be at it: a big batch takes its time."""
    patience = ABANDONED_SECONDS if attended else FORGOTTEN_SECONDS
    landed = [batch.id for batch in ctx.ledger.batches.list(ctx.name) if batch.state is BatchState.LANDED]
    return [
        f"{batch.key}.r{batch.revision}"
        for batch in landed
        if _idle(ctx, f"{batch}/validate", f"{batch}/parts", f"{ctx.name}/{batch.key}/land") > patience
    ]


def unprocessed_batches(ctx: UseCaseContext, attended: Collection[str] = ()) -> list[str]:
    """Accepted batches (`2013-03.r1`) that no watch run takes: the event that starts one was lost, or its run failed.

    `attended` are the batches that a queued, waiting or running watch run is for. They are left to it, however long it
    takes. So is a batch that a command or a backfill is at, for ten minutes.
    """
    return [
        ref
        for batch in unscored_batches(ctx)
        if (ref := f"{batch.id.key}.r{batch.id.revision}") not in attended
        and _idle(ctx, f"{batch.id}/run", f"{batch.id}/validate") > UNHEARD_SECONDS
        and _idle(ctx, *(f"{batch.id}/{work}" for work in ("score", "score/pieces", "watch"))) > FORGOTTEN_SECONDS
    ]


def unprocessed_requests(ctx: UseCaseContext, attended: Collection[str] = ()) -> list[str]:
    """The pending request, when no retrain run is for it: none was started, or the one that claimed it has died or failed.
    A new run goes on with what is recorded. `attended` are the requests that a run is at, however long it takes."""
    request = ctx.ledger.requests.pending(ctx.name)
    if request is None or request.id in attended:
        return []
    work = f"{ctx.name}/{request.id}"
    if request.state is RequestState.OPEN:
        return [request.id] if _idle(ctx, f"{work}/claim", f"{request.opened_by}/watch") > UNHEARD_SECONDS else []
    idle = ctx.ledger.attempts.idle_below(work)
    return [request.id] if idle is None or idle > FORGOTTEN_SECONDS else []


def unapplied_promotions(ctx: UseCaseContext, attended: Collection[str] = ()) -> list[str]:
    """Carry out decisions that nobody has carried out: a PROMOTE or an approved REVIEW against the present champion whose
    task was marked as done, skipped or lost. Each is logged as what it is; returns the sentences about them.
    `attended` are the decisions whose run has not yet come to its end: it carries them out itself."""
    champion = ctx.ledger.models.champion(ctx.name)
    generation = champion.generation if champion else 0
    found = []
    for decision in ctx.ledger.decisions.list(ctx.name):
        if (
            decision.id in attended
            or decision.generation != generation
            or not _allows(ctx, decision)
            or young(ctx, decision)
        ):
            continue
        sentence = (
            f"{ctx.name}: decision {decision.id[:8]} on version {decision.version} is {decision.verdict} and was not "
            "carried out: its task was marked, skipped or lost; the ledger has promoted it now"
        )
        if (
            ctx.ledger.audit_log.newest(decision.id, ["promotion.not_applied"]) is None
        ):  # or a death came between the two
            ctx.ledger.audit_log.note("promotion.not_applied", decision.id, MAINTENANCE, {"sentence": sentence})
        promote(ctx, decision.id)
        found.append(sentence)
        break  # the champion has changed: what was decided against the one before is stale
    return found


def timed_out_reviews(ctx: UseCaseContext, now: datetime | None = None, attended: Collection[str] = ()) -> list[str]:
    """Close reviews whose time is over and that nobody answered, not even Airflow's time-out: their task was cleared,
    marked or deleted. They are rejected by nobody, as the policy says; returns the sentences about them.
    `attended` are the decisions whose run still asks, or brings an answer that came in time."""
    timeout = Span.parse(ctx.case.gate.review.timeout)
    found = []
    for decision, made in open_reviews(ctx):
        if decision.id in attended or timeout.after(made) + GRACE > (now or datetime.now(UTC)):
            continue
        sentence = (
            f"{ctx.name}: the review of decision {decision.id[:8]} has no answer {ctx.case.gate.review.timeout} and "
            "more after it was asked for: its task was cleared, marked or deleted; it counts as rejected"
        )
        record_review_response(ctx, decision.id, False, NOBODY, sentence)
        found.append(sentence)
    return found


def unrequested_reviews(ctx: UseCaseContext, decision_id: str) -> str:
    """Audit log that nobody is asked for a review any more, before it is asked for again; returns the sentence."""
    sentence = (
        f"{ctx.name}: the review of decision {decision_id[:8]} is not waiting in Airflow and has no answer: its task "
        "was cleared, marked or deleted; it is asked for again"
    )
    ctx.ledger.audit_log.note("review.not_requested", decision_id, MAINTENANCE, {"sentence": sentence})
    return sentence


def open_reviews(ctx: UseCaseContext) -> list[tuple[Decision, datetime]]:
    """The REVIEWs that wait for an answer, each with the moment it was made at (the ledger's clock)."""
    waiting = [
        decision
        for decision in ctx.ledger.decisions.list(ctx.name)
        if decision.verdict is Verdict.REVIEW and not ctx.ledger.decisions.answers(decision.id)
    ]
    return [(decision, ctx.ledger.decisions.made_at(decision.id)) for decision in waiting]


def _allows(ctx: UseCaseContext, decision: Decision) -> bool:
    """Whether a decision allows a promotion that has not happened. One made again on a model that serves does not."""
    champion = ctx.ledger.models.champion(ctx.name)
    if champion is not None and champion.model.version == decision.version:
        return False
    approved = any(approved for approved, _, _ in ctx.ledger.decisions.answers(decision.id))
    return decision.verdict is Verdict.PROMOTE or (decision.verdict is Verdict.REVIEW and approved)


def young(ctx: UseCaseContext, decision: Decision, now: datetime | None = None) -> bool:
    """Whether its own run may still be about to carry it out."""
    return (now or datetime.now(UTC)) - ctx.ledger.decisions.made_at(decision.id) < GRACE


def _idle(ctx: UseCaseContext, *works: str) -> float:
    """Seconds since the newest attempt at any of these; without end when there was none."""
    return min((seconds for work in works if (seconds := ctx.ledger.attempts.idle(work)) is not None), default=math.inf)
