"""Drawings on the pages: made once, shown again, and made again where what they were kept in is gone."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gatehouse.core.audit.canonical_json import canonical
from gatehouse.core.types import Decision, ModelVersion, Verdict
from gatehouse.pipeline.judge.evidence import archive_evidence
from gatehouse.queries import UseCaseView
from gatehouse.reports import decision as report
from gatehouse.settings import Settings
from support.evidence_maker import evidence, holdout
from support.pages_world import airflow_home  # noqa: F401 - fixtures
from unit.reports.test_drawings import batch, matured

POLICY = canonical({"metric": "log_loss"})
DECISION = Decision("d", "rides", 2, Verdict.BLOCK, "BLOCK: found", (), "e", "p", 1, 1)


@pytest.fixture
def decided(airflow_home: Any, tmp_path: Path) -> tuple[Any, Any]:
    """A desk, and a decision as its page's view gives it: with evidence and report in the lake."""
    from gatehouse_ui.data_access import DataAccess

    desk = DataAccess(Settings(tmp_path, str(tmp_path / "lake"), "", "", ()))
    found = evidence(holdout(champion=0.0))
    model = desk.lake.put(b"model", "models", "skops")
    version = ModelVersion("rides", 2, "boosting", model, model, "s", "r", "run", found.facts.training_until)
    page = report.decision_report("Rides", DECISION, version, found, POLICY)
    kept = desk.lake.put(page.encode(), "reports", "html")
    row = {"policy_text": POLICY}
    return desk, SimpleNamespace(decision=DECISION, row=row, evidence_file=archive_evidence(desk, found), report=kept)


def test_a_decision_shows_the_drawings_of_its_report(decided: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Byte for byte, and nothing is drawn for the page; what is measured still comes from the evidence."""
    from gatehouse_ui import render_cache

    desk, view = decided
    monkeypatch.setattr(report, "decision_plots", lambda *_: pytest.fail("drawn again"))
    values = render_cache.render_decision(desk, view)
    assert not values["lost"]
    assert len(values["plots"]) >= 3
    archived = desk.lake.read(view.report).decode()
    assert all(f"<figure>{plot}</figure>" in archived for plot in values["plots"])
    assert values["facts"]


@pytest.mark.parametrize("gone", ["none", "lost", "changed"])
def test_a_decision_without_its_report_is_drawn(decided: Any, tmp_path: Path, gone: str) -> None:
    """No report yet, its file lost, or its bytes changed, which nobody is shown: the same drawings, made anew."""
    from gatehouse_ui import render_cache

    desk, view = decided
    shown = render_cache.render_decision(desk, view)["plots"]
    assert len(shown) >= 3
    path = tmp_path / "lake" / view.report.path
    if gone == "none":
        view.report = None
    elif gone == "lost":
        path.unlink()
    else:
        path.write_text("<figure><svg onload='alert(1)'></svg></figure>")
    render_cache._decision.cache_clear()
    assert render_cache.render_decision(desk, view)["plots"] == shown


def test_a_use_case_is_drawn_again_when_its_records_change(airflow_home: Any) -> None:
    """The same records give the drawings that were kept; a new batch gives new ones."""
    from gatehouse_ui import render_cache

    rows = [batch(number, alarms=[], matured=matured(0.4)) for number in range(3)]
    first = render_cache.use_case(UseCaseView("rides", rows, [], [], []))
    again = render_cache.use_case(UseCaseView("rides", [dict(row) for row in rows], [], [], []))
    assert again is first
    more = render_cache.use_case(UseCaseView("rides", [*rows, batch(3, alarms=[{"kind": "drift"}])], [], [], []))
    assert "4 batches, 1 alarms" in more["timeline"]


def test_only_so_many_drawings_are_kept(airflow_home: Any) -> None:
    """The ones that were asked for last stay."""
    from gatehouse_ui.render_cache import RenderCache

    kept = RenderCache(2)
    for name in ("a", "b"):
        kept.put(name, {"drawn": name})
    assert kept.get("a")
    kept.put("c", {"drawn": "c"})
    assert [kept.get(name) is not None for name in ("a", "b", "c")] == [True, False, True]
