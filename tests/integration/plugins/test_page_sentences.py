"""No sentence of a page has more than 25 words: of the templates, of rules, of drift and of notifications."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest

from gatehouse.core.drift import ColumnDrift
from gatehouse.core.drift.alarms import AlarmState
from gatehouse.core.gate.decide import decision_from_document
from gatehouse.core.gate.explain import explain, plain_sentence
from gatehouse.core.notifications.alert_types import ABOUT
from gatehouse.settings import ROOT
from gatehouse.use_case import folders, load
from integration.plugins.test_page_accessible import pages  # noqa: F401 - a fixture
from support.pages_world import airflow_home, world  # noqa: F401 - fixtures

MOST = 25
FOLDERS = (ROOT / "plugins" / "gatehouse_ui" / "templates", ROOT / "include" / "gatehouse" / "reports" / "templates")
TEMPLATES = sorted(path for folder in FOLDERS for path in folder.glob("*.html"))
ARCHIVE = sorted((ROOT / "tests" / "archive").rglob("*.json"))


def too_long(text: str) -> list[str]:
    """The sentences of a text that have too many words; a semicolon ends one as a full stop does."""
    sentences = re.split(r"(?<=[.!?;])\s+", " ".join(unescape(text).split()))
    return [each for each in sentences if len(re.findall(r"[A-Za-z][\w'-]*", each)) > MOST]


def texts(html: str) -> list[str]:
    """The text of each innermost block of a page."""
    body = re.sub(r"(?s)<(svg|script|style|select)\b.*?</\1>", " ", html)
    blocks = re.split(
        r"(?i)</?(?:p|li|td|th|h\d|dd|dt|summary|label|button|title|section|table|form|nav|br|small)\b[^>]*>", body
    )
    return [re.sub(r"<[^>]+>", "", block) for block in blocks]


def test_the_pages_speak_in_short_sentences(pages: dict[str, str]) -> None:
    """Every page with something on it, but the runbook, whose text is checked as a document."""
    found = {address: [long for text in texts(html) for long in too_long(text)] for address, html in pages.items()}
    assert {address: long for address, long in found.items() if long and not address.endswith("runbook")} == {}


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: f"{path.parent.parent.name}/{path.name}")
def test_no_template_holds_a_long_sentence(template) -> None:
    """What stands between two tags of a template is short, each branch for itself, whatever is filled in."""
    html = re.sub(r"(?s)\{#.*?#\}|\{%.*?%\}", "\n</p><p>\n", template.read_text())
    html = re.sub(r"(?s)\{\{.*?\}\}", "0", html)
    assert [long for text in texts(html) for long in too_long(text)] == []


def test_rules_and_explanations_speak_in_short_sentences() -> None:
    """Every result of the archived decisions of every verdict, and what would change them."""
    said: list[str] = []
    for case in ARCHIVE:
        decision = decision_from_document(json.loads(json.loads(case.read_text(encoding="utf-8"))["decision"]))
        said += [plain_sentence(result) for result in decision.results]
        said += str(explain(decision)).splitlines()
    assert len(said) > 50
    assert [long for text in said for long in too_long(text)] == []


def test_the_sentences_of_gate_yaml_are_short() -> None:
    """The built-in use cases: the owner's sentence is the title of a rule."""
    cases = [load(folder) for folder in folders((ROOT / "include" / "usecases",))]
    assert [long for case in cases for rule in case.gate.rules for long in too_long(rule.description)] == []


def test_drift_and_notifications_speak_in_short_sentences() -> None:
    """A column in alarm with its estimated effect, and every type of alert."""
    impact = {"sentence": "log loss +0.012 if the change is real, up to +0.034 if the column is wrong"}
    drift = ColumnDrift("wind_gust", AlarmState.ALARM, 28_135, 217_727, "Jensen-Shannon distance", 0.156, 0.1, "policy",
                        effect="mean 1.23 → 2.34", impact=impact)  # fmt: skip
    assert too_long(drift.sentence) == []
    for told in ABOUT.values():
        assert [long for text in (told.title, told.do) for long in too_long(text)] == []
