"""Quarantined rows on a page and as CSV: hostile values are shown harmlessly and no spreadsheet obeys them."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.fakes import FakeLake
from support.pages_world import CASE, World, airflow_home, world  # noqa: F401 - fixtures

HOSTILE = [
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "@SUM(A1)",
    "\t=1",
    "x" * 100_000,
    "'; DROP TABLE",
    "\x00\u202e",
]


@pytest.fixture
def rows(airflow_home: dict[str, str]):
    """The module that the plugin's folder holds."""
    from gatehouse_ui import quarantine_rows

    return quarantine_rows


def held(lake, frame: pd.DataFrame):
    return lake.put_frame(frame, "quarantined")


@given(text=st.text(max_size=40), number=st.floats(allow_nan=False) | st.integers())
def test_no_cell_of_a_csv_is_a_formula(text: str, number: float) -> None:
    """Whatever a text is, it does not begin like a formula, and it is there unchanged behind the apostrophe; numbers
    stay numbers."""
    import sys

    from gatehouse.settings import ROOT

    sys.path.insert(0, str(ROOT / "plugins"))
    from gatehouse_ui.csv_files import FORMULA, escape_csv

    sys.path.pop(0)
    safe = escape_csv(text)
    assert not safe.lstrip(" ").startswith(FORMULA)
    assert safe in (text, f"'{text}")
    assert escape_csv(number) == number


def test_hostile_values_survive_the_way_to_the_page_and_the_csv(world: World) -> None:
    """Markup is shown as text, a formula is led by an apostrophe, a cell of 100,000 characters is cut and says so."""
    story = world.story
    batch = story.land("2013-01").id
    frame = pd.DataFrame({"=name": HOSTILE, "gh_reasons": ["<b>bad</b>; worse"] * len(HOSTILE)})
    parts = {"rides": (story.rows("2013-01", 2, "accepted"), story.lake.put_frame(frame, "quarantined"))}
    story.ledger.batches.accept(story.enter(f"{batch}/validate"), batch, parts, story.report())
    client = world.client("viewer")
    page = client.get(f"/gatehouse/batches/{CASE}/2013-01.r1")
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)" in page.text
    assert "8 \xd7 &lt;b&gt;bad&lt;/b&gt;; worse" in page.text
    assert "(100,000 characters)" in page.text
    assert len(page.text) < 40_000
    answer = client.get(f"/gatehouse/batches/{CASE}/2013-01.r1/quarantined.csv?table=rides")
    assert answer.headers["content-disposition"].startswith("attachment")
    read = list(csv.reader(io.StringIO(answer.content.decode(), newline="")))
    assert read[0] == ["'=name", "gh_reasons"]
    assert [row[0] for row in read[1:]] == [HOSTILE[0], f"'{HOSTILE[1]}", "'+1+1", "'@SUM(A1)", "'\t=1", *HOSTILE[5:]]


def test_an_unreadable_batch_has_a_page_without_rows(world: World) -> None:
    """Bytes that are no table are no rows in quarantine: the page tells the reason, and there is nothing to download."""
    story = world.story
    interval = story.land("2013-01").interval
    files = {"rides": story.lake.put(b"PAR1 cut off", "unreadable", "parquet")}
    lease = story.enter(f"{CASE}/2013-02/land")
    batch = story.ledger.batches.land(lease, CASE, "2013-02", interval, files, "rides_2013-02.parquet: cut off").id
    lease = story.enter(f"{batch}/validate")
    story.ledger.batches.quarantine(lease, batch, "rides_2013-02.parquet: cut off", story.report())
    client = world.client("viewer")
    page = client.get(f"/gatehouse/batches/{CASE}/2013-02.r1")
    assert page.status_code == 200
    assert "rides_2013-02.parquet: cut off" in page.text
    assert "Rows in quarantine" not in page.text
    assert client.get(f"/gatehouse/batches/{CASE}/2013-02.r1/quarantined.csv?table=rides").status_code == 404


def test_rows_are_paged_and_searched(rows) -> None:
    """A page holds so many rows; a search looks into every column, ignores case, and takes no pattern."""
    lake = FakeLake()
    frame = pd.DataFrame(
        {"id": range(60), "name": ["Ada (1)" if n % 3 else "Bob" for n in range(60)], "gh_reasons": "too fast"}
    )
    file = held(lake, frame)
    first, last = rows.found(lake, file, "", 1), rows.found(lake, file, "", 99)
    assert (len(first.rows), first.pages, last.page, len(last.rows)) == (rows.SIZE, 3, 3, 10)
    assert first.columns[0] == "gh_reasons"
    assert first.reasons == [("too fast", 60)]
    assert rows.found(lake, file, "ADA (", 1).matched == 40
    assert rows.found(lake, file, "a.a", 1).matched == 0


def test_a_file_too_large_for_a_page_is_refused_by_name(rows, monkeypatch) -> None:
    """No page loads what does not fit into it."""
    from gatehouse.errors import NotAllowedError

    lake = FakeLake()
    file = held(lake, pd.DataFrame({"id": [1]}))
    monkeypatch.setattr(rows, "LARGEST", 10)
    with pytest.raises(NotAllowedError, match="MiB"):
        rows.found(lake, file, "", 1)


def test_an_empty_table_is_shown_as_such(rows) -> None:
    """No rows, nulls only, and a frame without reasons give a page."""
    lake = FakeLake()
    assert rows.found(lake, held(lake, pd.DataFrame({"id": pd.Series([], dtype=str)})), "x", 1).rows == []
    nulls = rows.found(lake, held(lake, pd.DataFrame({"id": [None, float("nan")]})), "", 1)
    assert nulls.rows == [[""], [""]]
