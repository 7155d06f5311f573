"""The backtest through the real command, in folders outside the repository, with no stack anywhere."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from gatehouse.settings import ROOT
from support.daily_folder import CORRUPT, DAYS, LOST, RAISES, UNREADABLE, ZERO, daily_folder
from support.streams import stream

RETRAIN = """\
task: classification
min_batches_first_training: 3
window: {kind: since_change}
selection_metric: log_loss
triggers:
  drift: {min_rows: 300}
  decay: {metric: log_loss, margin: 0.02, min_rows: 300}
  follow_up: true
"""


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`gatehouse backtest` as a person runs it elsewhere: no address of a ledger, a home that is not there."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "include"),
        "GATEHOUSE_STATE_DIR": str(folder.parent / "no-home"),
        "OMP_NUM_THREADS": "1",
    }
    line = [sys.executable, "-m", "gatehouse", "backtest", *arguments]
    return subprocess.run(
        line, env=environment, capture_output=True, text=True, timeout=240, check=False, cwd=folder.parent
    )


@pytest.fixture(scope="module")
def concept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], str]:
    """Ten months whose labels change their meaning in the sixth: the folder, the document and the page."""
    path = tmp_path_factory.mktemp("concept")
    folder = stream("label", batches=10, rows=600, changed=5).folder(path, RETRAIN)
    done = command(folder, str(folder), "--json", "--report", str(path / "page.html"), "--keep")
    assert done.returncode == 0, done.stderr[-2000:]
    return folder, json.loads(done.stdout), _kept(path)


def _kept(path: Path) -> str:
    """The written report, which `--keep` has kept as it is."""
    page = (path / "page.html").read_text()
    assert [each.read_text() for each in (path / "no-home" / "backtests").rglob("*.html")] == [page]
    return page


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Sixteen days with the accidents of a real history."""
    folder = daily_folder(tmp_path_factory.mktemp("broken"))
    done = command(folder, "shop", "--json")  # a relative path, from where it lies
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_json_has_a_line_for_each_batch_and_totals(concept: tuple[Path, dict[str, Any], str]) -> None:
    """Every batch is there in the order of time with rows, alarms, decay, requests, verdicts, champion and metric."""
    _, document, _ = concept
    keys = [line["key"] for line in document["lines"]]
    assert keys == sorted(keys)
    assert len(keys) == document["totals"]["batches"] == 10
    wanted = {
        "rows",
        "quarantined",
        "alarms",
        "kinds",
        "decay",
        "requests",
        "decisions",
        "champion",
        "metric",
        "errors",
    }
    assert all(wanted <= line.keys() for line in document["lines"])
    names = [way["name"] for way in document["ways"]]
    assert names[:4] == ["policy", "never", "every batch", "fixed window"]
    assert names[5:] == ["periodic", "oracle", "no skill"]
    assert names[4].startswith("rolling")
    assert document["totals"]["means"].keys() == {way["name"] for way in document["ways"]}
    assert document["totals"]["rows"] == 6000


def test_a_changed_concept_is_answered_and_pays(concept: tuple[Path, dict[str, Any], str]) -> None:
    """No training before the change but the first. The change alarms when its outcomes arrive, and waits while no refit on
    earlier rows would help; with the next batch there are rows to learn from, and retraining saves loss."""
    _, document, _ = concept
    alarmed = [line["key"] for line in document["lines"] if line["alarms"]]
    assert alarmed[0] == "2020-07", "the outcomes of the changed 2020-06 arrive with 2020-07"
    reasons = {line["key"]: [r["kind"] for q in line["requests"] for r in q["reasons"]] for line in document["lines"]}
    assert [key for key, kinds in reasons.items() if kinds and key < "2020-07"] == ["2020-04"]
    waits = next(line["held_back"] for line in document["lines"] if line["key"] == "2020-07")
    assert any("no refit on earlier rows repairs it" in held["why"] for held in waits)
    assert {"refit", "decay"} <= set(reasons["2020-08"]), "a month later the changed batch can be learned from"
    means = document["totals"]["means"]
    assert means["oracle"] <= min(means["policy"], means["never"]) + 1e-9
    assert means["policy"] < means["never"]


def test_outcomes_count_only_when_they_had_arrived(concept: tuple[Path, dict[str, Any], str]) -> None:
    """The first champion waits for three matured months, which takes four; it is measured on none that trained it."""
    _, document, _ = concept
    champions = {line["key"]: (line["champion"], line["late"]) for line in document["lines"]}
    assert champions["2020-03"] == (None, False)
    assert champions["2020-04"] == (1, True)
    assert champions["2020-05"] == (1, False)
    assert document["totals"]["compared"][0] == "2020-04"


