"""The site of `make docs`: every page is in its navigation, and its links stay inside."""

from __future__ import annotations

import importlib.util
import re
from types import ModuleType

import pytest

from gatehouse.settings import ROOT

SITE = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
TOP = {"CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"}


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    """The hook that mkdocs loads by its path."""
    spec = importlib.util.spec_from_file_location("pages_outside", ROOT / "ops/docs_site/pages_outside.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_page_is_in_the_navigation_once() -> None:
    """The navigation has every page but single decision records, and those at the top of the repository, once."""
    listed = re.findall(r"([\w/-]+\.md)$", SITE.partition("\nnav:")[2], re.MULTILINE)
    pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}
    pages = {page for page in pages if not page.startswith("adr/0")}
    assert sorted(listed) == sorted(pages | TOP)


def test_a_warning_ends_the_build() -> None:
    """`make docs` is strict; `--quiet` would hide the warnings from the count."""
    build = re.findall(r"mkdocs build[^\n]*", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert build == ["mkdocs build --strict"]


def test_nothing_is_loaded_from_another_host() -> None:
    """Fonts are the reader's own, and the settings and pages name no script, style or picture of another host."""
    assert "font: false" in SITE
    assert "http" not in SITE
    for page in (ROOT / "docs").rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"!\[[^\]]*\]\(https?:|<(script|img|link|iframe)\b|```mermaid", text), page


@pytest.mark.parametrize(
    ("page", "link", "expected"),
    [
        ("CONTRIBUTING.md", "[words](docs/reference/glossary.md)", "[words](reference/glossary.md)"),
        ("index.md", "[how](../CONTRIBUTING.md#where)", "[how](CONTRIBUTING.md#where)"),
        ("how-to/a.md", "[rules](../reference/gate.md#keys)", "[rules](../reference/gate.md#keys)"),
        ("how-to/a.md", "[`prometheus`](../../ops/prometheus)", "`prometheus`"),
        ("how-to/a.md", "[elsewhere](https://example.org/a)", "[elsewhere](https://example.org/a)"),
    ],
)
def test_links_are_rewritten_for_the_site(hook: ModuleType, page: str, link: str, expected: str) -> None:
    """Links to pages keep their target, links to other files of the repository become their names."""
    replaced = hook.LINK.sub(lambda found: hook.site_link(page, found[1], found[2], found[3] or ""), link)
    assert replaced == expected
