"""What machines ask: whether all is well, and the measures.

`/health` tells everybody only whether all is well (200 or 503): load balancers and container health checks have no
session. What is wrong, it tells who is logged in to Airflow or shows the scrape token. `/metrics` tells nothing without one
of the two; a user gets the use cases that they may read, the token gets all. The token is a file that
GATEHOUSE_SCRAPE_TOKEN_FILE names, read with each request, so a new one needs no restart.
"""

from __future__ import annotations

import hmac
import time
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Annotated, Any

from airflow.api_fastapi.core_api.security import get_user
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from gatehouse.telemetry import CONTENT_TYPE, collect_metrics, exposition, read_facts
from gatehouse.telemetry.probe import check_health
from gatehouse_ui.auth import name_of, readable

if TYPE_CHECKING:
    from gatehouse.settings import Settings
    from gatehouse.telemetry import HealthReport

router = APIRouter()
SHORTEST = 32  # characters of a scrape token
KEPT_SECONDS = 5.0  # an answer of /health is given again for so long: strangers cannot make us ask more often
Bearer = Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))]


class ApiCaller:
    """Who asks: `user` of Airflow's, or None for the scrape token."""

    def __init__(self, user: Any) -> None:
        self.user = user

    def readable(self, names: set[str]) -> set[str]:
        return names if self.user is None else readable(self.user, names)


async def reader(request: Request, bearer: Bearer) -> ApiCaller:
    """401 for whoever is neither logged in nor shows the scrape token."""
    token = scrape_token(request.app.state.desk.settings)
    if token and bearer and hmac.compare_digest(bearer.credentials.encode(), token.encode()):
        return ApiCaller(None)
    return ApiCaller(await get_user(request, None, bearer))


async def known_reader(request: Request, bearer: Bearer) -> ApiCaller | None:
    """The reader, or None for a stranger."""
    try:
        return await reader(request, bearer)
    except HTTPException:
        return None


@router.get("/metrics")
def metrics(request: Request, who: Annotated[ApiCaller, Depends(reader)]) -> Response:
    """The measures of the ledger as Prometheus reads them."""
    found = collect_metrics(read_facts(request.app.state.desk.database), who.readable)
    return Response(exposition(found), headers={"Content-Type": CONTENT_TYPE})


@router.get("/health")
def health(request: Request, who: Annotated[ApiCaller | None, Depends(known_reader)]) -> Response:
    """200 when all is well, 503 when not; what is wrong only for who may know."""
    found = request.app.state.health.now(request.app.state.desk)
    document = found.document() if who is not None else {"status": "ok" if found.ok else "wrong"}
    return JSONResponse(document, 200 if found.ok else 503)


@router.get("/whoami")
def whoami(user: Annotated[Any, Depends(get_user)]) -> Response:
    """The name of whose session or token it is: what the command line records an act under."""
    return JSONResponse({"name": name_of(user)})


class CachedHealth:
    """The installation's health, asked at most once in a few seconds by however many askers."""

    def __init__(self) -> None:
        self._lock, self._until = Lock(), 0.0
        self._health: HealthReport | None = None

    def now(self, desk: Any) -> HealthReport:
        with self._lock:
            if self._health is None or time.monotonic() >= self._until:
                self._health = check_health(desk.settings)
                self._until = time.monotonic() + KEPT_SECONDS
            return self._health


def scrape_token(settings: Settings) -> str:
    """The token in the file that the settings name; empty without one. One that can be guessed counts as none."""
    if settings.scrape_token_file is None:
        return ""
    try:
        token = Path(settings.scrape_token_file).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
    return token if len(token) >= SHORTEST else ""
