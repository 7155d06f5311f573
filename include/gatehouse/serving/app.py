"""The ASGI application: predictions by use case, health, and measures."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from gatehouse import __version__
from gatehouse.errors import GatehouseError
from gatehouse.serving.answer import Answering
from gatehouse.serving.docs_pages import add_docs
from gatehouse.serving.door import Door
from gatehouse.serving.http_errors import RefusedError, json_response, refused
from gatehouse.serving.metrics import ServingMetrics
from gatehouse.serving.openapi import operation
from gatehouse.serving.options import ServingOptions
from gatehouse.serving.question import Answer
from gatehouse.serving.use_case_server import UseCaseServer
from gatehouse.serving.wire import ARROW, JSON, read_question, write_answer

Handler = Callable[[Request], Awaitable[Response]]


def application(
    cases: Mapping[str, UseCaseServer], door: Door, options: ServingOptions, metrics: ServingMetrics
) -> FastAPI:
    """The application over the use cases that it serves."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await asyncio.gather(*(case.start() for case in cases.values()))
        yield
        await asyncio.gather(*(case.stop() for case in cases.values()))

    app = FastAPI(
        title="Gatehouse serving",
        version=__version__,
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    add_docs(app, door)
    for name, case in cases.items():
        app.add_api_route(
            f"/v1/{name}/predictions", predictions(name, case, door, options, metrics), methods=["POST"],
            summary=case.ctx.case.contract.title, response_class=Response,
            openapi_extra=operation(
                case.ctx.case.contract, Answering.of(case.ctx).rules, case.ctx.case.retrain.class_names
            ),
        )  # fmt: skip
        app.add_api_route(f"/v1/{name}", _champion(name, case, door), methods=["GET"], response_class=Response)
    app.add_exception_handler(404, _no_such_path(list(cases)))
    app.add_api_route("/healthz", _alive, methods=["GET"], response_class=Response)
    app.add_api_route("/readyz", _ready(cases), methods=["GET"], response_class=Response)
    app.add_api_route("/metrics", _measures(cases, door, metrics), methods=["GET"], response_class=Response)
    return app


def predictions(
    name: str, case: UseCaseServer, door: Door, options: ServingOptions, metrics: ServingMetrics
) -> Handler:
    """The handler of `POST /v1/NAME/predictions`."""

    async def handler(request: Request) -> Response:
        started = time.perf_counter()
        try:
            answer, response = await asyncio.wait_for(_answered(name, case, door, request), options.timeout)
            metrics.rows.labels(name).inc(len(answer))
        except TimeoutError:
            response = refused(RefusedError(504, f"There was no answer within {options.timeout:g} seconds."))
        except GatehouseError as error:
            response = refused(error)
        metrics.requests.labels(name, response.status_code).inc()
        metrics.seconds.labels(name).observe(time.perf_counter() - started)
        return response

    return handler


async def _answered(name: str, case: UseCaseServer, door: Door, request: Request) -> tuple[Answer, Response]:
    door.admit(name, request)
    kind = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if kind not in (JSON, ARROW):
        raise RefusedError(415, f"The content type is {kind}; allowed: {JSON}, {ARROW}.")
    answer = await case.ask(read_question(await door.body(request), kind, door.most))
    accepted = request.headers.get("accept", "")
    written = ARROW if ARROW in accepted or (kind == ARROW and JSON not in accepted) else JSON
    body = write_answer(answer, name, case.notices(answer), written)
    return answer, Response(body, media_type=written, headers=_headers(answer, case))


def _headers(answer: Answer, case: UseCaseServer) -> dict[str, str]:
    made = answer.served.made_by
    return {
        "Gatehouse-Model-Version": str(made["version"]),
        "Gatehouse-Champion-Generation": str(made["generation"]),
        "Gatehouse-Model-Sha256": made["sha256"],
        "Gatehouse-Champion-Unconfirmed-Seconds": f"{case.follower.unconfirmed_seconds:.0f}",
    }


def _champion(name: str, case: UseCaseServer, door: Door) -> Handler:
    async def handler(request: Request) -> Response:
        try:
            door.admit(name, request)
        except GatehouseError as error:
            return refused(error)
        return json_response({"use_case": name, **_state(case)})

    return handler


def _state(case: UseCaseServer) -> dict[str, object]:
    served, follower = case.follower.served, case.follower
    return {
        "model": served.made_by if served else None,
        "side_tables_of": (served.sides.batch or None) if served else None,
        "features_from_other_rows": served.from_other_rows if served else (),
        "unconfirmed_seconds": round(follower.unconfirmed_seconds, 1),
        "problem": follower.problem,
    }


def _no_such_path(names: Sequence[str]) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handler(request: Request, _: Exception) -> Response:
        paths = ", ".join(f"/v1/{name}/predictions" for name in names)
        return refused(
            RefusedError(404, f"Nothing is at {request.url.path}. Allowed: {paths}, /docs, /readyz, /metrics.")
        )

    return handler


def _brief(case: UseCaseServer) -> dict[str, object]:
    """What everybody may know: whether a model answers, and for how long the ledger has not confirmed it."""
    served = case.follower.served
    return {
        "version": served.champion.model.version if served else None,
        "generation": served.champion.generation if served else None,
        "unconfirmed_seconds": round(case.follower.unconfirmed_seconds, 1),
    }


async def _alive(request: Request) -> Response:
    return json_response({"status": "alive"})


def _ready(cases: Mapping[str, UseCaseServer]) -> Handler:
    async def handler(request: Request) -> Response:
        """Ready when each use case has a model; one that the ledger does not confirm now still answers."""
        states = {name: _brief(case) for name, case in cases.items()}
        ready = all(state["version"] for state in states.values())
        return json_response({"ready": ready, "use_cases": states}, 200 if ready else 503)

    return handler


def _measures(cases: Mapping[str, UseCaseServer], door: Door, metrics: ServingMetrics) -> Handler:
    async def handler(request: Request) -> Response:
        if not door.may_scrape(request):
            return refused(RefusedError(401, "Show the scrape token.", {"WWW-Authenticate": "Bearer"}))
        for name, case in cases.items():
            served = case.follower.served
            metrics.version.labels(name).set(served.champion.model.version if served else 0)
            metrics.generation.labels(name).set(served.champion.generation if served else 0)
            metrics.unconfirmed.labels(name).set(case.follower.unconfirmed_seconds)
            metrics.waiting.labels(name).set(case.waiting)
        return Response(metrics.exposition(), media_type=CONTENT_TYPE_LATEST)

    return handler
