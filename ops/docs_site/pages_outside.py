"""A hook of mkdocs: the Markdown at the top of the repository joins the site, and links to other files become their names."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
AT_THE_TOP = ("CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s:#]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages at the top of the repository."""
    from mkdocs.structure.files import File  # only in the environment of `make docs`

    for name in AT_THE_TOP:
        files.append(File.generated(config, name, abs_src_path=str(ROOT / name)))
    return files


def place(page: str, target: str) -> str:
    """Where a link of a page leads, seen from the repository's top."""
    folder = "" if page in AT_THE_TOP else posixpath.dirname(f"docs/{page}")
    return posixpath.normpath(posixpath.join(folder, target))


def site_link(page: str, text: str, target: str, anchor: str) -> str:
    """The link as the site needs it; the bare text where it leads to a file that is no page."""
    path = place(page, target)
    if not path.startswith("docs/") and path not in AT_THE_TOP:
        return text
    return f"[{text}]({posixpath.relpath(path.removeprefix('docs/'), posixpath.dirname(page) or '.')}{anchor})"


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Rewrite the links that leave the folder of the documents."""
    name = page.file.src_uri
    return LINK.sub(lambda found: site_link(name, found[1], found[2], found[3] or ""), markdown)
