"""The batches and the decisions of a use case: filtered, sorted and by page, as a page and as CSV; the address has it all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from gatehouse.core.types import BatchState, Verdict
from gatehouse.queries import ListFilter, batches_of, decisions_of
from gatehouse_ui.auth import User
from gatehouse_ui.csv_files import csv_response, csv_table
from gatehouse_ui.deps import Day, Page, Search, desk_of, require_readable
from gatehouse_ui.use_case_header import render_use_case

router = APIRouter()
LISTED = 50
BATCH_COLUMNS = ("key", "revision", "state", "starts", "ends", "rows", "quarantined", "alarms", "reason")
DECISION_COLUMNS = ("id", "version", "candidate", "verdict", "at", "champion", "generation", "sentence")


def asked(
    state: Search = "",
    verdict: Search = "",
    since: Day = None,
    until: Day = None,
    sort: Search = "",
    order: Literal["asc", "desc", ""] = "",
    p: Page = 1,
) -> ListFilter:
    """What an address asks for; a state is asked of batches, a verdict of decisions."""
    return ListFilter(state or verdict, since, until, sort, order == "asc", p, LISTED)


Asked = Annotated[ListFilter, Depends(asked)]


@router.get("/use-cases/{use_case}/batches")
def batches_page(request: Request, user: User, use_case: str, wanted: Asked) -> Response:
    """The batches of a use case, the newest first."""
    require_readable(request, user, use_case)
    found, more = batches_of(desk_of(request).database, use_case, wanted)
    states = [each.value for each in BatchState]
    shown = _shown("state", wanted, more)
    return render_use_case(request, "batches.html", use_case, batches=found, states=states, **shown)


@router.get("/use-cases/{use_case}/batches.csv")
def batches_csv(request: Request, user: User, use_case: str, wanted: Asked) -> Response:
    """All of them as a file."""
    require_readable(request, user, use_case)
    found, _ = batches_of(desk_of(request).database, use_case, replace(wanted, size=None))
    return _csv(f"{use_case}-batches.csv", BATCH_COLUMNS, found)


@router.get("/use-cases/{use_case}/decisions")
def decisions_page(request: Request, user: User, use_case: str, wanted: Asked) -> Response:
    """The decisions of a use case, the newest first."""
    require_readable(request, user, use_case)
    found, more = decisions_of(desk_of(request).database, use_case, wanted)
    verdicts = [each.value for each in Verdict]
    shown = _shown("verdict", wanted, more)
    return render_use_case(request, "decisions.html", use_case, decisions=found, verdicts=verdicts, **shown)


@router.get("/use-cases/{use_case}/decisions.csv")
def decisions_csv(request: Request, user: User, use_case: str, wanted: Asked) -> Response:
    """All of them as a file."""
    require_readable(request, user, use_case)
    found, _ = decisions_of(desk_of(request).database, use_case, replace(wanted, size=None))
    return _csv(f"{use_case}-decisions.csv", DECISION_COLUMNS, found)


def _csv(name: str, columns: Sequence[str], found: Iterable[Mapping[str, Any]]) -> Response:
    return csv_response(name, csv_table(columns, ([row[column] for column in columns] for row in found)))


def _shown(only: str, wanted: ListFilter, more: bool) -> dict[str, Any]:
    """What both lists show beside their rows: what was asked for, as the address holds it, and whether there are more."""
    kept = {
        only: wanted.only,
        "since": wanted.since,
        "until": wanted.until,
        "sort": wanted.sort,
        "order": "asc" if wanted.ascending else "",
    }
    return {"asked": kept, "p": wanted.page, "more": more}
