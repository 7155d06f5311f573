"""What an act would change, before anybody does it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from gatehouse.bootstrap import InstalledContext
from gatehouse.core.permissions import Act
from gatehouse.errors import GatehouseError
from gatehouse_ui.auth import User
from gatehouse_ui.deps import action_context, desk_of, require_readable
from gatehouse_ui.use_case_header import render_use_case

router = APIRouter()


@router.get("/use-cases/{use_case}/rollback")
def rollback_page(
    request: Request, user: User, use_case: str, version: Annotated[int, Query(ge=1, lt=2**31)]
) -> Response:
    """From which version to which, since when, how good both are, what follows, and how it is undone."""
    from gatehouse.pipeline.manual.rollback_preview import preview_rollback

    require_readable(request, user, use_case)
    desk = desk_of(request)
    case = desk.case(use_case)
    lines: list[str] = []
    refused = ""
    try:
        lines = [
            part[:1].upper() + part[1:]
            for line in preview_rollback(InstalledContext(case, desk.settings), version)
            for part in line.split("; ")
        ]
    except (GatehouseError, KeyError) as error:
        refused = str(error)
    return render_use_case(
        request,
        "rollback.html",
        use_case,
        version=version,
        lines=lines,
        refused=refused,
        **action_context(request, user, case, Act.ROLL_BACK),
    )
