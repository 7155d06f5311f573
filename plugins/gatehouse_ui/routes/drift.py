"""Drift, drawn: the columns of a batch, columns by batches, and one column over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import Response

from gatehouse.core.profiling import CategoricalProfile, NumericProfile
from gatehouse.core.profiling.histogram import quantiles, unseen
from gatehouse.queries import DriftView, drift_view
from gatehouse.reports.drift_history import HistoryPoint, drift_history
from gatehouse.reports.histograms import large_histogram, small_histogram
from gatehouse_ui.auth import User
from gatehouse_ui.column_profiles import ColumnProfiles, column_profiles
from gatehouse_ui.deps import Search, desk_of, parse_batch_ref, require_readable
from gatehouse_ui.drift_rows import SORTS, column_title, drift_row, drift_rows
from gatehouse_ui.use_case_header import render_use_case

if TYPE_CHECKING:
    from gatehouse_ui.drift_rows import DriftRow

router = APIRouter()
RANGES = (6, 12, 24, 60)  # batches
COLUMN_RANGES = (6, 12, 24, 1000)  # the last one is all of them, for people
Shown = Annotated[int, Query(ge=1, le=RANGES[-1])]
ColumnShown = Annotated[int, Query(ge=1, le=COLUMN_RANGES[-1])]
ColumnName = Annotated[str, Query(min_length=1, max_length=2000)]
SHARES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


@router.get("/use-cases/{use_case}/drift")
def drift_page(
    request: Request, user: User, use_case: str, batch: Search = "", sort: Search = "", n: Shown = 12
) -> Response:
    """The columns of a batch against what they were compared with, and all columns by batches."""
    view, profiles = _looked(request, user, use_case, batch, n)
    rows = drift_rows(view.chosen, sort) if view.chosen else []
    drawn = {row.column: found for row in rows if (found := profiles.histogram(row.column)) is not None}
    return render_use_case(
        request,
        "drift.html",
        use_case,
        view=view,
        rows=rows,
        drawn={name: small_histogram(found) for name, found in drawn.items()},
        cells=_cells(view),
        lost=profiles.lost,
        title_of=column_title,
        sort=sort if sort in SORTS else "state",
        n=n,
        ranges=RANGES,
    )


@router.get("/use-cases/{use_case}/column")
def column_page(
    request: Request, user: User, use_case: str, name: ColumnName, batch: Search = "", n: ColumnShown = 24
) -> Response:
    """One column: how it looks in a batch and in the reference, and its distance over time."""
    view, profiles = _looked(request, user, use_case, batch, n, name)
    record = view.chosen.column(name) if view.chosen else None
    if record is None and name not in view.names:
        raise HTTPException(404, "monitoring has compared no column of this name in these batches")
    found, title = profiles.histogram(name), column_title(name)
    sides = (profiles.reference.get(name), profiles.batch.get(name))
    root = request.scope.get("root_path", "")
    return render_use_case(
        request,
        "column.html",
        use_case,
        view=view,
        name=name,
        title=title,
        row=drift_row(record) if record else None,
        drawing=large_histogram(found, title) if found else None,
        bins=found.rows if found else [],
        facts=_facts(*sides),
        unseen=_unseen(*sides),
        importance=profiles.importance.get(name),
        place=sum(each >= profiles.importance[name] for each in profiles.importance.values())
        if name in profiles.importance
        else 0,
        features=len(profiles.importance),
        history=drift_history(_points(view, name, f"{root}/use-cases/{use_case}/column", n), title),
        lost=profiles.lost,
        n=n,
        ranges=COLUMN_RANGES,
    )


def _looked(
    request: Request, user: Any, use_case: str, batch: str, n: int, column: str = ""
) -> tuple[DriftView, ColumnProfiles]:
    require_readable(request, user, use_case)
    desk = desk_of(request)
    view = drift_view(desk.database, use_case, parse_batch_ref(use_case, batch) if batch else None, n, column)
    if batch and view.chosen is None:
        raise HTTPException(404, "this batch has not been monitored")
    if not view.batches and desk.known_case(use_case) is None:
        raise HTTPException(404, f"there is no use case {use_case[:80]!r}")
    return view, column_profiles(desk.lake, view)


def _cells(view: DriftView) -> dict[str, list[DriftRow | None]]:
    """The matrix: for each column its row in each batch, oldest first."""
    by_batch = [{str(each["column"]): drift_row(each) for each in batch.columns} for batch in reversed(view.batches)]
    return {name: [batch.get(name) for batch in by_batch] for name in view.names}


def _points(view: DriftView, name: str, address: str, n: int) -> list[HistoryPoint]:
    found = []
    for batch in reversed(view.batches):
        record = batch.column(name)
        row = drift_row(record) if record else None
        link = f"{address}?{urlencode({'name': name, 'batch': batch.ref, 'n': n})}"
        chosen = view.chosen is not None and batch.id == view.chosen.id
        found.append(
            HistoryPoint(batch.ref, row and row.value, row and row.limit, row.state if row else "", link, chosen)
        )
    return found


def _facts(reference: Any, batch: Any) -> list[tuple[str, Any, Any]]:
    """What is told of both sides beside each other: a name, the reference's value, the batch's."""
    sides = (reference, batch)
    facts: list[tuple[str, Any, Any]] = [
        ("rows", *(each and f"{each.rows:,}" for each in sides)),
        ("nulls", *(each and f"{each.nulls / (each.rows or 1):.2%}" for each in sides)),
    ]
    if any(isinstance(each, NumericProfile) for each in sides):
        told = [_numbers(each) if isinstance(each, NumericProfile) and each.values else {} for each in sides]
        facts += [(name, told[0].get(name), told[1].get(name)) for name in told[0] or told[1]]
    return facts


def _numbers(profile: NumericProfile) -> dict[str, str]:
    known = {"mean": profile.moments.mean, "standard deviation": profile.moments.std, "minimum": profile.minimum}
    known |= {f"{share:.0%} quantile": value for share, value in zip(SHARES, quantiles(profile, SHARES), strict=True)}
    return {name: f"{value:,.4g}" for name, value in [*known.items(), ("maximum", profile.maximum)]}


def _unseen(reference: Any, batch: Any) -> list[tuple[str, float]]:
    """The batch's values that the reference does not hold, with their shares."""
    if not isinstance(reference, CategoricalProfile) or not isinstance(batch, CategoricalProfile) or not batch.values:
        return []
    return [(name, count / batch.values) for name, count in list(unseen(reference, batch).items())[:30]]
