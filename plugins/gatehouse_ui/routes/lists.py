"""The batches and the decisions of a use case, filtered by state and day, the newest first; the address has it all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import Response

from gatehouse.core.types import BatchState, Verdict
from gatehouse.queries import batches_of, decisions_of
from gatehouse_ui.auth import User
from gatehouse_ui.deps import Before, Day, Search, desk_of, parse_batch_ref, require_readable
from gatehouse_ui.use_case_header import render_use_case

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
    shown = _shown(found, before, state=state, since=since, until=until)
    states = [each.value for each in BatchState]
    return render_use_case(request, "batches.html", use_case, batches=found, states=states, **shown)


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
    shown = _shown(found, before, verdict=verdict, since=since, until=until)
    verdicts = [each.value for each in Verdict]
    return render_use_case(request, "decisions.html", use_case, decisions=found, verdicts=verdicts, **shown)


def _shown(found: Sequence[Any], before: str | int | None, **asked: str | date | None) -> dict[str, Any]:
    """What both lists show beside their rows: the filters, the same as an address holds them, and whether there are more."""
    query = urlencode({name: value for name, value in asked.items() if value})
    return {"asked": asked, "query": query, "more": len(found) == LISTED, "before": before}
