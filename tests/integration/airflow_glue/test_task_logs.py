"""The lines of a task's log carry what they are about as fields."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
import structlog

from gatehouse.adapters.lake import open_lake
from gatehouse.ports import Ledger
from gatehouse.settings import ROOT
from support.pages_world import airflow_home  # noqa: F401 - a fixture
from support.story import Story


@pytest.fixture
def lines(airflow_home):
    """Airflow's own task logging, as a task's process sets it up, into memory."""
    from airflow.sdk.log import configure_logging

    before = structlog.get_config()
    written = io.BytesIO()
    structlog.contextvars.clear_contextvars()
    configure_logging(json_output=True, output=written, sending_to_supervisor=True)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    structlog.contextvars.clear_contextvars()
    structlog.configure(**before)


def test_each_line_names_use_case_and_batch(
    lines, ledger: Ledger, ledger_database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a stage found is a line of JSON with use case and batch; so is every other line of the task after it, also one
    of the library's or of another library's."""
    from gatehouse_airflow.tasks import batches, context

    monkeypatch.setenv("GATEHOUSE_LEDGER_URL", ledger_database.url)
    monkeypatch.setenv("GATEHOUSE_LAKE", str(tmp_path))
    batch = Story(ledger, open_lake(str(tmp_path)), "air_time").quarantine().id
    assert batches.validate(str(ROOT / "include" / "usecases" / "air_time"), context.ref_of(batch)) is False
    structlog.get_logger("somebody else").info("by the way")
    found = {line["event"]: line for line in lines()}
    for event in ("validated", "by the way"):
        assert (found[event]["use_case"], found[event]["batch"]) == ("air_time", "2013-01.r1"), event
    assert (found["validated"]["state"], found["validated"]["reason"]) == ("quarantined", "too few rows")
