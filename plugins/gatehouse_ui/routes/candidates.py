"""The candidates of a decision's training on the rows that the gate judged."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from gatehouse.bootstrap import InstalledContext
from gatehouse.queries import decision_view
from gatehouse_ui.auth import User
from gatehouse_ui.column_profiles import LARGEST, UNREADABLE
from gatehouse_ui.deps import desk_of, require_readable, validate_decision_id
from gatehouse_ui.use_case_header import render_use_case

if TYPE_CHECKING:
    from gatehouse.pipeline.manual.candidate_comparison import CandidateComparison
    from gatehouse_ui.data_access import DataAccess

router = APIRouter()
KEPT = 32  # comparisons: they never change


@router.get("/decisions/{decision}/candidates")
def candidates_page(request: Request, user: User, decision: str) -> Response:
    """Each candidate and the champion then, measured on the holdout of the decision; it takes a second or two."""
    desk = desk_of(request)
    view = decision_view(desk.database, validate_decision_id(decision))
    use_case = view.decision.use_case
    require_readable(request, user, use_case)
    compared: CandidateComparison | None = None
    refused = ""
    try:
        compared = _compared(desk, use_case, view.row["request"], view.decision.champion)
    except UNREADABLE as error:
        refused = str(error)[:500]
    names = dict.fromkeys(name for each in compared.results for name in each.metrics) if compared else {}
    values: dict[str, Any] = {"compared": compared, "refused": refused, "names": list(names)}
    return render_use_case(
        request, "candidates.html", use_case, decision=view.decision, challenger=view.row["candidate"], **values
    )


@lru_cache(maxsize=KEPT)
def _compared(desk: DataAccess, use_case: str, asked: str, champion: int | None) -> CandidateComparison:
    from gatehouse.pipeline.manual.candidate_comparison import compare_candidates

    return compare_candidates(InstalledContext(desk.case(use_case), desk.settings), asked, champion, LARGEST)
