"""Who did what, on what, why, with what result: of one use case or of all, as a page and as CSV."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from gatehouse.queries import AuditFilter, AuditLine, audit_lines
from gatehouse.queries.audit import ACTS, DID
from gatehouse_ui.auth import User, readable
from gatehouse_ui.csv_files import csv_response, csv_table
from gatehouse_ui.deps import Before, Day, Search, desk_of, require_readable
from gatehouse_ui.templating import render
from gatehouse_ui.use_case_header import render_use_case

if TYPE_CHECKING:
    from gatehouse.adapters.ledger.connection import Database

router = APIRouter()
LISTED, AT_ONCE = 50, 5_000  # entries a page; entries that a file is read in at once
HEADINGS = ("entry", "at", "who", "kind", "did", "use case", "on", "reason", "result")


def asked(
    by: Search = "", kind: Search = "", since: Day = None, until: Day = None, before: Before = None
) -> AuditFilter:
    """The filter that an address holds."""
    return AuditFilter(by.strip(), kind.strip(), since, until, before)


Asked = Annotated[AuditFilter, Depends(asked)]


@router.get("/audit")
def audit_page(request: Request, user: User, wanted: Asked, use_case: Search = "") -> Response:
    """The acts on all use cases that the user may read."""
    return _page(request, wanted, use_case, _names(request, user, use_case), "")


@router.get("/audit.csv")
def audit_csv(request: Request, user: User, wanted: Asked, use_case: Search = "") -> Response:
    """All of them as a file."""
    return _csv(request, wanted, _names(request, user, use_case))


@router.get("/use-cases/{use_case}/audit")
def use_case_audit_page(request: Request, user: User, wanted: Asked, use_case: str) -> Response:
    """The acts on one use case."""
    require_readable(request, user, use_case)
    return _page(request, wanted, "", [use_case], use_case)


def _names(request: Request, user: Any, use_case: str) -> list[str]:
    """The use cases that are asked for, as far as the user may read them."""
    desk = desk_of(request)
    allowed = readable(user, desk.known_names())
    return sorted(name for name in allowed if not use_case or name == use_case)


def _page(request: Request, wanted: AuditFilter, chosen: str, names: Collection[str], of: str) -> Response:
    found = audit_lines(desk_of(request).database, wanted, names, LISTED)
    kept = {"by": wanted.by, "kind": wanted.kind, "since": wanted.since or "", "until": wanted.until or ""}
    page = partial(render_use_case, request, "audit.html", of)
    if not of:
        page = partial(render, request, "audit.html", use_case="")
    return page(
        chosen=chosen,
        wanted=wanted,
        lines=found,
        kinds={kind: DID.get(kind, kind) for kind in ACTS},
        more=len(found) == LISTED,
        query=urlencode({**kept, **({"use_case": of or chosen} if of or chosen else {})}),
        older=urlencode({**kept, **({"use_case": chosen} if chosen else {}), "before": found[-1].seq if found else ""}),
    )


def _csv(request: Request, wanted: AuditFilter, names: Collection[str]) -> Response:
    lines = _all_lines(desk_of(request).database, wanted, names)
    return csv_response("audit.csv", csv_table(HEADINGS, (_cells(line) for line in lines)))


def _all_lines(database: Database, wanted: AuditFilter, names: Collection[str]) -> Iterator[AuditLine]:
    """Every entry that the filter lets through. The log only grows at its newest end, so no entry is missed or doubled."""
    while found := audit_lines(database, wanted, names, AT_ONCE):
        yield from found
        wanted = replace(wanted, before=found[-1].seq)


def _cells(line: AuditLine) -> tuple[Any, ...]:
    texts = (line.actor, line.kind, line.did, line.use_case, line.subject, line.reason, line.result)
    return line.seq, line.at, *texts
