"""The bodies of the tasks that decide, and that carry out what was decided."""

from __future__ import annotations

from typing import Any

import structlog

from gatehouse_airflow.attendance import newest_attempt
from gatehouse_airflow.tasks import context
from gatehouse_airflow.tasks.training import closing

event_log = structlog.get_logger("gatehouse")


@newest_attempt()
def judge(folder: str, request_id: str) -> dict[str, str]:
    """Let the gate decide; returns decision, verdict and what a reviewer reads."""
    from gatehouse.pipeline.judge.judge_challenger import judge as judge_challenger
    from gatehouse.reports import decision_markdown

    ctx = context.code_context(folder, request=request_id)
    with closing(ctx, request_id):
        decision = judge_challenger(ctx, request_id)
        event_log.info("judged", decision=decision.id, version=decision.version, verdict=decision.verdict)
        body = decision_markdown(ctx.case.contract.title, decision)
        return {"decision": decision.id, "verdict": decision.verdict, "sentence": decision.sentence, "body": body}


@newest_attempt()
def judge_again(folder: str, decision: str) -> dict[str, str]:
    """Decide again on all rows that have matured, or ask again for a review that nobody is asked for any more."""
    from gatehouse.pipeline.judge import re_decide
    from gatehouse.pipeline.maintenance.find_pending import open_reviews
    from gatehouse.reports import decision_markdown

    ctx = context.code_context(folder)
    whole = context.resolve_decision(ctx, decision)
    lost = whole.id in [waiting.id for waiting, _ in open_reviews(ctx)]
    made = whole if lost else re_decide.decide_again(ctx, whole.id)
    body = decision_markdown(ctx.case.contract.title, made)
    return {"decision": made.id, "verdict": made.verdict, "sentence": made.sentence, "body": body}


def promote(folder: str, decision: str) -> str:
    """Carry out a PROMOTE; the ledger is read again and the generation compared."""
    from gatehouse.pipeline.promote import promote as promote_challenger

    champion = promote_challenger(context.use_case_context(folder, decision=decision), decision)
    event_log.info("promoted" if champion else "not promoted", version=champion.model.version if champion else None)
    return f"version {champion.model.version}, generation {champion.generation}" if champion else "the champion stays"


def answer(folder: str, decision: str, response: dict[str, Any]) -> str:
    """Copy a reviewer's answer into the ledger and carry it out. No answer in time counts as a rejection by nobody."""
    from gatehouse.pipeline.promote import record_review_response as record_answer

    user = response.get("responded_by_user") or {}
    actor = user.get("name") or user.get("id") or "nobody"
    reason = (response.get("params_input") or {}).get("reason") or (
        "no answer in time" if actor == "nobody" else "no reason given"
    )
    approved = response["chosen_options"] == ["Approve"] and actor != "nobody"
    ctx = context.use_case_context(folder)
    before = ctx.ledger.decisions.answers(decision)
    if before and (approved, actor, reason) not in before:  # on the command line or the page, or in an earlier task
        return f"answered before by {before[0][1]}: {'approved' if before[0][0] else 'rejected'}; this answer changes nothing"
    champion = record_answer(ctx, decision, approved, actor, reason)
    return f"version {champion.model.version} is the champion" if champion else f"rejected by {actor}: {reason}"
