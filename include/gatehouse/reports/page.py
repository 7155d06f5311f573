"""Renders a template that extends `base.html` into one page that loads nothing and runs nothing.

Its content security policy allows exactly the style sheet in it (by hash) and images that are written into the page, so
what slips through escaping has nothing to run with. There is no clock in a page: the same values give the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from gatehouse.core.config.renamed_keys import archived_result_name
from gatehouse.reports.labels import MARKS, TONES, number
from gatehouse.reports.sparklines import interval

TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, **values: Any) -> str:
    """The page of a template in `templates/`. A name that the template uses and `values` lacks is an error."""
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{allowed}'; img-src data:; base-uri 'none'; form-action 'none'"
    # The sheet is ours and its bytes must be the hashed ones: the one text that is not escaped.
    return _environment().get_template(template).render(values, style=Markup(style), policy=policy)  # noqa: S704


@cache
def _environment() -> Environment:
    return environment(TEMPLATES)


def environment(*folders: Path) -> Environment:
    """A Jinja2 environment over template folders that escapes everything and knows the filters of the reports."""
    environment = Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(interval=interval, marks=MARKS, tones=TONES)
    environment.filters["measured"] = number
    environment.filters["number"] = lambda value: f"{value:,}"
    environment.filters["share"] = lambda value: f"{value:.2%}"
    environment.filters["rule_anchor"] = rule_anchor
    environment.filters["moment"] = lambda value: f"{value:%Y-%m-%d %H:%M} UTC"
    return environment


def rule_anchor(result: str) -> str:
    """The anchor of a result's entry in the runbook, by the rule's name of today."""
    return f"rule-{archived_result_name(result).split('(')[0].replace('_', '-')}"
