"""Every red thing that a page shows leads to an entry of the use case's runbook."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gatehouse.core.config.gate import RULES
from gatehouse.core.gate.alpha_spending import SPENT
from gatehouse.core.gate.decide import NO_CHAMPION
from gatehouse.core.gate.new_types import NEW_TYPES
from gatehouse.core.gate.re_decision import JUDGED_AGAIN
from gatehouse.core.gate.self_test import SELF_TEST
from gatehouse.core.notifications.alert_types import ABOUT
from gatehouse.core.notifications.alert_types import AlertType as Matter
from gatehouse.core.notifications.compose import anchor as heading_anchor
from gatehouse.core.performance.change_kinds import ChangeKind
from gatehouse.core.types import Verdict
from gatehouse.pipeline.maintenance.reconcile import PUT_RIGHT
from gatehouse.settings import ROOT
from gatehouse_ui import runbook
from gatehouse_ui.templating import FOUND

CASES = sorted(path.parent for path in (ROOT / "include" / "usecases").glob("*/RUNBOOK.md"))
TEMPLATE = ROOT / "include" / "gatehouse" / "cli" / "template"
PAGES = ROOT / "plugins" / "gatehouse_ui" / "templates"
RESULTS = {
    NO_CHAMPION,
    SELF_TEST,
    SPENT,
    JUDGED_AGAIN,
    NEW_TYPES,
}  # results of the gate's own, which no line of gate.yaml names
ALARMS = {"drift", "decay", "calibration"} | {kind.value for kind in ChangeKind}


def anchor(text: str) -> str:
    return re.sub(r"[_. ]", "-", text.lower())


def anchors(folder: Path) -> set[str]:
    return set(re.findall(r'<h\d id="([^"]+)"', runbook.render_runbook(folder / "RUNBOOK.md")))


@pytest.mark.parametrize("folder", [*CASES, TEMPLATE], ids=lambda folder: folder.name)
def test_every_alarm_verdict_and_rule_has_an_entry(folder: Path) -> None:
    """All kinds of alarm and incident, all verdicts, all that maintenance finds, and all rules of the gate."""
    wanted = {f"rule-{anchor(rule)}" for rule in set(RULES) | RESULTS}
    wanted |= {f"alarm-{anchor(kind)}" for kind in ALARMS} | {f"verdict-{verdict.lower()}" for verdict in Verdict}
    wanted |= {f"found-{anchor(kind)}" for kind in FOUND}
    assert wanted - anchors(folder) == set()


def test_what_maintenance_notes_is_what_the_pages_show_as_red() -> None:
    """A kind of entry that maintenance learns to write needs its entry in the runbooks, too."""
    source = (ROOT / "include" / "gatehouse" / "pipeline" / "maintenance" / "find_pending.py").read_text()
    assert {*re.findall(r'note\(\s*"([a-z._]+)"', source), *PUT_RIGHT} == set(FOUND)


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


def test_an_entry_says_what_to_do_and_whom_to_call() -> None:
    """An entry of three words helps nobody at three in the morning."""
    text = runbook.COMMON.read_text()
    entries = re.findall(r"^### ((?:Rule|Alarm|Verdict|Found): .+)\n((?:(?!^#).*\n?)*)", text, re.MULTILINE)
    assert len(entries) > 10
    lacking = [title for title, body in entries if "- Do: " not in body or "- Call: " not in body]
    assert lacking == []


@pytest.mark.parametrize("folder", [*CASES, TEMPLATE], ids=lambda folder: folder.name)
def test_an_anchor_is_there_once(folder: Path) -> None:
    """A link leads to one place, also where the use case has an entry of the common runbook."""
    found = re.findall(r'<h\d id="([^"]+)"', runbook.render_runbook(folder / "RUNBOOK.md"))
    assert len(found) == len(set(found))


def test_what_differs_stands_in_the_common_entry() -> None:
    """An own entry of a common heading comes before the common text, and every other own entry comes first."""
    own = "# Own\n\nOurs.\n\n### A batch is late\nOnly on Mondays.\n\n```\n# no heading\n```\n"
    common = "# Common\n\n### A batch is late\nAsk.\n\n### Other\nWait.\n"
    text = runbook.merge(own, common)
    assert [title for title, _ in runbook.sections(text) if title] == ["Own", "Common", "A batch is late", "Other"]
    assert text.index("Only on Mondays.") < text.index("# no heading") < text.index("Ask.") < text.index("Wait.")


def test_a_runbook_cannot_carry_markup(tmp_path: Path) -> None:
    """Raw HTML and script links of a runbook are shown, not run."""
    path = tmp_path / "RUNBOOK.md"
    path.write_text("# A\n<script>alert(1)</script>\n\n[x](javascript:alert(1)) <b onclick=y>z</b>\n")
    html = runbook.render_runbook(path)
    assert "<script" not in html
    assert 'href="javascript' not in html
    assert "<b " not in html
