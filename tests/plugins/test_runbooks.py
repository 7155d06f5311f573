"""Every red thing that a page shows leads to an entry of the use case's runbook."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gatehouse.core.config.gate import RULES
from gatehouse.core.gate.alpha_spending import SPENT
from gatehouse.core.gate.decide import NO_CHAMPION
from gatehouse.core.gate.re_decision import JUDGED_AGAIN
from gatehouse.core.gate.self_test import SELF_TEST
from gatehouse.core.notifications.alert_types import ABOUT
from gatehouse.core.notifications.alert_types import AlertType as Matter
from gatehouse.core.notifications.compose import anchor as heading_anchor
from gatehouse.core.performance.change_kinds import ChangeKind
from gatehouse.core.types import Verdict
from gatehouse.pipeline.maintenance.reconcile import PUT_RIGHT
from gatehouse.settings import ROOT
from gatehouse.use_case import load
from gatehouse_ui import runbook
from gatehouse_ui.templating import FOUND

CASES = sorted(path.parent for path in (ROOT / "include" / "usecases").glob("*/RUNBOOK.md"))
TEMPLATE = ROOT / "include" / "gatehouse" / "cli" / "template"
PAGES = ROOT / "plugins" / "gatehouse_ui" / "templates"
RESULTS = {NO_CHAMPION, SELF_TEST, SPENT, JUDGED_AGAIN}  # results of the gate's own, which no line of gate.yaml names
ALARMS = {"drift", "decay", "calibration"} | {kind.value for kind in ChangeKind}


def anchor(text: str) -> str:
    return re.sub(r"[_. ]", "-", text.lower())


def anchors(folder: Path) -> set[str]:
    return set(re.findall(r'<h\d id="([^"]+)"', runbook.render_runbook(folder / "RUNBOOK.md")))


@pytest.mark.parametrize("folder", [*CASES, TEMPLATE], ids=lambda folder: folder.name)
def test_every_alarm_verdict_and_rule_has_an_entry(folder: Path) -> None:
    """All kinds of alarm and incident, all verdicts, all that upkeep finds, and the rules that gate.yaml uses; the template
    has all rules."""
    rules = set(RULES) if folder == TEMPLATE else {rule.rule for rule in load(folder).gate.rules}
    wanted = {f"rule-{anchor(rule)}" for rule in rules | RESULTS}
    wanted |= {f"alarm-{anchor(kind)}" for kind in ALARMS} | {f"verdict-{verdict.lower()}" for verdict in Verdict}
    wanted |= {f"found-{anchor(kind)}" for kind in FOUND}
    assert wanted - anchors(folder) == set()


def test_what_upkeep_notes_is_what_the_pages_show_as_red() -> None:
    """A kind of entry that upkeep learns to write needs its entry in the runbooks, too."""
    source = (ROOT / "include" / "gatehouse" / "pipeline" / "maintenance" / "find_pending.py").read_text()
    assert {*re.findall(r'note\(\s*"([a-z.]+)"', source), *PUT_RIGHT} == set(FOUND)


@pytest.mark.parametrize("folder", [*CASES, TEMPLATE], ids=lambda folder: folder.name)
def test_every_place_that_a_page_links_to_is_there(folder: Path) -> None:
    """The fixed anchors of the page templates exist in each runbook."""
    linked = {
        found
        for page in PAGES.glob("*.html")
        for found in re.findall(r"\{\{ runbook \}\}#([a-z-]+)\"", page.read_text())
    }
    assert len(linked) >= 4
    assert linked - anchors(folder) == set()


@pytest.mark.parametrize("folder", [*CASES, TEMPLATE], ids=lambda folder: folder.name)
def test_every_message_leads_to_an_entry(folder: Path) -> None:
    """Each kind of matter that people are told of has its heading in the runbook, and each kind of incident."""
    wanted = {about.runbook for kind, about in ABOUT.items() if kind is not Matter.TEST}
    wanted |= {f"Alarm: {kind.value}" for kind in ChangeKind}
    assert "" not in wanted
    assert {heading_anchor(heading) for heading in wanted} - anchors(folder) == set()


@pytest.mark.parametrize("folder", [*CASES, TEMPLATE], ids=lambda folder: folder.name)
def test_an_entry_says_what_to_do_and_whom_to_wake(folder: Path) -> None:
    """An entry of three words helps nobody at three in the morning."""
    text = (folder / "RUNBOOK.md").read_text()
    entries = re.findall(r"^### ((?:Rule|Alarm|Verdict|Found): .+)\n((?:(?!^#).*\n?)*)", text, re.MULTILINE)
    assert len(entries) > 10
    lacking = [title for title, body in entries if "- Do: " not in body or "- Wake: " not in body]
    assert lacking == []


def test_a_runbook_cannot_carry_markup(tmp_path: Path) -> None:
    """Raw HTML and script links of a runbook are shown, not run."""
    path = tmp_path / "RUNBOOK.md"
    path.write_text("# A\n<script>alert(1)</script>\n\n[x](javascript:alert(1)) <b onclick=y>z</b>\n")
    html = runbook.render_runbook(path)
    assert "<script" not in html
    assert 'href="javascript' not in html
    assert "<b " not in html
