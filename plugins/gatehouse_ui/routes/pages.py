"""The pages that only look: use cases, notifications, one use case, decision, runbook, and the way from a run to its record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BeforeValidator

from gatehouse.adapters.ledger.decisions import PostgresDecisions
from gatehouse.core.permissions import Act
from gatehouse.core.types import Verdict
from gatehouse.queries import (
    Attention,
    decision_view,
    fleet,
    messages_view,
    notified_use_cases,
    use_case_view,
)
from gatehouse.queries.use_case import RANGES, SHOWN
from gatehouse_ui import render_cache, runbook
from gatehouse_ui.airflow_runs import RunSubject
from gatehouse_ui.alarm_cards import alarm_cards
from gatehouse_ui.auth import User, readable
from gatehouse_ui.candidate_rows import candidate_rows, shown_metrics
from gatehouse_ui.deps import (
    Before,
    MapIndex,
    Page,
    Search,
    action_context,
    desk_of,
    require_readable,
    runs_of,
    validate_decision_id,
)
from gatehouse_ui.templating import render
from gatehouse_ui.use_case_header import render_use_case

if TYPE_CHECKING:
    from gatehouse.queries import DecisionView
    from gatehouse.use_case import UseCase

router = APIRouter()
Need = Annotated[Attention | None, Query(), BeforeValidator(lambda text: Attention(int(text)) if text else None)]
Shown = Annotated[int, Query(ge=1, le=SHOWN)]
FLEET, LISTED, CARDS = 40, 50, 12  # use cases, messages and alarms a page


@router.get("/")
def fleet_page(
    request: Request, user: User, q: Search = "", p: Page = 1, need: Need = None, sort: Search = ""
) -> Response:
    """All use cases that the user may read, those that need a person first; of one `need`, and sorted otherwise."""
    desk = desk_of(request)
    standings, total, needs = fleet(
        desk.database, desk.names(), lambda names: readable(user, names), q, p, FLEET, need, sort
    )
    titles = {each.use_case: case.contract.title for each in standings if (case := desk.known_case(each.use_case))}
    upcoming = runs_of(request).next_runs([each.use_case for each in standings])
    asked = {"q": q, "need": "" if need is None else int(need), "sort": sort}
    found = {"standings": standings, "total": total, "needs": needs, "upcoming": upcoming, "titles": titles}
    open_ones = [one for each in standings for one in (*each.incidents, *each.handled)]
    return render(
        request,
        "fleet.html",
        **found,
        cards=alarm_cards(desk, open_ones[:CARDS]),
        uncarded=max(0, len(open_ones) - CARDS),
        asked=asked,
        p=p,
        more=p * FLEET < total,
    )


@router.get("/notifications")
def notifications_page(request: Request, user: User, held: bool = False, before: Before = None) -> Response:
    """What people were told, what waits, and what was held back and why, of the use cases that the user may read."""
    desk = desk_of(request)
    allowed = readable(user, notified_use_cases(desk.database) | set(desk.names()))
    view = messages_view(desk.database, allowed, held, before, LISTED)
    told = desk.told()
    return render(
        request, "notifications.html", view=view, held=held, before=before, more=len(view.messages) == LISTED, **told
    )


@router.get("/use-cases/{use_case}")
def use_case_page(request: Request, user: User, use_case: str, n: Shown = SHOWN) -> Response:
    """One use case over time, with its newest `n` batches."""
    require_readable(request, user, use_case)
    desk = desk_of(request)
    view = use_case_view(desk.database, use_case, n)
    case = desk.known_case(use_case)
    if not view.batches and case is None:
        raise HTTPException(404, f"there is no use case {use_case[:80]!r}")
    return render_use_case(
        request,
        "use_case.html",
        use_case,
        view=view,
        cards=alarm_cards(desk, view.incidents[:CARDS]),
        n=n,
        ranges=RANGES,
        **render_cache.use_case(view),
        running=runs_of(request).running(use_case),
        former=sorted({each["version"] for each in view.promotions[1:]} - {view.promotions[0]["version"]})
        if view.promotions
        else [],
        **action_context(request, user, case, Act.ROLL_BACK),
    )


@router.get("/use-cases/{use_case}/runbook")
def runbook_page(request: Request, user: User, use_case: str) -> Response:
    """What to do about each red thing."""
    require_readable(request, user, use_case)
    return render_use_case(
        request,
        "runbook.html",
        use_case,
        book=runbook.render_runbook(desk_of(request).case(use_case).folder / "RUNBOOK.md"),
    )


@router.get("/decisions/{decision}")
def decision_page(request: Request, user: User, decision: str) -> Response:
    """One decision: why, and what may be done about it."""
    desk, runs = desk_of(request), runs_of(request)
    view = decision_view(desk.database, validate_decision_id(decision))
    use_case = view.decision.use_case
    require_readable(request, user, use_case)
    case = desk.known_case(use_case)
    review = runs.review(use_case, view.decision.id) if view.decision.verdict is Verdict.REVIEW else None
    stale = view.stale and not (review and review.answered_by)
    drawn = render_cache.render_decision(desk, view)
    return render_use_case(
        request,
        "decision.html",
        use_case,
        view=view,
        stale=stale,
        review=review,
        run=(review.dag_id, review.run_id) if review else runs.of_request(use_case, view.row["request"]),
        **_candidates(view, case, drawn["metric"]),
        **drawn,
        **action_context(request, user, case, Act.JUDGE_AGAIN if stale else Act.APPROVE),
    )


def _candidates(view: DecisionView, case: UseCase | None, metric: str) -> dict[str, Any]:
    """The candidates of a decision's training, and by which metric the challenger was chosen."""
    chosen_by = case.retrain.selection_metric if case else metric
    rows = candidate_rows(view.candidates, view.row["candidate"], chosen_by)
    return {"candidates": rows, "names": shown_metrics(rows, chosen_by, metric), "chosen_by": chosen_by}


@router.get("/run")
def run_page(
    request: Request, user: User, dag_id: Search, run_id: Search, task_id: Search = "", map_index: MapIndex = -1
) -> Response:
    """From a DAG run or a task to the record it is about; a page of its own for a failed run, and where there is none."""
    subject = runs_of(request).subject(dag_id, run_id, task_id, map_index)
    if subject is None:
        return render(request, "no_record.html", dag_id=dag_id, use_case="")
    require_readable(request, user, subject.use_case)
    root, address = request.scope.get("root_path", ""), _record(request, subject)
    failed = runs_of(request).failure(dag_id, run_id)
    if failed is not None:
        return render_use_case(
            request, "failed_run.html", subject.use_case, failed=failed, subject=subject, record=address
        )
    if address:
        return RedirectResponse(f"{root}{address}", 303)
    return render(request, "no_record.html", dag_id=dag_id, use_case=subject.use_case)


def _record(request: Request, subject: RunSubject) -> str:
    """The address of the record that a run is about; empty while there is none."""
    found = PostgresDecisions(desk_of(request).database).of_request(subject.request) if subject.request else None
    decision = subject.decision or (found.id if found else "")
    if decision:
        return f"/decisions/{decision}"
    if subject.batch:
        return f"/batches/{subject.use_case}/{subject.batch}"
    return f"/use-cases/{subject.use_case}" if subject.stage in ("rollback", "override") else ""
