"""Override: a named person's word against the gate. It expires, and may need a second person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gatehouse.context import UseCaseContext
from gatehouse.core.audit.canonical_json import digest
from gatehouse.core.contract.batch_calendar import Span
from gatehouse.core.gate.human_actions import require_reason
from gatehouse.core.permissions import Act, require_four_eyes, require_may
from gatehouse.core.types import Champion, Decision, Override, Promotion, PromotionKind, Request, Verdict
from gatehouse.errors import NotAllowedError, StaleChampionError
from gatehouse.pipeline.maintenance.reconcile import MAINTENANCE
from gatehouse.pipeline.promote import sync_mlflow_aliases

PROPER = (PromotionKind.DECISION, PromotionKind.APPROVAL)
CYCLE = timedelta(minutes=10)  # of maintenance, which ends an override; only what it could not end is worth telling


def override(ctx: UseCaseContext, decision_id: str, actor: str, reason: str) -> tuple[Override, Champion | None]:
    """Overrule a HOLD, REVIEW or BLOCK: its challenger becomes the champion until the override expires.

    With `require_second_approver` in the policy nothing changes yet (None): another approver has to `confirm` it.
    NotAllowedError for a person whom the policy does not name, for less than a sentence, and for a PROMOTE.
    StaleChampionError for a decision that compared the challenger with a former champion.
    """
    decision = ctx.ledger.decisions.get(decision_id)
    if decision.verdict is Verdict.PROMOTE:
        raise NotAllowedError(f"decision {decision_id[:8]} is PROMOTE; there is nothing to override")
    require_may(Act.OVERRIDE, actor, ctx.case.gate)
    require_reason(reason, "an override")
    request = ctx.ledger.requests.get(ctx.ledger.models.get(ctx.name, decision.version).request)
    require_four_eyes(Act.OVERRIDE, actor, ctx.case.gate, request)
    asked = _made_before(ctx, decision, actor, reason)
    if asked is None:
        require_present(ctx, decision)
        asked = ctx.ledger.overrides.propose(_proposal(ctx, decision, actor, reason))
    return asked, apply_override(ctx, asked)


def require_present(ctx: UseCaseContext, decision: Decision) -> None:
    """StaleChampionError when a decision compared its challenger with a champion that serves no more; NotAllowedError when
    the challenger itself serves."""
    champion = ctx.ledger.models.champion(ctx.name)
    if champion is not None and champion.model.version == decision.version:
        raise NotAllowedError(f"version {decision.version} serves already; there is nothing to override")
    if decision.champion != (champion.model.version if champion else None):
        former = f"version {decision.champion}" if decision.champion else "no champion"
        serving = f"version {champion.model.version}" if champion else "none"
        raise StaleChampionError(
            f"decision {decision.id[:8]} compared version {decision.version} with {former}; {serving} serves now. "
            f"Judge it again first: `gatehouse decision re-run {decision.id[:8]}`"
        )


def unconfirmed(ctx: UseCaseContext, decision_id: str) -> Override:
    """The override of a decision that waits for its second person; NotAllowedError when none does."""
    waiting = [
        each
        for each in ctx.ledger.overrides.list(ctx.name)
        if each.decision == decision_id and each.second_person and not each.confirmed_by
    ]
    if not waiting:
        raise NotAllowedError(f"no override of decision {decision_id[:8]} waits for a second person")
    return waiting[-1]


def confirm(ctx: UseCaseContext, override_id: str, actor: str, reason: str) -> tuple[Override, Champion | None]:
    """The second person's word. NotAllowedError for who overrode, who asked for the training, and whom no policy names."""
    require_may(Act.CONFIRM, actor, ctx.case.gate)
    require_reason(reason, "a confirmation")
    asked = ctx.ledger.overrides.get(override_id)
    model = ctx.ledger.models.get(ctx.name, asked.version)
    if actor in requesters(ctx.ledger.requests.get(model.request)):
        raise NotAllowedError(
            f"{actor} asked for the training of version {asked.version} and cannot confirm its override"
        )
    confirmed = ctx.ledger.overrides.confirm(override_id, actor, reason)
    return confirmed, apply_override(ctx, confirmed)


def apply_override(ctx: UseCaseContext, asked: Override) -> Champion | None:
    """Change the champion when everything the override needs is there; StaleChampionError when it changed since."""
    if asked.second_person and not asked.confirmed_by:
        return None
    until = f"until {asked.expires:%Y-%m-%d %H:%M} UTC"
    confirmed = f"; confirmed by {asked.confirmed_by}: {asked.confirmation}" if asked.confirmed_by else ""
    champion = ctx.ledger.models.promote(
        ctx.name, asked.version, asked.generation, PromotionKind.OVERRIDE, asked.decision, asked.actor,
        f"{asked.reason} ({until}{confirmed})", override=asked.id,
    )  # fmt: skip
    sync_mlflow_aliases(ctx)
    return champion


