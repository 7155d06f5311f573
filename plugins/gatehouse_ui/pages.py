"""The pages that only look: fleet, use case, decision, batch, runbook, and the way from a run to its record."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse

from gatehouse.adapters.ledger.decisions import PostgresDecisions
from gatehouse.core.records import BatchId, Verdict
from gatehouse.errors import UnknownRecord
from gatehouse.report.batch import results_of
from gatehouse.views import (
    batch_view,
    batches_of,
    decision_view,
    decisions_of,
    fleet,
    messages_view,
    told_use_cases,
    use_case_view,
)
from gatehouse_ui import book, drawn, forgery, rows
from gatehouse_ui.access import User, may_read, name_of, readable, why_not
from gatehouse_ui.view import page

if TYPE_CHECKING:
    from gatehouse_ui.desk import Desk
    from gatehouse_ui.runs import Runs

router = APIRouter()
FLEET, LISTED = 40, 50  # use cases and batches a page
Page = Annotated[int, Query(ge=1, le=100_000)]
Search = Annotated[str, Query(max_length=500, pattern=r"^[^\x00]*$")]
NAME = re.compile(r"[a-z][a-z0-9_]*")


def desk_of(request: Request) -> Desk:
    """What this app reads from."""
    return request.app.state.desk  # type: ignore[no-any-return]


def runs_of(request: Request) -> Runs:
    """What this app knows of Airflow's runs."""
    return request.app.state.runs  # type: ignore[no-any-return]


