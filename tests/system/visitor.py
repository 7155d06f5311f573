"""A person at a browser: headless Chromium, signed in to Airflow's UI, who looks and clicks."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gatehouse.dev_stack.stack import Stack

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]  # fmt: skip
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
SETTLED_MS, PATIENCE_MS = 5_000, 180_000  # a busy machine is slow, not broken
_elsewhere: list[str] = []  # what pages have asked other machines for


def browser_path() -> str:
    """The installed browser, or the one that GATEHOUSE_BROWSER names; empty where there is none."""
    return os.environ.get("GATEHOUSE_BROWSER") or next((found for name in NAMES if (found := shutil.which(name))), "")


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser without a window. AssertionError at its end when a page has asked another machine for anything."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=browser_path(), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()
    asked = _elsewhere[:]
    _elsewhere.clear()
    assert not asked, f"pages asked other machines for {asked}"


class Visitor:
    """One user's session. `page` is the window, `inside` the frame in which Airflow shows our pages."""

    def __init__(self, browser: Any, stack: Stack, user: str, pictures: Path, **context: Any) -> None:
        self.stack, self.user, self.pictures = stack, user, pictures
        self.context = browser.new_context(**{"viewport": WIDE, "color_scheme": "light", **context})
        self.context.set_default_timeout(PATIENCE_MS)
        self.context.on("request", lambda request: _note(request.url))
        self.page = self.context.new_page()
        self.broken: list[str] = []
        self.page.on("pageerror", lambda error: self.broken.append(str(error)))

    def sign_in(self) -> Visitor:
        """Through Airflow's own login page."""
        page = self.page
        page.goto(self.stack.airflow_url)
        page.get_by_label("Username").fill(self.user)
        page.locator("input[type=password]").fill(self.stack.credentials["users"][self.user])
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("link", name="Gatehouse").first.wait_for()
        return self

    def open_pages(self) -> Any:
        """From Airflow's navigation to the fleet."""
        self.page.get_by_role("link", name="Gatehouse").first.click()
        self.inside.get_by_role("heading", name="Use cases").wait_for()
        return self.inside

    @property
    def inside(self) -> Any:
        return self.page.frame_locator("iframe")

    def open_at(self, address: str, name: str, wait_for: str, tall: int = 0) -> None:
        """Go to an address and take its picture when what is waited for is there."""
        self.page.goto(address)
        self.page.locator(wait_for).first.wait_for()
        self.shoot(name, tall)

    def shoot(self, name: str, tall: int = 0) -> Path:
        """A picture of the window, or of a page's first `tall` pixels (fewer when it has fewer), in 256 colours."""
        from PIL import Image
        from playwright.sync_api import TimeoutError

        path, size = self.pictures / f"{name}.png", self.page.viewport_size
        with contextlib.suppress(TimeoutError):  # a page that asks its server again and again is never idle
            self.page.wait_for_load_state("networkidle", timeout=SETTLED_MS)
        if tall:
            height = self.page.evaluate("Math.ceil(document.body.getBoundingClientRect().bottom)")
            self.page.set_viewport_size({**size, "height": min(tall, height)})
        self.page.screenshot(path=path, animations="disabled")
        self.page.set_viewport_size(size)
        with Image.open(path) as picture:
            small = picture.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
        small.save(path, optimize=True)
        return path


def _note(address: str) -> None:
    url = urlsplit(address)
    if url.scheme in ("http", "https", "ws", "wss") and url.hostname != "127.0.0.1":
        _elsewhere.append(address)
