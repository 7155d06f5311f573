"""Templates: what every page knows, and the page of a refusal."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fastapi.responses import HTMLResponse

from gatehouse.queries import Attention
from gatehouse.reports.page import TEMPLATES, environment
from gatehouse.reports.sparklines import sparkline
from gatehouse_ui import airflow_runs, links
from gatehouse_ui.glossary import TERMS
from gatehouse_ui.runbook import anchor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import Request
    from jinja2 import Environment

OWN = Path(__file__).parent / "templates"
_HASH = re.compile(r"\b([0-9a-f]{8})[0-9a-f]{56}\b")
# what maintenance finds changed outside the gate and notes in the audit log: red there, with an entry in every runbook
FOUND = ("alias.drifted", "model.replaced", "promotion.not_applied", "review.not_requested")
LONG = 300  # characters of a sentence in a list


def render(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A template as a response; `root` is the path that the app is mounted under."""
    root = request.scope.get("root_path", "")
    html = _templates().get_template(template).render(values, root=root, said=request.query_params.get("said", ""))
    return HTMLResponse(html, status)


def failure(request: Request, status: int, sentence: str) -> HTMLResponse:
    """The page that says why not."""
    return render(request, "failure.html", status, code=status, sentence=sentence[:2000])


@cache
def _templates() -> Environment:
    templates = environment(OWN, TEMPLATES)
    templates.filters.update(ago=relative_time, brief=brief, when=format_time)
    templates.globals.update(
        sparkline=sparkline,
        Need=Attention,
        run_link=airflow_runs.link,
        mlflow_run=links.mlflow_run,
        mlflow_model=links.mlflow_model,
        found=FOUND,
        glossary=TERMS,
        asking=asking,
        anchor=anchor,
    )
    return templates


def asking(kept: Mapping[str, Any], **changed: Any) -> str:
    """The part of an address behind `?`: what it asks for now with some of it changed, without what is empty."""
    return urlencode({name: value for name, value in {**kept, **changed}.items() if value not in ("", None)})


def relative_time(moment: datetime | None) -> str:
    """`3 h`, `12 d`: how long ago a moment of wall-clock time was."""
    if moment is None:
        return ""
    seconds = max(0.0, (datetime.now(UTC) - moment).total_seconds())
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def format_time(moment: datetime | None) -> str:
    """A moment for people, in UTC; a hyphen for none."""
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "-"


def brief(text: Any, most: int = LONG) -> str:
    """At most so many characters of a text from data, hashes cut to what people compare."""
    text = _HASH.sub(r"\1…", str(text))
    return text if len(text) <= most else f"{text[:most]}…"