def end_expired(ctx: UseCaseContext, now: datetime | None = None) -> str:
    """End an override whose time is over: the last properly promoted champion serves again. Returns the sentence about
    it; empty when there is nothing to end."""
    history = ctx.ledger.models.promotions(ctx.name)
    last = history[-1] if history else None
    if last is not None and last.kind is PromotionKind.EXPIRY:
        sync_mlflow_aliases(ctx)  # an end that was cut off before MLflow was told
    asked = _serving(ctx, history)
    if asked is None or (now or datetime.now(UTC)) < asked.expires:
        return ""
    ended, back = _over(asked), last_gated_champion(history)
    if back is None or back == asked.version:
        return f"{ended}, and no champion was ever promoted by a decision: version {asked.version} still serves; decide"
    sentence = f"{ended}; version {back}, the last that a decision promoted, serves again"
    try:
        ctx.ledger.models.promote(
            ctx.name, back, history[-1].generation, PromotionKind.EXPIRY, None, MAINTENANCE, sentence
        )
    except StaleChampionError:
        return ""  # somebody changed the champion in this very moment: the override serves no more
    sync_mlflow_aliases(ctx)
    return sentence


def expired_but_serving(ctx: UseCaseContext, now: datetime | None = None) -> str:
    """Why a version still serves though the time of its override was over a cycle of maintenance ago; empty when none does."""
    history = ctx.ledger.models.promotions(ctx.name)
    asked = _serving(ctx, history)
    if asked is None or (now or datetime.now(UTC)) < asked.expires + CYCLE:
        return ""
    back = last_gated_champion(history)
    if back is None or back == asked.version:
        return f"{_over(asked)}; version {asked.version} still serves, as no decision ever promoted another one"
    return (
        f"{_over(asked)}; version {asked.version} still serves, as version {back} could not be made the champion again"
    )


def _serving(ctx: UseCaseContext, history: list[Promotion]) -> Override | None:
    """The override that made the present champion; None when something else did."""
    last = history[-1] if history else None
    if last is None or last.kind is not PromotionKind.OVERRIDE or last.override is None:
        return None
    return ctx.ledger.overrides.get(last.override)


def _over(asked: Override) -> str:
    until = f"{asked.expires:%Y-%m-%d %H:%M} UTC"
    return f"{asked.use_case}: the override of {asked.actor} for version {asked.version} expired at {until}"


def last_gated_champion(history: list[Promotion]) -> int | None:
    """The champion before the newest promotion that a decision or an approval had made one."""
    proper: set[int] = set()
    found = None
    for promotion in history[:-1]:
        if promotion.kind in PROPER:
            proper.add(promotion.version)
        if promotion.version in proper:
            found = promotion.version
    return found


def _made_before(ctx: UseCaseContext, decision: Decision, actor: str, reason: str) -> Override | None:
    """This very override, when it made the present champion: a person's act that a crash cut off is finished, not made
    a second one against the champion that it made itself."""
    history = ctx.ledger.models.promotions(ctx.name)
    if not history or history[-1].override is None:
        return None
    made = ctx.ledger.overrides.get(history[-1].override)
    return made if (made.decision, made.actor, made.reason) == (decision.id, actor, reason) else None


def _proposal(ctx: UseCaseContext, decision: Decision, actor: str, reason: str) -> Override:
    champion = ctx.ledger.models.champion(ctx.name)
    generation = champion.generation if champion else 0
    policy = ctx.case.gate.override
    request = ctx.ledger.requests.get(ctx.ledger.models.get(ctx.name, decision.version).request)
    people = requesters(request)
    return Override(
        id=digest(["override", decision.id, generation, actor, reason]),
        use_case=ctx.name,
        version=decision.version,
        generation=generation,
        decision=decision.id,
        actor=actor,
        reason=reason,
        expires=Span.parse(policy.expires_after).after(datetime.now(UTC)),
        second_person=policy.require_second_approver,
        requester=people[0] if people else request.opened_by,
    )


def requesters(request: Request) -> list[str]:
    """The people who asked for a training; none when a batch did."""
    return [str(each.numbers["actor"]) for each in request.reasons if each.kind == "person" and "actor" in each.numbers]
