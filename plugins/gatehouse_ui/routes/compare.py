"""Two versions of a model side by side."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import Response

from gatehouse.core.audit.canonical_json import finite
from gatehouse.queries import VersionFacts, versions_of
from gatehouse_ui.auth import User
from gatehouse_ui.column_profiles import UNREADABLE, reference_of
from gatehouse_ui.deps import desk_of, require_readable
from gatehouse_ui.use_case_header import render_use_case

router = APIRouter()
Version = Annotated[int, Query(ge=0, lt=2**31)]


@router.get("/use-cases/{use_case}/compare")
def compare_page(request: Request, user: User, use_case: str, one: Version = 0, other: Version = 0) -> Response:
    """Two versions: origin, training, metrics, importance and verdict. Without a choice the newest two."""
    require_readable(request, user, use_case)
    desk = desk_of(request)
    known, _ = versions_of(desk.database, use_case, [])
    wanted = [one or (known[1] if len(known) > 1 else known[0] if known else 0), other or (known[0] if known else 0)]
    _, found = versions_of(desk.database, use_case, wanted)
    if known and set(wanted) - set(found):
        raise HTTPException(404, "there is no such version of this use case")
    pair = [found[version] for version in wanted if version in found]
    return render_use_case(
        request,
        "compare.html",
        use_case,
        known=known,
        pair=pair,
        wanted=wanted,
        metrics=_table([each.metrics for each in pair]),
        **_references(desk, pair),
    )


def _references(desk: Any, pair: list[VersionFacts]) -> dict[str, Any]:
    """Quality and importance on each version's own holdout, as far as the references can be read."""
    quality: list[Any] = []
    importance: list[Any] = []
    for each in pair:
        try:
            known = reference_of(desk.lake, each.reference)
            quality.append(known.quality)
            importance.append(known.importance)
        except UNREADABLE:
            quality.append({})
            importance.append({})
    ranked = sorted(_table(importance), key=lambda row: -max(value or 0.0 for value in row[1]))
    return {"quality": _table(quality), "importance": ranked[:30]}


def _table(sides: list[Any]) -> list[tuple[str, list[float | None]]]:
    """What either side has, name by name, with the value of each."""
    names = sorted({name for side in sides for name in side})
    return [(name, [finite(side.get(name)) for side in sides]) for name in names]
