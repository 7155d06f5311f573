"""What a screen reader, a keyboard and a small screen need of every page; colours are computed from the style sheets."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest

from gatehouse.core.types import Verdict
from gatehouse.settings import ROOT
from support.pages_world import CASE, World, airflow_home, world  # noqa: F401 - fixtures

SHEETS = (
    ROOT / "plugins" / "gatehouse_ui" / "static" / "page.css",
    ROOT / "include" / "gatehouse" / "reports" / "templates" / "style.css",
)
VOID = {"meta", "link", "br", "input", "img"}


class Page(HTMLParser):
    """The elements of a page: tag, attributes, text inside."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None], list[str]]] = []
        self._open: list[tuple[str, list[str]]] = []
        self.feed(html)
        assert not self._open, f"left open: {[tag for tag, _ in self._open]}"

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        text: list[str] = []
        self.elements.append((tag, dict(attrs), text))
        if tag not in VOID:
            self._open.append((tag, text))

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs), []))

    def handle_endtag(self, tag: str) -> None:
        opened, _ = self._open.pop()
        assert opened == tag, f"<{opened}> is closed by </{tag}>"

    def handle_data(self, data: str) -> None:
        for _, text in self._open:
            text.append(data)

    def all(self, *tags: str) -> list[tuple[dict[str, str | None], str]]:
        return [(attrs, "".join(text).strip()) for tag, attrs, text in self.elements if tag in tags]


@pytest.fixture
def pages(world: World) -> dict[str, str]:
    """Every kind of page with something on it, as an approver sees it."""
    world.story.tell()
    first, second = world.story.accept("2013-05"), world.story.accept("2013-06")
    decision = world.story.decide(world.story.challenger(first, second), Verdict.BLOCK, generation=1)
    addresses = ["/", "/notifications", f"/use-cases/{CASE}", f"/use-cases/{CASE}/batches", f"/use-cases/{CASE}/decisions",
                 f"/use-cases/{CASE}/drift", f"/use-cases/{CASE}/audit", "/audit", f"/use-cases/{CASE}/policy", f"/use-cases/{CASE}/compare",
                 f"/use-cases/{CASE}/runbook", f"/decisions/{decision.id}", f"/batches/{CASE}/2013-01.r1",
                 f"/batches/{CASE}/2013-04.r1", "/run?dag_id=x&run_id=y", "/nowhere"]  # fmt: skip
    client = world.client("reviewer")
    return {address: client.get("/gatehouse" + address).text for address in addresses}


def test_every_page_is_whole_and_named(pages: dict[str, str]) -> None:
    """One language, one title, one main part, one first heading, headings that skip no level, ids that are unique,
    links with words, drawings and regions with names, tables with headings, fields with labels."""
    for address, html in pages.items():
        page = Page(html)
        assert page.all("html")[0][0]["lang"] == "en", address
        assert page.all("title")[0][1].endswith("Gatehouse"), address
        assert len(page.all("main")) == len(page.all("h1")) == 1, address
        levels = [int(tag[1]) for tag, *_ in page.elements if re.fullmatch("h[1-6]", tag)]
        assert all(after <= before + 1 for before, after in pairwise(levels)), (address, levels)
        ids = [attrs["id"] for _, attrs, _ in page.elements if attrs.get("id")]
        assert len(ids) == len(set(ids)), address
        assert all(text or attrs.get("aria-label") for attrs, text in page.all("a", "button")), address
        assert all(attrs.get("role") in ("img", "group") and attrs.get("aria-label") for attrs, _ in page.all("svg")), (
            address
        )
        for _, attrs, _ in page.elements:
            named = attrs.get("aria-labelledby") or attrs.get("aria-describedby")
            assert not named or named in ids, (address, named)
            if attrs.get("role") == "region":
                assert (attrs.get("tabindex"), bool(named or attrs.get("aria-label"))) == ("0", True), address
        assert html.count("<table") <= html.count('scope="col"'), address
        labels = {attrs.get("for") for attrs, _ in page.all("label")}
        for attrs, _ in page.all("input", "textarea", "select"):
            assert attrs.get("type") == "hidden" or attrs.get("id") in labels, (address, attrs)


def test_an_act_asks_for_a_reason(pages: dict[str, str]) -> None:
    """Each form that acts has a required reason, our token, and a button that says what it does and as whom."""
    acts = 0
    for html in pages.values():
        for form in re.findall(r'<form method="post".*?</form>', html, re.DOTALL):
            acts += 1
            assert 'name="token"' in form
            assert re.search(r'<textarea[^>]*name="reason"[^>]*required', form)
            assert "as reviewer</button>" in form
    assert acts >= 3


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_text_has_enough_contrast(sheet: Any) -> None:
    """Every colour of text on both backgrounds of its scheme has a contrast of 4.5 or more (WCAG 2.2, 1.4.3)."""
    schemes = [
        dict(re.findall(r"--(\w+):\s*(#[0-9a-f]+)", block))
        for block in re.findall(r"\{([^{}]*--ink:[^{}]*)\}", sheet.read_text())
    ]
    assert len(schemes) >= 3
    for scheme in schemes:
        for ink in ("ink", "soft", "link", "good", "warn", "bad"):
            for ground in ("paper", "tint"):
                assert _contrast(scheme[ink], scheme[ground]) >= 4.5, (ink, scheme[ink], ground, scheme[ground])


def _contrast(one: str, two: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(each * 2 for each in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
