"""Named errors as HTTP answers: a status, and a body that says what happened."""

from __future__ import annotations

import json
from typing import Any

from fastapi import Response

from gatehouse.errors import (
    GatehouseError,
    InvalidInputError,
    ModelError,
    NotEnoughDataError,
    RowsRefusedError,
    SchemaMismatchError,
    ServiceUnavailableError,
)
from gatehouse.serving.row_problem import RowProblem
from gatehouse.serving.use_case_server import NoChampionError

STATUS: tuple[tuple[type[GatehouseError], int], ...] = (
    (RowsRefusedError, 422),
    (SchemaMismatchError, 422),
    (InvalidInputError, 400),
    (NotEnoughDataError, 422),
    (NoChampionError, 503),
    (ServiceUnavailableError, 503),
    (ModelError, 500),
)
MOST_PROBLEMS = 1_000


class RefusedError(GatehouseError):
    """A request that is refused before it is read. `status` is the answer's, `headers` belong to it."""

    def __init__(self, status: int, what: str, headers: dict[str, str] | None = None) -> None:
        self.status, self.headers = status, headers or {}
        super().__init__(what)


def refused(error: GatehouseError) -> Response:
    """The answer for an error."""
    headers: dict[str, str] = {}
    if isinstance(error, RefusedError):
        status, headers = error.status, error.headers
    else:
        status = next((status for kind, status in STATUS if isinstance(error, kind)), 500)
    if status == 503:
        headers = {"Retry-After": "1", **headers}
    document: dict[str, Any] = {"kind": type(error).__name__, "message": str(error)}
    if isinstance(error, RowsRefusedError):
        problems = [problem for problem in error.problems if isinstance(problem, RowProblem)]
        document |= {"problems": [each.document() for each in problems[:MOST_PROBLEMS]], "count": len(problems)}
    return json_response({"error": document}, status, headers)


def json_response(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A document as JSON."""
    return Response(json.dumps(document, default=str), status, headers, media_type="application/json")
