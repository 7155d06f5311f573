"""Reference pages that are tables of what the code names: alerts, metrics, errors."""

from __future__ import annotations

import re

from gatehouse import errors
from gatehouse.core.notifications.alert_types import ABOUT
from gatehouse.errors import GatehouseError
from gatehouse.serving.metrics import ServingMetrics
from gatehouse.telemetry.metrics import CATALOGUE

ALERTS = """\
# Alerts

For on-call engineers and platform engineers. You find every kind of alert, who is notified of it, and what you do.

    gatehouse config show notify      # who is notified of what in your installation

[The runbook](../how-to/runbook.md) has an entry for each kind. `severity_overrides` in [notify.yaml](notify-keys.md) replaces a
severity. An alert that *lasts* is open until something resolves it, and you are notified then.

| kind | what happened | severity | roles | lasts | what you do |
|---|---|---|---|---|---|
"""
METRICS = """\
# Metrics

For platform engineers. You find every metric of Gatehouse. [Observability](../how-to/observability.md) has their labels, and
how you scrape them.

    curl -s -H "Authorization: Bearer $(cat scrape-token)" http://127.0.0.1:8080/gatehouse/metrics

| metric | type | meaning |
|---|---|---|
"""
SERVING = """
## Servers

Each [server](../how-to/serve-the-champion.md) answers a scrape of its own, by the label `use_case`.

    curl -s http://127.0.0.1:8090/metrics

| metric | type | meaning |
|---|---|---|
"""
ERRORS = """\
# Errors

For everybody who reads a log or catches an error in code. You find every named failure, and whether trying again can help.

    gatehouse use-case check my_case      # one error a problem, each with file, line and owner

Every failure that Gatehouse names is a `GatehouseError` of `gatehouse.errors`. Its message says what happened, where, what was
found, what is allowed, and who owns it. Its attributes are `what`, `where`, `found`, `allowed`, `owner` and `retry`. Airflow's
tasks try again only where `retry` is true. A command prints the message in one line and ends with exit code 1.

An indented name is a subclass of the one above it.

| error | retry | what happened |
|---|---|---|
"""


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|").strip()


def alerts() -> str:
    """Every kind of alert, in the order of the code."""
    rows = (
        f"| `{kind}` | {about.title} | {about.severity} | {', '.join(sorted(about.roles)) or '-'} "
        f"| {'yes' if about.lasts else 'no'} | {_cell(about.do)} |\n"
        for kind, about in ABOUT.items()
    )
    return ALERTS + "".join(rows)


def metrics() -> str:
    """Every metric that a scrape answers with."""
    page = METRICS + "".join(f"| `{each.name}` | {each.kind} | {_cell(each.help)} |\n" for each in CATALOGUE)
    families = list(ServingMetrics().registry.collect())
    return (
        page
        + SERVING
        + "".join(
            f"| `{each.name}{'_total' if each.type == 'counter' else ''}` | {each.type} | {_cell(each.documentation)} |\n"
            for each in families
        )
    )


def error_page() -> str:
    """Every named failure, as a tree."""
    return ERRORS + "".join(_below(GatehouseError, 0))


def _below(kind: type[GatehouseError], depth: int) -> list[str]:
    indent = "&emsp;" * depth
    row = f"| {indent}`{kind.__name__}` | {'yes' if kind.retry else 'no'} | {_cell(kind.__doc__ or '')} |\n"
    own = [each for each in kind.__subclasses__() if each.__module__ == errors.__name__]
    return [row, *(line for each in own for line in _below(each, depth + 1))]
