"""The documents lie by need, say for whom they are, and the index leads to all of them."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from gatehouse.settings import ROOT

if TYPE_CHECKING:
    from pathlib import Path

DOCS = ROOT / "docs"
KINDS = ("tutorial", "how-to", "reference", "explanation")
PAGES = sorted(page for kind in KINDS for page in (DOCS / kind).glob("*.md"))
AUDIENCE = re.compile(
    r"^For (everybody|those|anybody|[a-z, -]*(scientists|engineers|owners|developers|evaluators))\b", re.M
)


def page_name(page: Path) -> str:
    """The page as pytest names its case."""
    return str(page.relative_to(DOCS))


def opening(page: Path) -> str:
    """What a page says before its second heading or its first forty lines end."""
    return "\n".join(re.split(r"(?m)^## ", page.read_text(encoding="utf-8"))[0].splitlines()[:40])


def test_each_page_has_a_kind() -> None:
    """Nothing but the index lies loose in docs."""
    assert [page.name for page in DOCS.glob("*.md")] == ["index.md"]


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_the_index_leads_to_each_page(page: Path) -> None:
    """Every page is linked from docs/index.md."""
    assert f"]({os.path.relpath(page, DOCS)})" in (DOCS / "index.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_each_page_says_for_whom_it_is(page: Path) -> None:
    """A page begins with its readers and what they can do or find afterwards."""
    text = opening(page)
    assert AUDIENCE.search(text), f"{page_name(page)}: begin with `For data engineers. Afterwards you can ...`"
    assert re.search(r"\b[Yy]ou(r|rs)?\b", text), f"{page_name(page)}: say what you can do or find afterwards"


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_each_page_begins_with_a_command_or_a_file(page: Path) -> None:
    """Before its second heading a page has a command or a file to copy."""
    assert re.search(r"(?m)^( {4}\S|```)", opening(page)), f"{page_name(page)}: give the first command or file"


def test_the_index_of_decisions_has_each_status() -> None:
    """Each decision record says its status, and the index has every record with that status."""
    index = (DOCS / "adr" / "README.md").read_text(encoding="utf-8")
    for record in sorted((DOCS / "adr").glob("0*.md")):
        status = re.search(r"^Status: (\w+)\.$", record.read_text(encoding="utf-8"), re.M)
        assert status, f"{record.name}: write `Status: accepted.` below the title"
        assert re.search(rf"\({record.name}\) \|.*\| {status[1]}\b", index), f"adr/README.md lacks {record.name}"
