"""The FastAPI app: routes, headers, and how failures look."""

from __future__ import annotations

from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from airflow.api_fastapi.app import get_auth_manager
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, RedirectResponse, Response

from gatehouse.errors import (
    GatehouseError,
    NotAllowedError,
    RecordNotFoundError,
    ServiceUnavailableError,
    StaleChampionError,
    UnknownUseCaseError,
)
from gatehouse.reports.inline_svg import draw
from gatehouse_ui.airflow_runs import AirflowRuns
from gatehouse_ui.auth import get_user
from gatehouse_ui.data_access import DataAccess
from gatehouse_ui.routes import actions, api, audit, batches, candidates, compare, drift, lists, pages, policy, previews
from gatehouse_ui.templating import failure

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

STATIC = Path(__file__).parent / "static"
FILES = {"page.css": "text/css", "page.js": "text/javascript"}
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'self'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
STATUS: dict[type[GatehouseError], int] = {
    RecordNotFoundError: 404, UnknownUseCaseError: 404, NotAllowedError: 409, StaleChampionError: 409,
    ServiceUnavailableError: 503,
}  # fmt: skip


def application(desk: DataAccess | None = None, runs: AirflowRuns | None = None) -> FastAPI:
    """The pages as an app to mount. Every route asks Airflow who it is, also the style sheet's; only what machines ask has
    its own rule (`machines`). tests/integration/plugins/test_page_access.py walks every route as everybody."""
    app = FastAPI(title="Gatehouse", openapi_url=None, docs_url=None, redoc_url=None)
    app.state.desk, app.state.runs, app.state.health = desk or DataAccess(), runs or AirflowRuns(), api.CachedHealth()
    known = [Depends(get_user)]
    for looks_or_acts in (
        pages.router,
        lists.router,
        batches.router,
        drift.router,
        audit.router,
        policy.router,
        compare.router,
        candidates.router,
        previews.router,
        actions.router,
    ):
        app.include_router(looks_or_acts, dependencies=known)
    app.add_api_route("/static/{name}", _static, methods=["GET"], dependencies=known)
    app.include_router(api.router)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(404, _refused)
    app.add_exception_handler(405, _refused)
    app.add_exception_handler(RequestValidationError, _not_taken)
    app.add_exception_handler(GatehouseError, _failed)
    app.middleware("http")(_with_headers)
    Thread(target=_warm, daemon=True).start()
    return app


def _warm() -> None:
    """Import what the first page would otherwise wait for."""
    import pyarrow.parquet  # noqa: F401 - imported for its time

    draw(lambda axes: axes.plot([0, 1]), "warm", "up")


async def _with_headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    return response


def _static(name: str) -> Response:
    if name not in FILES:
        raise HTTPException(404, "no such file")
    return FileResponse(STATIC / name, media_type=FILES[name], headers={"Cache-Control": "private, max-age=300"})


def _refused(request: Request, error: Any) -> Response:
    """A refusal as a page; who is not known yet is sent to Airflow's login when they only wanted to read."""
    status = getattr(error, "status_code", 400)
    wants_page = "text/html" in request.headers.get("accept", "")
    if status == 401 and request.method == "GET" and wants_page:
        return RedirectResponse(get_auth_manager().get_url_login(next_url=str(request.url)), 307)
    detail = str(getattr(error, "detail", "")) or "this address is not one of Gatehouse's"
    return failure(request, status, detail)


def _not_taken(request: Request, error: Any) -> Response:
    """What is wrong with the address or the form: each value by its name."""
    wrong = "; ".join(f"{'.'.join(map(str, each['loc'][1:]))}: {each['msg']}" for each in error.errors())
    return failure(request, 400, f"the address or the form is not what this page takes: {wrong}")


def _failed(request: Request, error: Any) -> Response:
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 500)
    return failure(request, status, str(error))
