"""What an address asks for: whose use case it is, whether the user may read it, and what the app knows of it."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import HTTPException, Query, Request
from pydantic import BeforeValidator

from gatehouse.core.permissions import Act
from gatehouse.core.types import BatchId
from gatehouse.errors import RecordNotFoundError
from gatehouse_ui import csrf
from gatehouse_ui.auth import may_read, name_of, why_not

if TYPE_CHECKING:
    from gatehouse_ui.airflow_runs import AirflowRuns
    from gatehouse_ui.data_access import DataAccess

Page = Annotated[int, Query(ge=1, le=100_000)]
Search = Annotated[str, Query(max_length=500, pattern=r"^[^\x00]*$")]
Before = Annotated[int | None, Query(ge=1, lt=2**63)]
# Airflow leaves the placeholder of its link as it is where a task is not mapped
MapIndex = Annotated[int, Query(ge=-1, lt=2**31), BeforeValidator(lambda text: -1 if text == "{MAP_INDEX}" else text)]
Day = Annotated[date | None, Query(), BeforeValidator(lambda text: text or None)]
# the content policy of an archived report: no script, no link that acts, and its own styles
ARCHIVED = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
NAME = re.compile(r"[a-z][a-z0-9_]*")


def desk_of(request: Request) -> DataAccess:
    """What this app reads from."""
    return request.app.state.desk  # type: ignore[no-any-return]


def runs_of(request: Request) -> AirflowRuns:
    """What this app knows of Airflow's runs."""
    return request.app.state.runs  # type: ignore[no-any-return]


def require_readable(request: Request, user: Any, use_case: str) -> None:
    """404 for what cannot be a use case's name, 403 when the user may not read it."""
    if not NAME.fullmatch(use_case):
        raise HTTPException(404, "no such use case")
    may_read(request, user, use_case)


def action_context(request: Request, user: Any, case: Any, act: Act) -> dict[str, str]:
    """What the forms of a page need: the token, the name that goes on record, and why they are not shown."""
    return {"token": csrf.token_for(user), "who": name_of(user), "why_not": why_not(request, user, case, act)}


def parse_batch_ref(use_case: str, ref: str) -> BatchId:
    """`2013-03.r1` as a batch."""
    key, _, revision = ref.rpartition(".r")
    if not key or not key.isprintable() or not revision.isdecimal() or len(revision) > 9:
        raise RecordNotFoundError(f"not a batch: {ref[:80]!r}; a batch is named like 2013-03.r1")
    return BatchId(use_case, key, int(revision))


def validate_decision_id(decision: str) -> str:
    """A decision's id as the ledger writes it."""
    if not re.fullmatch(r"[0-9a-zA-Z-]{1,64}", decision):
        raise RecordNotFoundError(f"not a decision: {decision[:80]!r}")
    return decision


def runbook_of(request: Request, use_case: str) -> str:
    """The address of a use case's runbook."""
    return f"{request.scope.get('root_path', '')}/use-cases/{use_case}/runbook"
