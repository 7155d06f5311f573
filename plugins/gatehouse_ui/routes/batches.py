"""One batch: what the contract found, its archived report, and the rows in quarantine as a table and as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from gatehouse.core.permissions import Act
from gatehouse.queries import batch_view
from gatehouse.reports.batch import results_of
from gatehouse_ui import quarantine_rows
from gatehouse_ui.auth import User
from gatehouse_ui.csv_files import csv_response
from gatehouse_ui.deps import ARCHIVED, Page, Search, action_context, desk_of, parse_batch_ref, require_readable
from gatehouse_ui.use_case_header import render_use_case

if TYPE_CHECKING:
    from typing import Any

router = APIRouter()


@router.get("/batches/{use_case}/{ref}")
def batch_page(
    request: Request, user: User, use_case: str, ref: str, table: Search = "", q: Search = "", p: Page = 1
) -> Response:
    """One batch: what the contract found, and the rows in quarantine."""
    require_readable(request, user, use_case)
    desk = desk_of(request)
    view = batch_view(desk.database, parse_batch_ref(use_case, ref))
    case = desk.known_case(use_case)
    held = [each["name"] for each in [*view.tables, *view.quarantined_outcomes] if _held(view, each["name"])]
    table = table if table in held else (held[0] if held else "")
    file = view.file(table) if table else None
    return render_use_case(
        request,
        "batch.html",
        use_case,
        view=view,
        ref=ref,
        results=results_of(desk.lake.read(view.report).decode()) if view.report else None,
        source=str(getattr(case.contract.source, "kind", "")) if case else "",
        held=held,
        table=table,
        found=quarantine_rows.found(desk.lake, file, q, p) if file else None,
        q=q,
        **action_context(request, user, case, Act.RELEASE),
    )


@router.get("/batches/{use_case}/{ref}/report")
def report_page(request: Request, user: User, use_case: str, ref: str) -> Response:
    """The archived report of a batch, byte for byte; it brings its own, stricter content policy."""
    require_readable(request, user, use_case)
    desk = desk_of(request)
    report = batch_view(desk.database, parse_batch_ref(use_case, ref)).report
    if report is None:
        raise HTTPException(404, "this batch has not been validated")
    return Response(desk.lake.read(report), media_type="text/html", headers={"Content-Security-Policy": ARCHIVED})


@router.get("/batches/{use_case}/{ref}/quarantined.csv")
def quarantined_csv(request: Request, user: User, use_case: str, ref: str, table: Search = "") -> Response:
    """The quarantined rows of one table, with formulas made harmless."""
    require_readable(request, user, use_case)
    desk = desk_of(request)
    batch = parse_batch_ref(use_case, ref)
    file = batch_view(desk.database, batch).file(table)
    if file is None:
        raise HTTPException(404, "this table has no rows in quarantine")
    name = f"{use_case}-{batch.key}.r{batch.revision}-{table}.csv"
    return csv_response(name, quarantine_rows.as_csv(desk.lake, file))


def _held(view: Any, table: str) -> bool:
    file = view.file(table)
    return file is not None and (file.rows is None or file.rows > 0)