def test_the_page_stands_alone(concept: tuple[Path, dict[str, Any], str]) -> None:
    """One page with plots that loads nothing and runs nothing, with a policy that says so."""
    page = concept[2]
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert page.count("<svg") == 2
    assert not re.search(r"<script|<link|<img|src=|url\((?!#)", page)
    assert " style=" not in page
    assert all(line["key"] in page for line in concept[1]["lines"])


def test_other_files_are_tried_and_wrong_ones_named(concept: tuple[Path, dict[str, Any], str]) -> None:
    """A wrong key of another file is named with exit code 1; a missing file and an unknown option are usage, 2."""
    folder = concept[0]
    wrong = folder.parent / "other.yaml"
    wrong.write_text(RETRAIN + "colour: red\n")
    refused = command(folder, str(folder), "--retrain", str(wrong))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "colour" in refused.stderr
    wrong.write_text(RETRAIN.replace("log_loss", "mean_absolute_error"))
    unmeasured = command(folder, str(folder), "--retrain", str(wrong))
    assert (unmeasured.returncode, unmeasured.stdout) == (1, "")
    assert f"{wrong}: selection_metric" in unmeasured.stderr
    assert command(folder, str(folder), "--policy", "nowhere.yaml").returncode == 2
    assert command(folder, str(folder), "--reviews", "perhaps").returncode == 2
    nowhere = command(folder, "nowhere", "--json")
    assert (nowhere.returncode, nowhere.stdout) == (1, "")
    assert "nowhere" in nowhere.stderr


def test_one_broken_batch_is_its_own_error(broken: dict[str, Any]) -> None:
    """A corrupt file, outcomes that are lost or unreadable: each is named once, at its batch; all others go on."""
    lines = broken["lines"]
    assert len(lines) == DAYS
    assert [number for number, line in enumerate(lines) if line["state"] != "accepted"] == [CORRUPT]
    assert "the thirteenth" in lines[RAISES]["errors"][0]
    assert "feature 'inverse' is inf in row" in lines[ZERO]["errors"][0]
    assert [lines[number]["unscored"] for number in (RAISES, ZERO, ZERO + 1)] == [True, True, False]
    assert "rows_2021-01-04.csv" in lines[CORRUPT]["errors"][0]
    named = [error for line in lines for error in line["errors"] if "outcomes_2021-01-09.csv" in error]
    assert len(named) == 1
    assert [lines[number]["metric"] for number in (CORRUPT, LOST, UNREADABLE, RAISES, ZERO)] == [None] * 5
    assert broken["totals"]["trainings"] >= 2
    assert sum(line["metric"] is not None for line in lines) >= 4


def test_expectations_that_are_not_met_are_in_the_document(broken: dict[str, Any]) -> None:
    """Warnings too, with how many rows and examples."""
    unmet = [each for line in broken["lines"] for each in line["failed"]]
    assert {(each["severity"], each["expect"]) for each in unmet} == {("warning", "expect_column_values_to_be_between")}
    assert all(each["unexpected"] and each["detail"].startswith("for example") for each in unmet)


def test_standard_output_holds_the_document_alone_whatever_fails_later(tmp_path: Path) -> None:
    """model.py prints, and the report cannot be written: the one is on standard error, the other a named error after it."""
    folder = daily_folder(tmp_path)
    done = command(
        folder, "shop", "--json", "--until", "2021-01-02", "--report", str(tmp_path / "nowhere" / "page.html")
    )
    assert done.returncode == 1
    assert json.loads(done.stdout)["totals"]["batches"] == 2
    assert "features are made" in done.stderr
    assert "InvalidInputError: the report cannot be written" in done.stderr


def _take_interrupts() -> None:
    """A process that is started in the background is told to ignore Ctrl-C, and so is what it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_nothing_behind(tmp_path: Path, stop: signal.Signals) -> None:
    """Its server, its processes and its folder are gone, and one sentence says that nothing is kept."""
    folder = daily_folder(tmp_path)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "include"), "TMPDIR": str(temporary)}
    line = [sys.executable, "-m", "gatehouse", "backtest", str(folder), "--json"]
    process = subprocess.Popen(
        line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=_take_interrupts
    )
    assert process.stderr is not None
    said = process.stderr.readline()
    while "features are made" not in said:
        assert said, "the backtest ended before it made features"
        said = process.stderr.readline()
    family = psutil.Process(process.pid).children(recursive=True)
    assert family
    process.send_signal(stop)
    out, errors = process.communicate(timeout=120)
    assert (process.returncode, out) == (130, "")
    assert "Interrupted. Nothing is kept" in errors
    assert "Traceback" not in errors
    _, left = psutil.wait_procs(family, timeout=20)
    assert left == []
    assert list(temporary.glob("gatehouse-*")) == []
