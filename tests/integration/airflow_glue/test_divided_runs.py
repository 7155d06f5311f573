"""Divided batches in real runs of Airflow's: mapped tasks, one commit, and the very files of undivided ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import LedgerDatabase, refill
from gatehouse.adapters.contract import GreatExpectationsChecker
from gatehouse.adapters.ledger import open_ledger
from gatehouse.adapters.sources import open_source
from gatehouse.core.config.contract import ExpectationSpec
from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.core.types import BatchState
from gatehouse.pipeline import land, score
from gatehouse.pipeline.validate import validate
from gatehouse.settings import ROOT
from gatehouse.use_case import load
from gatehouse_airflow.tasks import batches, context, partitions
from integration.pipeline.test_divided import dividing, known, small_pieces  # noqa: F401 - one is a fixture
from support.big_rides import MONTHS, rides
from support.fakes import FakeLake
from support.rides import FakeContext, ctx, folder, looped, open_site  # noqa: F401 - three are fixtures


def airflow(home: Path, ledger_url: str, *runs: str) -> list[dict]:
    """What Airflow says of these runs (`ingest:2024-01`)."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "include"),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "GATEHOUSE_LEDGER_URL": ledger_url,
        "GATEHOUSE_LAKE": str(home / "lake"),
        "GATEHOUSE_USECASES": str(home / "usecases"),
    }
    command = [sys.executable, Path(__file__).parent / "divided_runs.py", *runs]
    done = subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return json.loads((home / "runs.json").read_text())


def test_a_divided_batch_is_taken_by_mapped_tasks_and_comes_out_as_a_whole_one(
    tmp_path, ledger_server, ledger_database: LedgerDatabase, ledger_template
):
    """A month of 70,000 rows is checked in two partitions and one whole column, profiled in two, by a task each, and one
    task commits the very files that the undivided batch gives. The month after it is small: its mapped tasks are skipped by
    the scheduler, and one task more than without `max_rows_in_memory` has run, which found nothing to divide."""
    folder = rides(tmp_path / "usecases" / "rides")
    big, small, watched = airflow(
        tmp_path, ledger_database.url, "ingest:2024-01", "ingest:2024-02", "monitor:2024-01.r1"
    )
    every = {f"{task} success": 1 for task in ("land", "fetched", "outcomes", "divide", "validate")}
    done = {"check_part success": 3, "settle success": 1, "profile_part success": 2}
    assert big == {"run": "success", "tasks": every | done}
    skipped = {"check_part skipped": 1, "settle skipped": 1, "profile_part skipped": 1}
    assert small == {"run": "success", "tasks": every | skipped}
    assert watched["tasks"] == {
        "score success": 1, "divide success": 1, "score_part skipped": 1, "watch success": 1,
    }  # fmt: skip
    mapped = [known(batch) for batch in open_ledger(ledger_database.url).batches.list("rides")]
    refill(ledger_server, ledger_database, ledger_template)
    ctx = dividing(FakeContext(load(folder)), None)
    ctx.ledger, ctx.lake, ctx.checker = open_ledger(ledger_database.url), FakeLake(), GreatExpectationsChecker()
    ctx.source = open_source(ctx.case.contract, folder)
    assert mapped == [known(validate(ctx, land.land(ctx, key).id)) for key in MONTHS]


@pytest.fixture
def installed(looped, small_pieces, monkeypatch):
    """Four months with a champion, as the tasks find them, and batches of more than 300 rows divided from now on."""
    monkeypatch.setattr(context, "use_case_context", lambda _, **about: dividing(looped, 300))
    return looped


def test_a_run_that_dies_between_its_parts_leaves_a_landed_batch_and_the_next_one_its_files(installed):
    """What mapped tasks find is in files that no ledger row names: nothing is visible until one task commits. The same
    pieces again are the same files."""
    ref = context.ref_of(land.land(installed, "2024-05").id)
    checked = [partitions.check("rides", piece) for piece in partitions.check_pieces("rides", [ref, "2024-04.r1"])]
    profiled = [partitions.profile("rides", piece) for piece in partitions.profile_pieces("rides", checked)]
    assert {piece["batch"] for piece in checked} == {ref}
    assert (len(checked), len(profiled)) == (7 + 1, 7)
    assert installed.ledger.batches.get(context.parse("rides", ref)).state is BatchState.LANDED
    files = len(installed.lake.files)
    assert checked == [partitions.check("rides", piece) for piece in partitions.check_pieces("rides", [ref])]
    assert profiled == [partitions.profile("rides", piece) for piece in partitions.profile_pieces("rides", checked)]
    assert len(installed.lake.files) == files
    before = dict(installed.lake.files)
    assert batches.validate("rides", ref, checked, profiled)
    made = set(installed.lake.files) - set(before)
    batch = installed.ledger.batches.get(context.parse("rides", ref))
    assert {file.path for file in (batch.report, batch.profile, batch.tables["rows"].accepted)} <= made
    assert not any(path.startswith("parts/") for path in made)


def test_a_contract_that_changes_between_two_parts_is_the_one_that_the_whole_batch_is_held_to(installed, monkeypatch):
    """Half of the partitions were checked before the data engineer wrote a stricter bound: none of it counts, and all rows
    are judged by the contract as it is at the commit."""
    ref = context.ref_of(land.land(installed, "2024-05").id)
    pieces = partitions.check_pieces("rides", [ref])
    before = [partitions.check("rides", piece) for piece in pieces[:4]]
    rows = installed.case.contract.tables["rows"]
    stricter = ExpectationSpec(
        expect="expect_column_values_to_be_between", severity="critical", args={"column": "amount", "max_value": 200}
    )
    changed = rows.model_copy(update={"expectations": (stricter, *rows.expectations[:2])})
    contract = installed.case.contract.model_copy(update={"tables": {"rows": changed}})
    monkeypatch.setattr(installed, "case", replace(installed.case, contract=contract))
    after = [partitions.check("rides", piece) for piece in pieces[4:]]
    assert after == pieces[4:]
    assert partitions.profile_pieces("rides", [*before, *after]) == []
    assert batches.validate("rides", ref, [*before, *after], None)
    quarantined = installed.ledger.batches.get(context.parse("rides", ref)).tables["rows"].quarantined
    assert (
        quarantined.rows
        == (installed.source.fetch("2024-05", batch_interval("month", "2024-05"))["rows"]["amount"] > 200).sum()
        > 0
    )


def test_scores_of_parts_by_another_champion_are_made_again(installed, monkeypatch):
    """Parts that one champion scored are put together to the file of the whole; a part that says another generation is not
    mixed in: all are scored by the champion of the commit."""
    batch = validate(installed, land.land(installed, "2024-05").id)
    ref, champion = context.ref_of(batch.id), installed.ledger.models.champion("rides")
    whole = installed.lake.put_frame(score.predictions_frame(installed, champion, batch), "predictions")
    done = [partitions.score("rides", piece) for piece in partitions.score_pieces("rides", ref)]
    assert len(done) == 7
    first = partitions.collect_results(installed, ref, done)[0]
    other = installed.lake.put_frame(installed.lake.frame(first["file"]).assign(score=0.5, generation=0), "parts")
    stale = partitions._piece(installed, ref, {**first, "generation": champion.generation - 1, "file": other})
    monkeypatch.setattr("gatehouse.pipeline.monitor.monitor_batch.monitor_batch", lambda ctx, batch: None)
    batches.watch("rides", ref, [stale, *done[1:]])
    (scored,) = [each for each in installed.ledger.batches.predictions("rides") if each.batch == batch.id]
    assert (scored.file, scored.generation) == (whole, champion.generation)
