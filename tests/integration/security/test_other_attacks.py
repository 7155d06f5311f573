"""Attacks that end at a page, in a spreadsheet or in a file of another use case."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gatehouse.adapters.lake import open_lake
from gatehouse.core.types import Verdict
from gatehouse.invariants import run
from gatehouse.ports import Ledger
from integration.plugins.test_page_access import READ, decided
from support.pages_world import CASE, World, airflow_home, world  # noqa: F401 - fixtures
from support.story import Story

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>{{ 7 * 191 }}"


def hostile(world: World) -> None:
    """The use case as its files read when each text in them is a script."""
    case = world.desk.case(CASE)
    contract = case.contract.model_copy(update={"title": SCRIPT})
    rules = tuple(rule.model_copy(update={"description": SCRIPT}) for rule in case.gate.rules)
    gate = case.gate.model_copy(update={"rules": rules})
    changed = replace(case, contract=contract, gate=gate)
    for name in ("case", "known_case"):
        setattr(world.desk, name, lambda _: changed)


def test_a_script_in_titles_rules_reasons_and_names_stays_text(world: World) -> None:
    """On every page: a title, a rule's sentence, a batch's reason, an act's reason and the name of who acts."""
    decision = decided(world)
    world.story.quarantine("2013-05", SCRIPT)
    world.act("admin", f"/gatehouse/batches/{CASE}/2013-04.r1/discard", SCRIPT)
    world.story.ledger.audit_log.note("alias.drifted", CASE, SCRIPT, {"found": SCRIPT})
    hostile(world)
    shown = 0
    for address in READ.values():
        page = world.client("reviewer").get("/gatehouse" + address.replace("DECISION", decision))
        assert page.status_code == 200, address
        if not page.headers["content-type"].startswith("text/html"):
            continue  # an attachment, or a style sheet
        for live in ("<script>alert", "<img src=x", "1337"):
            assert live not in page.text, address
        shown += "&lt;script&gt;alert(1)" in page.text
    assert shown >= 4, "the texts are shown, escaped"


def test_no_cell_of_the_audit_as_csv_is_a_formula(world: World) -> None:
    """A name, a subject and a reason that begin like formulas are led by an apostrophe, header line included."""
    world.story.quarantine("2013-04")
    world.act("admin", f"/gatehouse/batches/{CASE}/2013-04.r1/discard", "=HYPERLINK(1) says the reason")
    world.story.ledger.audit_log.note("alias.drifted", CASE, "@SUM(A1)", {"reason": "+1+1"})
    answer = world.client("viewer").get("/gatehouse/audit.csv")
    cells = [cell for row in csv.reader(io.StringIO(answer.content.decode(), newline="")) for cell in row]
    assert "'=HYPERLINK(1) says the reason" in cells
    assert not [cell for cell in cells if cell.lstrip(" ").startswith(("=", "+", "@", "\t", "-"))]


@pytest.mark.parametrize("column", ["file", "evidence_file"])
def test_files_that_two_use_cases_have_exchanged_are_both_named(
    column: str, ledger: Ledger, ledger_database: Any, tmp_path: Path
) -> None:
    """A model or the evidence of another use case under the recorded name is found by its bytes, for both of them."""
    lake = open_lake(str(tmp_path))
    stories = [Story(ledger, lake, name) for name in ("flights", "taxis")]
    decisions = []
    for story, verdict in zip(stories, (Verdict.PROMOTE, Verdict.HOLD), strict=True):
        model = story.challenger(story.accept("2013-01"), story.accept("2013-02"))
        decisions.append(story.decide(model, verdict))
    models = [ledger.models.get(story.name, 1) for story in stories]
    files = {
        "file": [model.file for model in models],
        "evidence_file": [ledger.decisions.archive(decision.id)[0] for decision in decisions],
    }[column]
    one, two = (tmp_path / file.path for file in files)
    first, second = one.read_bytes(), two.read_bytes()
    assert first != second
    for path, data in ((one, second), (two, first)):
        path.chmod(0o644)
        path.write_bytes(data)
    breaches = [text for result in run(ledger_database.url, lake, None) for text in result.breaches]
    for file in files:
        assert [text for text in breaches if file.path in text and "is not what was stored" in text], file
