"""Promote, answer and roll back: the only places where the champion changes. Each re-reads the ledger first:
a task's colour is not a decision."""

from __future__ import annotations

from dataclasses import dataclass

from gatehouse.context import UseCaseContext
from gatehouse.core.gate.human_actions import require_approver
from gatehouse.core.types import Champion, Decision, PromotionKind, RequestState, Verdict
from gatehouse.errors import NotAllowedError
from gatehouse.pipeline.maintenance.publish_mlflow import model_description, version_description
from gatehouse.pipeline.maintenance.track_mlflow import projecting

GATE = "gate"
NOBODY = "nobody"


def promote(site: UseCaseContext, decision_id: str) -> Champion | None:
    """Carry out a decision: PROMOTE, or a REVIEW that a person approved, makes its challenger the champion.

    Compare-and-set on the epoch the decision was made at; StaleChampionError when the champion changed since. Any other
    verdict changes nothing. Then the request is closed and MLflow's aliases mirror the ledger.
    """
    decision = site.ledger.decisions.get(decision_id)
    champion = _carry_out(site, decision)
    _close_request(site, decision, champion)
    sync_mlflow_aliases(site, decision.version)
    return champion


def _carry_out(site: UseCaseContext, decision: Decision) -> Champion | None:
    models, args = site.ledger.models, (site.name, decision.version, decision.epoch)
    if decision.verdict is Verdict.PROMOTE:
        return models.promote(*args, PromotionKind.DECISION, decision.id, GATE, decision.sentence)
    for approved, actor, reason in site.ledger.decisions.answers(decision.id):
        if approved and decision.verdict is Verdict.REVIEW:
            return models.promote(*args, PromotionKind.APPROVAL, decision.id, actor, reason)
    return None


def _close_request(site: UseCaseContext, decision: Decision, champion: Champion | None) -> None:
    model = site.ledger.models.get(site.name, decision.version)
    if site.ledger.requests.get(model.request).state is RequestState.CLAIMED:
        lease = site.ledger.attempts.enter(f"{site.name}/{model.request}/close")
        ending = (
            f"version {decision.version} is the champion" if champion else f"{decision.verdict}: {decision.sentence}"
        )
        site.ledger.requests.close(lease, model.request, RequestState.DECIDED, ending)


def record_review_response(
    site: UseCaseContext, decision_id: str, approved: bool, actor: str, reason: str
) -> Champion | None:
    """Record an approver's answer to a REVIEW, then carry it out; returns the champion that it made, if any.

    `nobody` stands for no answer in time, which approves nothing. A decision about a challenger that serves already
    (it was judged again) is about whether it may stay: rejecting it rolls back to the champion before it.
    """
    decision = site.ledger.decisions.get(decision_id)
    if decision.verdict is not Verdict.REVIEW:
        raise NotAllowedError(
            f"decision {decision_id[:8]} is {decision.verdict}; only a REVIEW is answered, a BLOCK is overridden"
        )
    if actor != NOBODY:
        require_approver(actor, site.case.gate.review.approvers, "answer a review")
    site.ledger.decisions.answer(decision_id, approved, actor, reason)
    now = site.ledger.models.champion(site.name)
    if now is None or now.model.version != decision.version:
        return promote(site, decision_id)
    if not approved and actor != NOBODY:
        return rollback(site, decision.champion, actor, f"rejected when judged again: {reason}")
    sync_mlflow_aliases(
        site, decision.version
    )  # an answer that was cut off before MLflow was told is finished by saying it again
    return now


@dataclass(frozen=True)
class RollbackPlan:
    """What a rollback would change."""

    now: int
    to: int
    epoch: int


def plan_rollback(site: UseCaseContext, version: int | None) -> RollbackPlan:
    """From the present champion to `version`, or to the one before it; NotAllowedError when that was never a champion."""
    champion = site.ledger.models.champion(site.name)
    if champion is None:
        raise NotAllowedError(f"{site.name} has no champion; there is nothing to roll back")
    was = [promotion.version for promotion in site.ledger.models.promotions(site.name)]
    former = [number for number in reversed(was) if number != champion.model.version]
    to = version if version is not None else next(iter(former), None)
    if to is None or to not in former:
        raise NotAllowedError(
            f"{site.name}: version {to or '(none)'} cannot be rolled back to; the champion is {champion.model.version}, "
            f"earlier champions are {sorted(set(former)) or 'none'}"
        )
    return RollbackPlan(champion.model.version, to, champion.epoch)


def rollback(site: UseCaseContext, version: int | None, actor: str, reason: str) -> Champion:
    """Make an earlier champion the champion again, on a named person's word; the epoch rises as with any change.

    The same words again are the same act, finished: a task that is tried again after a crash, or a second click, does not
    roll back one champion more.
    """
    last = next(reversed(site.ledger.models.promotions(site.name)), None)
    said = (PromotionKind.ROLLBACK, actor, reason)
    if last is not None and (last.kind, last.actor, last.reason) == said and version in (None, last.version):
        sync_mlflow_aliases(site)
        return Champion(last.epoch, site.ledger.models.get(site.name, last.version))
    plan = plan_rollback(site, version)
    champion = site.ledger.models.promote(site.name, plan.to, plan.epoch, PromotionKind.ROLLBACK, None, actor, reason)
    sync_mlflow_aliases(site)
    return champion


def sync_mlflow_aliases(site: UseCaseContext, *also: int) -> None:
    """Point MLflow's aliases at what the ledger says, as far as MLflow lets it: the champion has changed already."""
    with projecting(site, "the aliases"):
        point_aliases(site, *also)


def point_aliases(site: UseCaseContext, *also: int) -> None:
    """Point MLflow's aliases at what the ledger says, and let the descriptions of the model, of the present and the
    former champion and of the versions `also` say it."""
    served = [promotion.version for promotion in site.ledger.models.promotions(site.name)][-2:]
    words = {each: version_description(site, site.ledger.models.get(site.name, each)) for each in {*served, *also}}
    site.tracking.mirror(site.name, *served_versions(site), {0: model_description(site), **words})


def served_versions(site: UseCaseContext) -> tuple[int | None, int | None]:
    """The champion's version, and the challenger's: the newest version that is not the champion."""
    champion = site.ledger.models.champion(site.name)
    now = champion.model.version if champion else None
    newest = max((model.version for model in site.ledger.models.list(site.name)), default=None)
    return now, newest if newest != now else None
