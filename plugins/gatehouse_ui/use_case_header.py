"""What stands on top of every page of a use case: its title, six cards that say where it stands, and the tabs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gatehouse.queries import status_of
from gatehouse_ui.deps import desk_of, runbook_of, runs_of
from gatehouse_ui.templating import render

if TYPE_CHECKING:
    from fastapi import Request
    from fastapi.responses import HTMLResponse

TABS = (
    ("Overview", ""), ("Drift", "/drift"), ("Batches", "/batches"), ("Decisions", "/decisions"), ("Audit", "/audit"),
    ("Policy", "/policy"), ("Runbook", "/runbook"),
)  # fmt: skip


def render_use_case(request: Request, template: str, use_case: str, **values: Any) -> HTMLResponse:
    """A page of a use case. Its template sets `tab` to the name of the tab that it belongs to."""
    desk = desk_of(request)
    case = desk.known_case(use_case)
    header = {
        "use_case": use_case,
        "case": case,
        "titled": case.contract.title if case else use_case,
        "here": f"{request.scope.get('root_path', '')}/use-cases/{use_case}",
        "standing": status_of(desk.database, use_case),
        "next_run": runs_of(request).next_runs([use_case]).get(use_case),
        "runbook": runbook_of(request, use_case),
        "tabs": TABS,
    }
    return render(request, template, **{**header, **values})
