"""A batch's page: why it is where it is, its quarantined rows before its expectations, and where it came from."""

from __future__ import annotations

from gatehouse.core.config.contract import Contract
from gatehouse.core.types import Verdict
from gatehouse.ports import CheckResult, TableCheck
from gatehouse.reports.batch import batch_report
from gatehouse.settings import ROOT
from gatehouse.use_case import load
from support.pages_world import CASE, World, airflow_home, world  # noqa: F401 - fixtures

LIST = f"/gatehouse/use-cases/{CASE}"


def checked(world: World) -> str:
    """An accepted batch with one failed and two met expectations and one row in quarantine; the HTML of its page."""
    contract: Contract = load(ROOT / "include" / "usecases" / CASE).contract
    story = world.story
    batch = story.land("2013-01")
    results = [
        CheckResult("rides", name, {"column": "fare"}, "warning", "", success, 10, 0 if success else 1, "", True)
        for name, success in (("expect_one", True), ("expect_two", False), ("expect_three", True))
    ]
    check = TableCheck(results, {3: ("too dear",)}, "rides")
    html = batch_report(contract, batch, [check], {"rides": (9, 1)}, "")
    report = story.lake.put(html.encode(), "reports", "html")
    story.ledger.batches.accept(story.enter("v"), batch.id, story.parts(batch.id), report)
    return str(world.client("viewer").get(f"/gatehouse/batches/{CASE}/2013-01.r1").text)


def test_quarantined_rows_take_two_clicks(world: World) -> None:
    """From the list of batches to the batch: its reason and its rows stand before the expectations."""
    html = checked(world)
    assert f'href="/gatehouse/batches/{CASE}/2013-01.r1"' in world.client("viewer").get(f"{LIST}/batches").text
    order = [html.index(part) for part in ("1 of 10 rows broke the contract", 'id="quarantine"', 'id="expectations"')]
    assert order == sorted(order)
    assert "2013-01-9" in html, "the row itself"


def test_met_expectations_are_folded(world: World) -> None:
    """A failed one is open, those that were met are one line; the report in the archive is built alike."""
    html = checked(world)
    shown, folded = html[html.index('id="expectations"') :].split("<details>", 1)
    assert "expect_two" in shown
    assert "expect_one" not in shown
    assert "2 expectations met" in folded
    report = world.client("viewer").get(f"/gatehouse/batches/{CASE}/2013-01.r1/report").text
    assert 'class="verdict good">Accepted' in report
    assert "2 expectations met" in report


def test_the_page_names_its_source(world: World) -> None:
    """Path in the lake, rows, bytes and sha256 of each table, and the kind of source."""
    html = checked(world)
    file = world.story.ledger.batches.list(CASE)[0].tables["rides"].source
    for told in (file.path, file.sha256, f"{file.size:,}", "Its source is of kind <code>"):
        assert told in html


def test_the_lists_are_filtered_by_state_and_day(world: World) -> None:
    """State, day and order of the list are in its address; the form shows them, and the file has the same rows."""
    story = world.story
    story.tell()
    story.decide(story.challenger(story.accept("2013-05"), story.accept("2013-06")), Verdict.HOLD, generation=1)
    client = world.client("viewer")

    def rows(address: str) -> int:
        return client.get(f"{LIST}/{address}").text.count('<th scope="row">')

    assert rows("batches") == 6
    assert rows("batches?state=quarantined") == 1
    assert rows("batches?since=2013-02-01&until=2013-03-31") == 2
    sorted_by_alarms = client.get(f"{LIST}/batches?sort=alarms&order=asc&state=accepted").text
    assert (
        '<th scope="col" class="n" aria-sort="ascending"><a href="?state=accepted&amp;sort=alarms">' in sorted_by_alarms
    )
    file = client.get(f"{LIST}/batches.csv?state=quarantined")
    assert (file.headers["content-type"], file.text.count("\r\n")) == ("text/csv; charset=utf-8", 2)
    assert client.get(f"{LIST}/decisions.csv?p=2").text.count("\r\n") == 3
    assert "No batch matches." in client.get(f"{LIST}/batches?state=discarded").text
    assert rows("decisions?verdict=HOLD") == 1
    assert rows("decisions?until=2013-01-01") == 0
    assert '<option value="HOLD" selected>' in client.get(f"{LIST}/decisions?verdict=HOLD").text
