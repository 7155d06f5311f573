"""A use case's RUNBOOK.md as a page: Markdown without raw HTML, each heading with an anchor to link a red thing to."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from markupsafe import Markup

if TYPE_CHECKING:
    from pathlib import Path

_WORDS = re.compile(r"[^a-z0-9]+")


def render_runbook(path: Path) -> Markup:
    """The runbook's HTML, read again when the file changed."""
    return _rendered(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _rendered(path: Path, stamp: int) -> Markup:
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(path.read_text(encoding="utf-8"))
    for heading, text in pairwise(tokens):
        if heading.type == "heading_open":
            heading.attrSet("id", _WORDS.sub("-", text.content.lower()).strip("-"))
        if heading.type == "heading_open" and heading.tag == "h1":
            heading.tag = "h2"  # the page has its own
    for token in tokens:
        if token.type == "heading_close" and token.tag == "h1":
            token.tag = "h2"
        if token.type == "th_open":
            token.attrSet("scope", "col")
    # Raw HTML is off and links are validated by the parser (no `javascript:`), so what comes out is ours.
    html = markdown.renderer.render(tokens, markdown.options, {})
    return Markup(html.replace("<pre>", '<pre tabindex="0">').replace("<table>", '<table tabindex="0">'))  # noqa: S704 - wide ones scroll by keyboard
