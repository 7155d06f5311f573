"""Who gets which page under Airflow's FAB auth manager, with the roles and users of the production stack."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import LedgerDatabase
from gatehouse.adapters.lake import open_lake
from gatehouse.core.types import Verdict
from gatehouse.ports import Ledger
from gatehouse.settings import ROOT
from integration.plugins.test_page_access import keep_page
from support.pages_world import CASE
from support.story import Story


@pytest.mark.timeout(300)
def test_each_role_of_fab_gets_its_pages_and_its_acts(
    ledger_database: LedgerDatabase, ledger: Ledger, tmp_path: Path
) -> None:
    """Every route, and every act with a reason that is too short: anonymous 401; a Viewer reads and is refused; a Reviewer
    and an Admin, whom gate.yaml names, read and get as far as the reason."""
    story = Story(ledger, open_lake(str(tmp_path / "lake")), CASE)
    first, second = story.accept("2013-01"), story.accept("2013-02")
    decision = story.decide(story.challenger(first, second), Verdict.BLOCK)
    story.quarantine("2013-04")
    keep_page(tmp_path)
    script = Path(__file__).parent / "fab_walk.py"
    clean = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "include")}
    done = subprocess.run(
        [sys.executable, script, str(tmp_path), ledger_database.url, decision.id],
        env=clean, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    found = json.loads(done.stdout.strip().splitlines()[-1])
    reads = {route: statuses for route, statuses in found.items() if route.startswith("GET")}
    acts = {route: statuses for route, statuses in found.items() if route.startswith("POST")}
    assert (len(reads), len(acts)) == (25, 3)
    may_read = {"None": 401, "viewer": 200, "reviewer": 200, "admin": 200}
    assert {route: statuses for route, statuses in reads.items() if statuses != may_read} == {}
    may_act = {"None": 401, "viewer": 403, "reviewer": 400, "admin": 400}
    assert {route: statuses for route, statuses in acts.items() if statuses != may_act} == {}
