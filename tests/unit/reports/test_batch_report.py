from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from jinja2 import UndefinedError

from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.core.types import Batch, BatchId, BatchState
from gatehouse.ports import CheckResult, TableCheck
from gatehouse.reports import batch_report, render
from support.contracts import contract

HOSTILE = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>"
BATCH = Batch(BatchId("rides", "2013-03", 1), batch_interval("month", "2013-03"), BatchState.LANDED, "ab" * 32, {})


def result(expect="expect_column_values_to_be_between", severity="critical", success=False, **changes) -> CheckResult:
    """One expectation's result."""
    values = {
        "table": "rides", "args": {"column": "speed", "max_value": 150}, "because": "no wind blows so", "checked": 100,
        "unexpected": 3, "detail": "for example 1048.36", "row_level": True, **changes,
    }  # fmt: skip
    return CheckResult(expect=expect, severity=severity, success=success, **values)


def page(*results: CheckResult, reason="", counts=None, bad=None, undeclared=None) -> str:
    """The page of a batch with these results."""
    checks = [TableCheck(tuple(results), bad or {}, ())]
    return batch_report(contract(), BATCH, checks, counts or {"rides": (97, 3)}, reason, undeclared)


class Reader(HTMLParser):
    """Collects what a browser would see: the tags, their attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data) -> None:
        self.text += data


def test_the_verdict_and_the_numbers_are_told() -> None:
    """Rows, shares, failed expectations with examples, and the reasons of quarantined rows are on the page."""
    text = Reader(page(result(), bad={7: ("too fast",), 9: ("too fast", "no name")})).text
    for part in (
        "Accepted",
        "2013-03-01 00:00 UTC",
        "97",
        "3.00%",
        "1 critical",
        "no wind blows so",
        "1048.36",
        "too fast",
        "7, 9",
    ):
        assert part in text
    assert "Quarantined" in Reader(page(reason="the feed stopped")).text
    assert "the feed stopped" in Reader(page(reason="the feed stopped")).text


def test_the_worst_comes_first() -> None:
    """Failures before passes, critical before warning before info."""
    results = [
        result(severity=severity, success=success)
        for success in (True, False)
        for severity in ("info", "critical", "warning")
    ]
    text = Reader(page(*results)).text.partition("Expectations")[2]
    order = re.findall(r"(✓ met|✗ failed)\s+(critical|warning|info)", text)
    assert order == [(mark, severity) for mark in ("✗ failed", "✓ met") for severity in ("critical", "warning", "info")]


def test_hostile_values_are_escaped_everywhere() -> None:
    """Markup in data, names, arguments, reasons and titles is shown as text and becomes no element or attribute."""
    hostile = result(table=HOSTILE, args={HOSTILE: HOSTILE}, because=HOSTILE, detail=HOSTILE)
    checks = [TableCheck((hostile,), {0: (HOSTILE,)}, ())]
    html = batch_report(
        contract(title=HOSTILE, owner=HOSTILE), BATCH, checks, {HOSTILE: (1, 1)}, HOSTILE, {HOSTILE: [HOSTILE]}
    )
    plain = Reader(page(result(), reason="why", bad={0: ("why",)}, undeclared={"rides": ["gate"]}))
    read = Reader(html)
    assert read.tags == plain.tags
    assert {name for name, _ in read.attributes} == {name for name, _ in plain.attributes}
    assert read.text.count(HOSTILE) >= 10


def test_the_page_is_self_contained_and_may_run_nothing() -> None:
    """The policy forbids everything but the page's own style sheet, by its hash; nothing is loaded from anywhere."""
    html = page(result())
    style = re.search(r"<style>(.*)</style>", html, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    read = Reader(html)
    policy = next(value for name, value in read.attributes if name == "content" and "default-src" in value)
    assert (
        policy == f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert not {"script", "link", "iframe", "object"} & set(read.tags)
    assert not {"href", "src", "style"} & {name for name, _ in read.attributes}
    assert "url(" not in style
    assert "@import" not in style


def test_equal_results_give_equal_bytes() -> None:
    """A report has no clock in it: the same results are the same content in the lake."""
    assert page(result()) == page(result())


def test_an_empty_and_an_unreadable_batch_have_a_page() -> None:
    """No rows, and no readable table at all, are no reason to crash."""
    assert "0.00%" in page(counts={"rides": (0, 0)}, reason="no rows")
    html = batch_report(contract(), BATCH, (), {}, "schema changed: column 'speed' is missing")
    assert "No row could be read as declared" in html


def test_undeclared_columns_are_shown() -> None:
    """A delivered column that the contract does not declare is a visible schema change."""
    text = Reader(page(undeclared={"rides": ["gate", "zone"], "planes": []})).text
    assert "Columns delivered but not declared" in text
    assert "rides: gate, zone" in re.sub(r"\s+", " ", text)


def test_a_missing_value_is_an_error_not_a_gap() -> None:
    """A template that asks for what it was not given fails instead of showing nothing."""
    with pytest.raises(UndefinedError, match="is undefined"):
        render("batch.html", contract=contract())
