"""The OpenAPI document and the page that shows it: for those who may ask a use case."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html

from gatehouse.errors import GatehouseError
from gatehouse.serving.door import Door
from gatehouse.serving.http_errors import json_response, refused

PAGE, DOCUMENT = "/docs", "/openapi.json"


def add_docs(app: FastAPI, door: Door) -> None:
    """Add both to the application. They name columns and rules, so they need a token where answers need one."""

    async def document(request: Request) -> Response:
        return _shown(door, request) or json_response(app.openapi())

    async def page(request: Request) -> Response:
        return _shown(door, request) or get_swagger_ui_html(openapi_url=DOCUMENT, title=app.title)

    app.add_api_route(DOCUMENT, document, methods=["GET"], response_class=Response, include_in_schema=False)
    app.add_api_route(PAGE, page, methods=["GET"], response_class=Response, include_in_schema=False)


def _shown(door: Door, request: Request) -> Response | None:
    """The refusal of who shows no token of any use case; None for all others."""
    try:
        door.admit_reader(request)
    except GatehouseError as error:
        return refused(error)
    return None
