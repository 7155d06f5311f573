"""What is told to MLflow and kept in the archive about decisions and batches, over a real ledger."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime

import pytest

from gatehouse import invariants
from gatehouse.core.types import Verdict
from gatehouse.pipeline import land, promote
from gatehouse.pipeline.judge import judge_challenger
from gatehouse.pipeline.maintenance import mlflow_projection, publish_mlflow
from gatehouse.pipeline.validate import validate
from support.rides import ctx, folder, open_site, take  # noqa: F401 - three of them are fixtures

MONTHS = [f"2024-{month:02}" for month in range(1, 6)]
LONG_AFTER = datetime(2100, 1, 1, tzinfo=UTC)
LARGEST = 1_000_000  # bytes of a report: four drawings and a table a rule, well under what a mail may carry


@pytest.fixture
def looped(folder, open_site):
    """Three months of which the last one opened the first training; its data has names that are markup."""
    contract = folder / "contract.yaml"
    contract.write_text(contract.read_text().replace('title: "Fill in:', 'title: "<img src=x onerror=alert(1)>'))
    retrain = folder / "retrain.yaml"
    retrain.write_text(retrain.read_text().replace("triggers:", "triggers:\n  drift: {}"))
    made = open_site()
    made.source.change = dict.fromkeys(MONTHS, hostile)
    for key in MONTHS[:3]:
        take(made, key)
    return made


def hostile(frame):
    """The same rows, with a group whose name is markup."""
    return frame.assign(group=frame["group"].replace("a", "<script>alert(1)</script>"))


def test_the_report_of_a_decision_is_archived_and_loads_nothing(looped, ledger_database):
    """It lies beside the evidence, whole and the same as MLflow's, names no other host and no script, is as small as a
    mail, and says where the challenger came from. Told again, the archived one stays."""
    (decision,) = looped.ledger.decisions.list("rides")
    file = looped.ledger.decisions.report(decision.id)
    page = looped.lake.read(file).decode()
    assert page == looped.tracking.judged[decision.id].report
    assert len(page) < LARGEST
    assert re.findall(r"(?:src|href|action|srcset)\s*=\s*[\"'](?!#|data:)", page) == []
    assert re.findall(r"url\((?!#)|@import|<script|<link|<iframe|<object", page) == []
    assert "<img src=x" not in page
    assert "default-src 'none'" in html.unescape(page)
    for wanted in ("prefers-color-scheme: dark", "@media print", "Where it came from", "2024-01.r1", "request.opened"):
        assert wanted in page
    model = looped.ledger.models.get("rides", decision.version)
    assert publish_mlflow.publish_decision(looped, decision, model) == file
    breaches = [b for finding in invariants.run(ledger_database.url, looped.lake, None) for b in finding.breaches]
    assert breaches == []


def test_the_tables_of_a_decision_say_what_its_report_says(looped):
    """Rules, calibration of every model and slices by both models; a name that is markup stays text."""
    (decision,) = looped.ledger.decisions.list("rides")
    judged = looped.tracking.judged[decision.id]
    assert judged.tags["gatehouse.verdict"] == str(Verdict.PROMOTE)
    assert [row[0] for row in judged.tables["rules.json"].rows] == [result.rule for result in decision.results]
    groups = judged.tables["calibration.json"].rows
    assert sum(row[2] for row in groups) == 2000
    assert all(0 <= row[3] <= 1 and 0 <= row[4] <= 1 for row in groups)
    slices = {row[1]: row for row in judged.tables["slices.json"].rows}
    assert set(slices) == {"<script>alert(1)</script>", "b", "c"}
    assert judged.metrics["holdout.challenger.log_loss"] > 0
    assert "holdout.champion.log_loss" not in judged.metrics


def test_a_decision_whose_run_died_untold_is_told_by_maintenance(open_site, monkeypatch):
    """A death after the ledger's commit leaves a decision without a report: maintenance archives it and tells MLflow, once, and
    not while the run that decided may still be about to."""

    def death(*_):
        raise KeyboardInterrupt

    ctx = open_site()
    for key in MONTHS[:2]:
        take(ctx, key)
    with monkeypatch.context() as dying:
        dying.setattr(judge_challenger, "publish_decision", death)
        with pytest.raises(KeyboardInterrupt):
            take(ctx, MONTHS[2])
    (decision,) = ctx.ledger.decisions.list("rides")
    assert ctx.ledger.decisions.report(decision.id) is None
    assert told(ctx, None) == [], "its own run may still be at it"
    file, _ = ctx.ledger.decisions.archive(decision.id)
    honest, ctx.lake.files[file.path] = ctx.lake.files[file.path], b"damaged"
    assert told(ctx) == [], "maintenance has more to do than to fail at one damaged file"
    ctx.lake.files[file.path] = honest
    with monkeypatch.context() as busy:
        busy.setattr(mlflow_projection, "AT_ONCE", 0)
        assert told(ctx) == [], "a sweep tells a few at a time"
    assert told(ctx) == [f"decision {decision.id[:8]}"]
    assert ctx.lake.read(ctx.ledger.decisions.report(decision.id)).decode() == ctx.tracking.judged[decision.id].report
    assert told(ctx) == []


def told(ctx, now=LONG_AFTER):
    """The decisions that maintenance tells MLflow of."""
    return [name for name in mlflow_projection.make_up(ctx, now).done if name.startswith("decision")]


def test_model_and_version_are_described_by_what_serves(looped):
    """After the promotion the words say which version serves, since when and by which decision."""
    assert "Version 1 of the ledger serves (generation 1)" in looped.tracking.words[0]
    words = looped.tracking.words[1]
    assert "The gate said PROMOTE" in words
    assert re.search(r"Champion of generation 1 since \d{4}-.* UTC and serves now, by decision of gate", words)


def test_every_batch_is_told_once_and_again_when_it_is_watched(looped, monkeypatch):
    """A run a batch, quarantined ones too, with the archived report; told is told, and what is new is told to the same."""
    looped.source.change[MONTHS[3]] = lambda frame: frame.head(50)
    validate(looped, land.land(looped, MONTHS[3]).id)
    monkeypatch.setattr(mlflow_projection, "AT_ONCE", 2)
    assert mlflow_projection.make_up(looped).done == ["2024-01.r1", "2024-02.r1"]
    assert mlflow_projection.make_up(looped).done == ["2024-03.r1", "2024-04.r1"]
    assert mlflow_projection.make_up(looped).done == []
    bad = looped.tracking.batches["2024-04.r1"]
    assert bad.tags["gatehouse.state"] == "quarantined"
    assert "50 rows" in bad.tags["gatehouse.reason"]
    batch = looped.ledger.batches.list("rides")[3]
    assert bad.report == looped.lake.read(batch.report).decode()
    assert validate(looped, land.land(looped, MONTHS[4]).id).state == "accepted"
    assert mlflow_projection.make_up(looped).done == ["2024-05.r1"]
    assert "columns.changed" not in looped.tracking.batches["2024-05.r1"].metrics
    take(looped, MONTHS[4])
    assert mlflow_projection.make_up(looped).done == ["2024-05.r1"]
    assert "columns.changed" in looped.tracking.batches["2024-05.r1"].metrics
    assert looped.tracking.batches["2024-05.r1"].tables["drift.json"].rows


def test_a_review_that_was_answered_is_described_with_the_answer(folder, open_site):
    """Who said no and why stands in the version's description, though nothing else of it changed."""
    gate = folder / "gate.yaml"
    gate.write_text(gate.read_text().replace("no_champion: promote", "no_champion: review"))
    ctx = open_site()
    for key in MONTHS[:3]:
        take(ctx, key)
    (decision,) = ctx.ledger.decisions.list("rides")
    promote.record_review_response(ctx, decision.id, False, "admin", "the airport has not agreed yet")
    assert "The gate said REVIEW" in ctx.tracking.words[1]
    assert "Rejected by admin: the airport has not agreed yet" in ctx.tracking.words[1]
    assert "No version serves" in ctx.tracking.words[0]