@router.get("/")
def fleet_page(request: Request, user: User, q: Search = "", p: Page = 1) -> Response:
    """All use cases that the user may read, those that need a person first."""
    desk = desk_of(request)
    standings, total, needs = fleet(desk.database, desk.names(), lambda names: readable(user, names), q, p, FLEET)
    upcoming = runs_of(request).next_runs([each.use_case for each in standings])
    pages = max(1, -(-total // FLEET))
    return page(
        request, "fleet.html", standings=standings, total=total, needs=needs, upcoming=upcoming, q=q, p=p, pages=pages
    )


@router.get("/messages")
def messages_page(
    request: Request, user: User, held: bool = False, before: Annotated[int | None, Query(ge=1, lt=2**63)] = None
) -> Response:
    """What people were told, what waits, and what was held back and why, of the use cases that the user may read."""
    desk = desk_of(request)
    allowed = readable(user, told_use_cases(desk.database) | set(desk.names()))
    view = messages_view(desk.database, allowed, held, before, LISTED)
    told = desk.told()
    return page(
        request, "messages.html", view=view, held=held, before=before, more=len(view.messages) == LISTED, **told
    )


@router.get("/use-cases/{use_case}")
def use_case_page(request: Request, user: User, use_case: str) -> Response:
    """One use case over time."""
    checked(request, user, use_case)
    desk = desk_of(request)
    view = use_case_view(desk.database, use_case)
    case = desk.known_case(use_case)
    if not view.batches and case is None:
        raise HTTPException(404, f"there is no use case {use_case[:80]!r}")
    return page(
        request,
        "use_case.html",
        view=view,
        case=case,
        **drawn.use_case(view),
        running=runs_of(request).running(use_case),
        former=sorted({each["version"] for each in view.promotions[1:]} - {view.promotions[0]["version"]})
        if view.promotions
        else [],
        **acting(request, user, case),
    )


@router.get("/use-cases/{use_case}/batches")
def batches_page(request: Request, user: User, use_case: str, before: Search = "") -> Response:
    """The batches of a use case, the newest first; `before` is where the page before ended (`2013-03.r1`)."""
    checked(request, user, use_case)
    listed = batches_of(desk_of(request).database, use_case, parsed(use_case, before) if before else None, LISTED)
    return page(request, "batches.html", use_case=use_case, batches=listed, more=len(listed) == LISTED, before=before)


@router.get("/use-cases/{use_case}/decisions")
def decisions_page(
    request: Request, user: User, use_case: str, before: Annotated[int | None, Query(ge=1, lt=2**63)] = None
) -> Response:
    """The decisions of a use case, the newest first."""
    checked(request, user, use_case)
    listed = decisions_of(desk_of(request).database, use_case, before, LISTED)
    return page(
        request, "decisions.html", use_case=use_case, decisions=listed, more=len(listed) == LISTED, before=before
    )


@router.get("/use-cases/{use_case}/runbook")
def runbook_page(request: Request, user: User, use_case: str) -> Response:
    """What to do about each red thing."""
    checked(request, user, use_case)
    return page(
        request,
        "runbook.html",
        use_case=use_case,
        book=book.page(desk_of(request).case(use_case).folder / "RUNBOOK.md"),
    )


@router.get("/decisions/{decision}")
def decision_page(request: Request, user: User, decision: str) -> Response:
    """One decision: why, and what may be done about it."""
    desk, runs = desk_of(request), runs_of(request)
    view = decision_view(desk.database, whole_id(decision))
    use_case = view.decision.use_case
    checked(request, user, use_case)
    case = desk.known_case(use_case)
    review = runs.review(use_case, view.decision.id) if view.decision.verdict is Verdict.REVIEW else None
    return page(
        request,
        "decision.html",
        view=view,
        case=case,
        review=review,
        run=(review.dag_id, review.run_id) if review else runs.of_request(use_case, view.row["request"]),
        runbook=f"{request.scope.get('root_path', '')}/use-cases/{use_case}/runbook",
        **drawn.decision(desk, view),
        **acting(request, user, case),
    )


@router.get("/batches/{use_case}/{ref}")
def batch_page(
    request: Request, user: User, use_case: str, ref: str, table: Search = "", q: Search = "", p: Page = 1
) -> Response:
    """One batch: what the contract found, and the rows in quarantine."""
    checked(request, user, use_case)
    desk = desk_of(request)
    view = batch_view(desk.database, parsed(use_case, ref))
    case = desk.known_case(use_case)
    held = [each["name"] for each in view.tables if _held(view, each["name"])]
    table = table if table in held else (held[0] if held else "")
    file = view.file(table) if table else None
    return page(
        request,
        "batch.html",
        view=view,
        ref=ref,
        case=case,
        results=results_of(desk.lake.read(view.report).decode()) if view.report else None,
        held=held,
        table=table,
        found=rows.found(desk.lake, file, q, p) if file else None,
        q=q,
        runbook=f"{request.scope.get('root_path', '')}/use-cases/{use_case}/runbook",
        **acting(request, user, case),
    )


@router.get("/batches/{use_case}/{ref}/report")
def report_page(request: Request, user: User, use_case: str, ref: str) -> Response:
    """The archived report of a batch, byte for byte; it brings its own, stricter content policy."""
    checked(request, user, use_case)
    desk = desk_of(request)
    report = batch_view(desk.database, parsed(use_case, ref)).report
    if report is None:
        raise HTTPException(404, "this batch has not been validated")
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
    return Response(desk.lake.read(report), media_type="text/html", headers={"Content-Security-Policy": policy})


@router.get("/batches/{use_case}/{ref}/quarantined.csv")
def quarantined_csv(request: Request, user: User, use_case: str, ref: str, table: Search = "") -> Response:
    """The quarantined rows of one table, with formulas made harmless."""
    checked(request, user, use_case)
    desk = desk_of(request)
    batch = parsed(use_case, ref)
    file = batch_view(desk.database, batch).file(table)
    if file is None:
        raise HTTPException(404, "this table has no rows in quarantine")
    name = re.sub(r"[^A-Za-z0-9._-]", "_", f"{use_case}-{batch.key}.r{batch.revision}-{table}.csv")
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(rows.as_csv(desk.lake, file), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/run")
def run_page(
    request: Request, user: User, dag_id: Search, run_id: Search, task_id: Search = "", map_index: str = "-1"
) -> Response:
    """From a DAG run or a task to the record it is about; a page that says so when there is none (yet)."""
    index = int(map_index) if map_index.lstrip("-").isdigit() else -1
    subject = runs_of(request).subject(dag_id, run_id, task_id, index)
    if subject is None:
        return page(request, "no_record.html", dag_id=dag_id, use_case="")
    checked(request, user, subject.use_case)
    root, desk = request.scope.get("root_path", ""), desk_of(request)
    recorded = PostgresDecisions(desk.database).of_request(subject.request) if subject.request else None
    decision = subject.decision or (recorded.id if recorded else "")
    if decision:
        return RedirectResponse(f"{root}/decisions/{decision}", 303)
    if subject.batch:
        return RedirectResponse(f"{root}/batches/{subject.use_case}/{subject.batch}", 303)
    if subject.stage in ("rollback", "override"):
        return RedirectResponse(f"{root}/use-cases/{subject.use_case}", 303)
    return page(request, "no_record.html", dag_id=dag_id, use_case=subject.use_case)


def checked(request: Request, user: Any, use_case: str) -> None:
    """404 for what cannot be a use case's name, 403 when the user may not read it."""
    if not NAME.fullmatch(use_case):
        raise HTTPException(404, "no such use case")
    may_read(request, user, use_case)


def acting(request: Request, user: Any, case: Any) -> dict[str, str]:
    """What the forms of a page need: the token, the name that goes on record, and why they are not shown."""
    return {"token": forgery.token_for(user), "who": name_of(user), "why_not": why_not(request, user, case)}


def parsed(use_case: str, ref: str) -> BatchId:
    """`2013-03.r1` as a batch."""
    key, _, revision = ref.rpartition(".r")
    if not key or not key.isprintable() or not revision.isdecimal() or len(revision) > 9:
        raise UnknownRecord(f"not a batch: {ref[:80]!r}; a batch is named like 2013-03.r1")
    return BatchId(use_case, key, int(revision))


def whole_id(decision: str) -> str:
    """A decision's id as the ledger writes it."""
    if not re.fullmatch(r"[0-9a-zA-Z-]{1,64}", decision):
        raise UnknownRecord(f"not a decision: {decision[:80]!r}")
    return decision


def _held(view: Any, table: str) -> bool:
    file = view.file(table)
    return file is not None and (file.rows is None or file.rows > 0)
