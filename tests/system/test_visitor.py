"""The browser of these tests tells of pages that ask other machines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from system.visitor import Visitor, browser_path, chromium

PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="


@pytest.mark.parametrize(
    ("source", "asked"), [("http://elsewhere.example/a.png", True), ("http://127.0.0.1:9/a.png", False), (PIXEL, False)]
)
def test_a_page_that_asks_another_machine_is_told(source: str, asked: bool, tmp_path: Path) -> None:
    """An address elsewhere fails whoever looked at the page, once and by its name; one of this machine's, and what the page
    brings along, do not."""
    if not browser_path():
        pytest.skip("no browser here: `apt-get install chromium`, or name one in GATEHOUSE_BROWSER")

    def look() -> None:
        nowhere: Any = None
        with chromium() as browser:
            Visitor(browser, nowhere, "anybody", tmp_path).page.set_content(f"<img src={source!r}>")

    if asked:
        with pytest.raises(AssertionError, match="elsewhere\\.example"):
            look()
    else:
        look()
