"""The acts of people: the same stage functions and the same reviews as everywhere else, with a name and a reason."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from gatehouse.bootstrap import InstalledContext
from gatehouse.core.permissions import Act, require_four_eyes
from gatehouse.core.types import BatchId, Decision
from gatehouse.errors import NotAllowedError
from gatehouse.queries import decision_view
from gatehouse_ui import airflow_calls, airflow_runs, csrf
from gatehouse_ui.auth import User, may_act, name_of
from gatehouse_ui.deps import desk_of, parse_batch_ref, require_readable, runs_of, validate_decision_id

router = APIRouter()
SHORTEST, LONGEST = 10, 2000  # characters of a reason
Reason = Annotated[str, Form(max_length=10 * LONGEST)]
Token = Annotated[str, Form(max_length=1000)]


@router.post("/decisions/{decision}/{act}")
async def post_decision_action(
    request: Request, user: User, decision: str, act: str, reason: Reason = "", token: Token = ""
) -> Response:
    """Approve or reject a REVIEW, override a HOLD or a BLOCK, or have a decision made again."""
    wanted = _act(act, Act.APPROVE, Act.REJECT, Act.OVERRIDE, Act.CONFIRM, Act.JUDGE_AGAIN)
    desk = desk_of(request)
    view = await run_in_threadpool(decision_view, desk.database, validate_decision_id(decision))
    use_case = view.decision.use_case
    ctx, reason = await run_in_threadpool(authorize, request, user, use_case, wanted, reason, token)
    back = f"{request.scope.get('root_path', '')}/decisions/{view.decision.id}"
    if wanted in (Act.APPROVE, Act.REJECT):
        await run_in_threadpool(_four_eyes, ctx, wanted, view.decision, name_of(user))
        review = await run_in_threadpool(runs_of(request).review, use_case, view.decision.id)
        if review is not None and not review.answered_by:
            return await _through_airflow(request, review, act == "approve", reason, back)
    if wanted is Act.JUDGE_AGAIN:
        note = f"{name_of(user)}: {reason}"
        status = await runs_of(request).judge(use_case, view.decision.id, note, _credentials(request))
        if status >= 400:
            raise HTTPException(status, "Airflow did not start the run that judges this decision again")
        return RedirectResponse(f"{back}?said=rejudge", 303)
    await run_in_threadpool(_carry_out, ctx, act, view.decision.id, name_of(user), reason)
    return RedirectResponse(f"{back}?said={act}", 303)


async def _through_airflow(
    request: Request, review: airflow_runs.PendingReview, approve: bool, reason: str, back: str
) -> Response:
    """The review waits in Airflow: it is answered there, and its run carries the answer to the ledger."""
    status = await airflow_calls.answer(review.api, approve, reason, _credentials(request))
    if status == 409:
        raise NotAllowedError("somebody answered this review a moment ago; load the page again")
    if status >= 400:
        raise HTTPException(status, "Airflow refused the answer to its review")
    return RedirectResponse(f"{back}?said=answered", 303)


def _carry_out(ctx: InstalledContext, act: str, decision: str, actor: str, reason: str) -> None:
    from gatehouse.pipeline.manual.override import confirm, override, unconfirmed
    from gatehouse.pipeline.promote import record_review_response as answer_review

    if act == "override":
        override(ctx, decision, actor, reason)
    elif act == "confirm":
        confirm(ctx, unconfirmed(ctx, decision).id, actor, reason)
    else:
        answer_review(ctx, decision, act == "approve", actor, reason)


@router.post("/use-cases/{use_case}/rollback")
def post_use_case_action(
    request: Request,
    user: User,
    use_case: str,
    version: Annotated[int, Form(ge=1, lt=2**31)],
    reason: Reason = "",
    token: Token = "",
) -> Response:
    """Make an earlier champion the champion again."""
    from gatehouse.pipeline.promote import rollback

    ctx, reason = authorize(request, user, use_case, Act.ROLL_BACK, reason, token)
    rollback(ctx, version, name_of(user), reason)
    return RedirectResponse(f"{request.scope.get('root_path', '')}/use-cases/{use_case}?said=rollback", 303)


@router.post("/batches/{use_case}/{ref}/{act}")
async def post_batch_action(
    request: Request, user: User, use_case: str, ref: str, act: str, reason: Reason = "", token: Token = ""
) -> Response:
    """Release or discard a quarantined batch; the watch of a released one starts at once."""
    wanted = _act(act, Act.RELEASE, Act.DISCARD)
    ctx, reason = await run_in_threadpool(authorize, request, user, use_case, wanted, reason, token)
    batch = parse_batch_ref(use_case, ref)
    await run_in_threadpool(_settle, ctx, act, batch, name_of(user), reason)
    if act == "release":
        await runs_of(request).watch(use_case, ref, _credentials(request))
    return RedirectResponse(f"{request.scope.get('root_path', '')}/batches/{use_case}/{ref}?said={act}", 303)


def _settle(ctx: InstalledContext, act: str, batch: BatchId, actor: str, reason: str) -> None:
    from gatehouse.pipeline.manual.quarantined import discard, release

    (release if act == "release" else discard)(ctx, batch, actor, reason)


def _act(name: str, *allowed: Act) -> Act:
    """The act that an address names; 404 for any other."""
    if name not in allowed:
        raise HTTPException(404, "no such act")
    return Act(name)


def _four_eyes(ctx: InstalledContext, act: Act, decision: Decision, actor: str) -> None:
    """Refuse before Airflow takes the answer: its run could only fail on it."""
    if act is Act.APPROVE:
        model = ctx.ledger.models.get(ctx.name, decision.version)
        require_four_eyes(act, actor, ctx.case.gate, ctx.ledger.requests.get(model.request))


def authorize(
    request: Request, user: Any, use_case: str, act: Act, reason: str, token: str
) -> tuple[InstalledContext, str]:
    """The site to act on and the reason in one line. Every check is made before anything is done: our own form, a
    reader of the use case, a person who may do this, a reason that says something."""
    csrf.check(request, user, token)
    require_readable(request, user, use_case)
    desk = desk_of(request)
    may_act(request, user, desk.known_case(use_case), act)
    reason = " ".join(reason.split())
    if not SHORTEST <= len(reason) <= LONGEST:
        raise HTTPException(
            400,
            f"a reason of {SHORTEST} to {LONGEST:,} characters goes on record with your name; found {len(reason):,}",
        )
    return InstalledContext(desk.case(use_case), desk.settings), reason


def _credentials(request: Request) -> str:
    """The user's own token, as Airflow gave it: from the header or the session's cookie."""
    from airflow.api_fastapi.auth.managers.base_auth_manager import COOKIE_NAME_JWT_TOKEN

    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value if scheme.lower() == "bearer" else request.cookies.get(COOKIE_NAME_JWT_TOKEN, "")
