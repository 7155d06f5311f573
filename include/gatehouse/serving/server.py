"""Runs the application with uvicorn until it is told to stop; then requests in line are answered first."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Mapping

import uvicorn
from prometheus_client import disable_created_metrics

from gatehouse.errors import ConfigurationError
from gatehouse.serving.app import application
from gatehouse.serving.door import Door
from gatehouse.serving.metrics import ServingMetrics
from gatehouse.serving.options import ServingOptions
from gatehouse.serving.tokens import FILE_VARIABLE, VARIABLE, TokenFile
from gatehouse.serving.use_case_server import UseCaseServer


def refuse_open_door(options: ServingOptions, tokens: TokenFile) -> None:
    """Raise ConfigurationError when others could reach the server and nobody has to show a token."""
    if not tokens.tokens and not _is_loopback(options.host):
        raise ConfigurationError(
            "a server that others reach needs tokens",
            where=f"--host {options.host}",
            found="no token",
            allowed=f"{FILE_VARIABLE} or {VARIABLE}, or --host 127.0.0.1",
            owner="operator",
        )


def run(cases: Mapping[str, UseCaseServer], door: Door, options: ServingOptions, metrics: ServingMetrics) -> None:
    """Serve until a signal ends it."""
    disable_created_metrics()  # type: ignore[no-untyped-call]
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    uvicorn.run(
        application(cases, door, options, metrics), host=options.host, port=options.port, access_log=False,
        log_level="warning", server_header=False, timeout_graceful_shutdown=int(options.stop_within),
    )  # fmt: skip


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
