"""The command that serves champions over HTTP."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import click

from gatehouse.bootstrap import serving_ports
from gatehouse.errors import InvalidInputError
from gatehouse.serving.door import Door
from gatehouse.serving.metrics import ServingMetrics
from gatehouse.serving.options import ServingOptions
from gatehouse.serving.request_log import RequestLog
from gatehouse.serving.server import refuse_open_door, run
from gatehouse.serving.tokens import TokenFile
from gatehouse.serving.use_case_server import UseCaseServer
from gatehouse.settings import Settings
from gatehouse.use_case import readable

DEFAULTS = ServingOptions()


def _option(name: str, text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    field = name.strip("-").replace("-", "_")
    return click.option(name, default=getattr(DEFAULTS, field), show_default=True, help=text)


@click.command("serve")
@click.argument("use_cases", nargs=-1)
@_option("--host", "The address to bind. One that others reach needs tokens.")
@_option("--port", "The port to bind.")
@_option("--max-body-mib", "The largest body of a request.")
@_option("--timeout", "Seconds until a request without an answer ends.")
@_option("--rate", "Requests a second of one caller; 0 is no limit.")
@_option("--log-every", "Seconds between the files of answers in the lake; 0 keeps no log.")
@_option("--stop-within", "Seconds that requests have to end when the server stops.")
def serve(use_cases: Sequence[str], **options: Any) -> None:
    """Answer requests with the champions of the use cases, of all that are installed unless some are named.

    Tokens come from GATEHOUSE_SERVING_TOKENS_FILE or GATEHOUSE_SERVING_TOKENS: `TOKEN` for all use cases, `USE_CASE:TOKEN`
    for one, apart by commas or lines."""
    settings, chosen, tokens = Settings.from_environment(), ServingOptions(**options), TokenFile(os.environ)
    refuse_open_door(chosen, tokens)
    metrics, cases = ServingMetrics(), {}
    for name in use_cases or readable(settings.usecases):
        ctx, feed, rows = serving_ports(name, settings, chosen.timeout)
        dropped = metrics.dropped.labels(ctx.name).inc
        log = RequestLog(ctx.name, rows, dropped, chosen.log_every) if chosen.log_every > 0 else None
        cases[ctx.name] = UseCaseServer(ctx, feed, log)
    if not cases:
        raise InvalidInputError(
            "there is no use case to serve", found="none is installed", allowed="a name or a folder"
        )
    click.echo(f"Serving {', '.join(cases)} at http://{chosen.host}:{chosen.port}/docs", err=True)
    run(cases, Door(chosen, tokens, settings.scrape_token_file), chosen, metrics)
