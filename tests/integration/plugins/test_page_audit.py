"""Who did what, on what, why, with what result: found by person, date, kind and use case."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pytest

from gatehouse.core.types import BatchId, Verdict
from gatehouse.queries import AuditFilter, audit_lines
from support.pages_world import CASE, World, airflow_home, world  # noqa: F401 - fixtures
from support.story import Story

AUDIT = f"/gatehouse/use-cases/{CASE}/audit"


@pytest.fixture
def acted(world: World) -> World:
    """An answered review, a discarded batch with a reason that a spreadsheet would run, and another use case's act."""
    story = world.story
    story.tell()
    decision = story.decide(
        story.challenger(story.accept("2013-05"), story.accept("2013-06")), Verdict.REVIEW, generation=1
    )
    story.ledger.decisions.answer(decision.id, True, "ada", "better where it matters")
    story.ledger.batches.discard(BatchId(CASE, "2013-04", 1), "bob", "=1+1 is of no use")
    other = Story(story.ledger, story.lake, "other_case")
    other.quarantine("2013-01")
    other.ledger.batches.discard(BatchId("other_case", "2013-01", 1), "ada", "it belongs to somebody else")
    return world


def test_who_approved_what_on_a_date_takes_two_clicks(acted: World) -> None:
    """Audit in the navigation, and the form with a day: who, did, on, reason and result, with a link to the decision."""
    client = acted.client("viewer")
    assert 'href="/gatehouse/audit"' in client.get("/gatehouse/").text
    today = datetime.now(UTC).date()
    html = client.get(f"/gatehouse/audit?since={today}&until={today}&kind=decision.answered").text
    row = html[html.index("<tbody>") : html.index("</tbody>")]
    assert row.count("<tr>") == 1
    for told in (">ada</a>", "answered a review", "better where it matters", "approved", 'href="/gatehouse/decisions/'):
        assert told in row
    before = today - timedelta(days=1)
    assert "Nothing matches" in client.get(f"/gatehouse/audit?until={before}").text


def test_tasks_are_not_people(acted: World) -> None:
    """What tasks recorded is left out, unless everything is asked for."""
    client = acted.client("viewer")
    assert "gate</a>" not in client.get(AUDIT).text
    everything = client.get(f"{AUDIT}?kind=all").text
    assert "batch scored" in everything
    assert client.get(f"{AUDIT}?by=bob").text.count("discarded a batch</td>") == 1


def test_the_tab_has_its_use_case_alone(acted: World) -> None:
    """The page of all has both use cases, the tab one; the state is in the address and in the form."""
    client = acted.client("viewer")
    assert "somebody else" not in client.get(AUDIT).text
    assert "somebody else" in client.get("/gatehouse/audit?by=ada").text
    assert "somebody else" not in client.get(f"/gatehouse/audit?use_case={CASE}").text
    assert 'name="by" value="ada"' in client.get("/gatehouse/audit?by=ada").text


def test_the_file_has_the_same_lines_and_no_formula(acted: World) -> None:
    """CSV with the same filters; a reason that begins like a formula gets an apostrophe."""
    text = acted.client("viewer").get("/gatehouse/audit.csv?by=bob").text
    assert len(text.splitlines()) == 2
    assert "'=1+1 is of no use" in text


def test_the_file_holds_every_entry(acted: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are: the file goes on where one reading ended, and has each entry once."""
    from gatehouse_ui.routes import audit

    monkeypatch.setattr(audit, "AT_ONCE", 3)
    lines = list(csv.reader(io.StringIO(acted.client("viewer").get("/gatehouse/audit.csv?kind=all").text)))
    numbers = [int(line[0]) for line in lines[1:]]
    assert numbers == [line.seq for line in audit_lines(acted.desk.database, AuditFilter(kind="all"), None, 500)]
    assert len(numbers) > 9


def test_pages_follow_each_other(acted: World) -> None:
    """Each entry is on one page, whatever is added meanwhile."""
    first = audit_lines(acted.desk.database, AuditFilter(kind="all"), None, 5)
    rest = audit_lines(acted.desk.database, AuditFilter(kind="all", before=first[-1].seq), None, 500)
    numbers = [line.seq for line in [*first, *rest]]
    assert numbers == sorted(numbers, reverse=True)
    assert numbers[-1] == 1
    assert audit_lines(acted.desk.database, AuditFilter(until=date.max), ["nobody"]) == []
