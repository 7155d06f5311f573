"""Promote, answer and roll back: the only places where the champion changes. Each re-reads the ledger first:
a task's colour is not a decision."""

from __future__ import annotations

from dataclasses import dataclass

from gatehouse.context import UseCaseContext
from gatehouse.core.permissions import Act, require_four_eyes, require_may
from gatehouse.core.types import Champion, Decision, PromotionKind, RequestState, Verdict
from gatehouse.errors import NotAllowedError
from gatehouse.pipeline.maintenance.publish_mlflow import model_description, version_description
from gatehouse.pipeline.maintenance.track_mlflow import projecting

GATE = "gate"
NOBODY = "nobody"


def promote(ctx: UseCaseContext, decision_id: str) -> Champion | None:
    """Carry out a decision: PROMOTE, or a REVIEW that a person approved, makes its challenger the champion.

    Compare-and-set on the generation the decision was made at; StaleChampionError when the champion changed since. Any other
    verdict changes nothing. Then the request is closed and MLflow's aliases mirror the ledger.
    """
    decision = ctx.ledger.decisions.get(decision_id)
    champion = _carry_out(ctx, decision)
    _close_request(ctx, decision, champion)
    sync_mlflow_aliases(ctx, decision.version)
    return champion


def _carry_out(ctx: UseCaseContext, decision: Decision) -> Champion | None:
    models, args = ctx.ledger.models, (ctx.name, decision.version, decision.generation)
    if decision.verdict is Verdict.PROMOTE:
        return models.promote(*args, PromotionKind.DECISION, decision.id, GATE, decision.sentence)
    for approved, actor, reason in ctx.ledger.decisions.answers(decision.id):
        if approved and decision.verdict is Verdict.REVIEW:
            return models.promote(*args, PromotionKind.APPROVAL, decision.id, actor, reason)
    return None


def _close_request(ctx: UseCaseContext, decision: Decision, champion: Champion | None) -> None:
    model = ctx.ledger.models.get(ctx.name, decision.version)
    if ctx.ledger.requests.get(model.request).state is RequestState.CLAIMED:
        lease = ctx.ledger.attempts.enter(f"{ctx.name}/{model.request}/close")
        ending = (
            f"version {decision.version} is the champion" if champion else f"{decision.verdict}: {decision.sentence}"
        )
        ctx.ledger.requests.close(lease, model.request, RequestState.DECIDED, ending)


def record_review_response(
    ctx: UseCaseContext, decision_id: str, approved: bool, actor: str, reason: str
) -> Champion | None:
    """Record an approver's answer to a REVIEW, then carry it out; returns the champion that it made, if any.

    `nobody` stands for no answer in time, which approves nothing. A decision about a challenger that serves already
    (it was judged again) is about whether it may stay: rejecting it rolls back to the champion before it.
    """
    decision = ctx.ledger.decisions.get(decision_id)
    if decision.verdict is not Verdict.REVIEW:
        raise NotAllowedError(
            f"decision {decision_id[:8]} is {decision.verdict}; only a REVIEW is answered, a BLOCK is overridden"
        )
    if actor != NOBODY:
        require_may(Act.APPROVE if approved else Act.REJECT, actor, ctx.case.gate)
    if approved:
        model = ctx.ledger.models.get(ctx.name, decision.version)
        require_four_eyes(Act.APPROVE, actor, ctx.case.gate, ctx.ledger.requests.get(model.request))
    ctx.ledger.decisions.answer(decision_id, approved, actor, reason)
    now = ctx.ledger.models.champion(ctx.name)
    if now is None or now.model.version != decision.version:
        return promote(ctx, decision_id)
    if not approved and actor != NOBODY:
        return rollback(ctx, decision.champion, actor, f"rejected when judged again: {reason}")
    sync_mlflow_aliases(
        ctx, decision.version
    )  # an answer that was cut off before MLflow was told is finished by saying it again
    return now


@dataclass(frozen=True)
class RollbackPlan:
    """What a rollback would change."""

    now: int
    to: int
    generation: int


def plan_rollback(ctx: UseCaseContext, version: int | None) -> RollbackPlan:
    """From the present champion to `version`, or to the one before it; NotAllowedError when that was never a champion."""
    champion = ctx.ledger.models.champion(ctx.name)
    if champion is None:
        raise NotAllowedError(f"{ctx.name} has no champion; there is nothing to roll back")
    was = [promotion.version for promotion in ctx.ledger.models.promotions(ctx.name)]
    former = [number for number in reversed(was) if number != champion.model.version]
    to = version if version is not None else next(iter(former), None)
    if to is None or to not in former:
        raise NotAllowedError(
            f"{ctx.name}: version {to or '(none)'} cannot be rolled back to; the champion is {champion.model.version}, "
            f"earlier champions are {sorted(set(former)) or 'none'}"
        )
    return RollbackPlan(champion.model.version, to, champion.generation)


def rollback(ctx: UseCaseContext, version: int | None, actor: str, reason: str) -> Champion:
    """Make an earlier champion the champion again, on an approver's word; the generation rises as with any change.
    NotAllowedError for a person whom `review.approvers` of the policy does not name, whatever way they come.

    The same words again are the same act, finished: a task that is tried again after a crash, or a second click, does not
    roll back one champion more.
    """
    require_may(Act.ROLL_BACK, actor, ctx.case.gate)
    last = next(reversed(ctx.ledger.models.promotions(ctx.name)), None)
    said = (PromotionKind.ROLLBACK, actor, reason)
    if last is not None and (last.kind, last.actor, last.reason) == said and version in (None, last.version):
        sync_mlflow_aliases(ctx)
        return Champion(last.generation, ctx.ledger.models.get(ctx.name, last.version))
    plan = plan_rollback(ctx, version)
    champion = ctx.ledger.models.promote(
        ctx.name, plan.to, plan.generation, PromotionKind.ROLLBACK, None, actor, reason
    )
    sync_mlflow_aliases(ctx)
    return champion


def sync_mlflow_aliases(ctx: UseCaseContext, *also: int) -> None:
    """Point MLflow's aliases at what the ledger says, as far as MLflow lets it: the champion has changed already."""
    with projecting(ctx, "the aliases"):
        point_aliases(ctx, *also)
    ctx.anchor()


def point_aliases(ctx: UseCaseContext, *also: int) -> None:
    """Point MLflow's aliases at what the ledger says, and let the descriptions of the model, of the present and the
    former champion and of the versions `also` say it."""
    served = [promotion.version for promotion in ctx.ledger.models.promotions(ctx.name)][-2:]
    words = {each: version_description(ctx, ctx.ledger.models.get(ctx.name, each)) for each in {*served, *also}}
    ctx.tracking.mirror(ctx.name, *served_versions(ctx), {0: model_description(ctx), **words})


def served_versions(ctx: UseCaseContext) -> tuple[int | None, int | None]:
    """The champion's version, and the challenger's: the newest version that is not the champion."""
    champion = ctx.ledger.models.champion(ctx.name)
    now = champion.model.version if champion else None
    newest = max((model.version for model in ctx.ledger.models.list(ctx.name)), default=None)
    return now, newest if newest != now else None
