"""Who may see and who may act: Airflow's own authentication and permissions, and the table of acts.

Reading a use case takes what reading its DAGs takes. Acting takes what triggering its DAGs takes, and what
`gatehouse.core.permissions` asks for that act. Only the public interface of Airflow's auth managers is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
from airflow.api_fastapi.core_api.security import get_user, requires_access_dag
from fastapi import Depends, HTTPException, Request

from gatehouse.core.permissions import Act, require_may
from gatehouse.errors import NotAllowedError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gatehouse.use_case import UseCase

User = Annotated[Any, Depends(get_user)]
READ_STAGE, ACT_STAGE = "monitor", "rollback"


def may_read(request: Request, user: Any, use_case: str) -> None:
    """403 unless Airflow lets the user see the use case's DAGs."""
    requires_access_dag("GET", param_dag_id=f"{use_case}__{READ_STAGE}")(request, user)


def readable(user: Any, names: Iterable[str]) -> set[str]:
    """Those of the use cases that the user may read."""
    ids = {f"{name}__{READ_STAGE}": name for name in names}
    return {ids[dag] for dag in get_auth_manager().filter_authorized_dag_ids(dag_ids=set(ids), user=user)}


def why_not(request: Request, user: Any, case: UseCase | None, act: Act) -> str:
    """Why the user may not do this to a use case, in a sentence; empty when they may."""
    if case is None:
        return "the use case has no readable folder, so nobody is named who may act"
    try:
        requires_access_dag("POST", DagAccessEntity.RUN, f"{case.name}__{ACT_STAGE}")(request, user)
    except HTTPException:
        return f"{name_of(user)} may look, not act: Airflow does not let this role trigger {case.name}'s DAGs"
    try:
        require_may(act, name_of(user), case.gate)
    except NotAllowedError as error:
        return str(error)
    return ""


def may_act(request: Request, user: Any, case: UseCase | None, act: Act) -> None:
    """403 with the reason unless the user may do this to the use case."""
    why = why_not(request, user, case, act)
    if why:
        raise HTTPException(403, why)


def name_of(user: Any) -> str:
    """The name that goes on record."""
    return str(user.get_name())
