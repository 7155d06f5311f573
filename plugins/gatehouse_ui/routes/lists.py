"""The batches and the decisions of a use case, filtered by state and day, the newest first; the address has it all."""

from __future__ import annotations

from datetime import date
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response

from gatehouse.core.types import BatchState, Verdict
from gatehouse.queries import batches_of, decisions_of
from gatehouse_ui.auth import User
from gatehouse_ui.deps import Before, Day, Search, desk_of, parse_batch_ref, require_readable
from gatehouse_ui.templating import render

router = APIRouter()
LISTED = 50


@router.get("/use-cases/{use_case}/batches")
def batches_page(
    request: Request,
    user: User,
    use_case: str,
    before: Search = "",
    state: Search = "",
    since: Day = None,
    until: Day = None,
) -> Response:
    """The batches of a use case, the newest first; `before` is where the page before ended (`2013-03.r1`)."""
    require_readable(request, user, use_case)
    last = parse_batch_ref(use_case, before) if before else None
    found = batches_of(desk_of(request).database, use_case, last, LISTED, state, since, until)
    asked = {"state": state, "since": since, "until": until}
    return render(
        request,
        "batches.html",
        use_case=use_case,
        batches=found,
        states=[each.value for each in BatchState],
        asked=asked,
        query=_query(asked),
        more=len(found) == LISTED,
        before=before,
    )


@router.get("/use-cases/{use_case}/decisions")
def decisions_page(
    request: Request,
    user: User,
    use_case: str,
    before: Before = None,
    verdict: Search = "",
    since: Day = None,
    until: Day = None,
) -> Response:
    """The decisions of a use case, the newest first."""
    require_readable(request, user, use_case)
    found = decisions_of(desk_of(request).database, use_case, before, LISTED, verdict, since, until)
    asked = {"verdict": verdict, "since": since, "until": until}
    return render(
        request,
        "decisions.html",
        use_case=use_case,
        decisions=found,
        verdicts=[each.value for each in Verdict],
        asked=asked,
        query=_query(asked),
        more=len(found) == LISTED,
        before=before,
    )


def _query(asked: dict[str, str | date | None]) -> str:
    """The filters that are set, as an address holds them."""
    return urlencode({name: value for name, value in asked.items() if value})
