"""A use case's runbook as a page: what differs for it (RUNBOOK.md), and the common runbook of all use cases.

Markdown without raw HTML, each heading with an anchor to link a red thing to.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markupsafe import Markup

COMMON = Path(__file__).with_name("runbook.md")
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
_WORDS = re.compile(r"[^a-z0-9]+")
Section = tuple[str, str]  # the heading's text, and its lines with those below it up to the next heading


def render_runbook(path: Path) -> Markup:
    """The runbook's HTML, read again when the file changed."""
    return _rendered(path, path.stat().st_mtime_ns)


def anchor(heading: str) -> str:
    """The anchor of a heading."""
    return _WORDS.sub("-", heading.lower()).strip("-")


def sections(text: str) -> list[Section]:
    """A Markdown text cut at its headings; what stands before the first one has an empty heading."""
    lines, found, start, title = text.splitlines(), list[Section](), 0, ""
    for heading, inline in pairwise(_MARKDOWN.parse(text)):
        if heading.type == "heading_open" and heading.map:
            found.append((title, "\n".join(lines[start : heading.map[0]])))
            start, title = heading.map[0], inline.content
    return [*found, (title, "\n".join(lines[start:]))]


def merge(own: str, common: str) -> str:
    """The use case's text, then the common one; an entry that both have is one, the use case's part first."""
    entries = {anchor(title): text for title, text in sections(own) if title}
    shared = {anchor(title) for title, _ in sections(common)} & entries.keys()
    first = [text for title, text in sections(own) if anchor(title) not in shared]
    rest = [_joined(text, entries.get(anchor(title), "")) for title, text in sections(common)]
    return "\n\n".join([*first, *rest])


def _joined(common: str, own: str) -> str:
    heading, _, body = common.partition("\n")
    text = own.partition("\n")[2].strip()
    return f"{heading}\n\n**In this use case:**\n\n{text}\n\n**Everywhere:**\n\n{body}" if text else common


@lru_cache(maxsize=64)
def _rendered(path: Path, stamp: int) -> Markup:
    text = merge(path.read_text(encoding="utf-8"), COMMON.read_text(encoding="utf-8"))
    tokens = _MARKDOWN.parse(text)
    for heading, inline in pairwise(tokens):
        if heading.type == "heading_open":
            heading.attrSet("id", anchor(inline.content))
        if heading.type == "heading_open" and heading.tag == "h1":
            heading.tag = "h2"  # the page has its own
    for token in tokens:
        if token.type == "heading_close" and token.tag == "h1":
            token.tag = "h2"
        if token.type == "th_open":
            token.attrSet("scope", "col")
    # Raw HTML is off and links are validated by the parser (no `javascript:`), so what comes out is ours.
    html = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return Markup(html.replace("<pre>", '<pre tabindex="0">').replace("<table>", '<table tabindex="0">'))  # noqa: S704 - wide ones scroll by keyboard
