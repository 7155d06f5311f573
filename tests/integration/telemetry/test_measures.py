"""The measures tell what the ledger holds, and the files in `ops/` ask for nothing else."""

from __future__ import annotations

import json
import re
import time

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from gatehouse.adapters.ledger.connection import Database
from gatehouse.core.types import Verdict
from gatehouse.ports import Ledger
from gatehouse.settings import ROOT
from gatehouse.telemetry import CATALOGUE, LedgerSnapshot, collect_metrics, exposition, read_facts
from support.story import Story

ASKED = re.compile(r"gatehouse_[a-z_]+")


def scraped(facts: LedgerSnapshot, *readable: str) -> dict[tuple[str, ...], float]:
    """The exposition read back by Prometheus' own parser: (name, use case, other label) -> value."""
    found = collect_metrics(facts, lambda names: names & set(readable) if readable else names)
    families = text_string_to_metric_families(exposition(found).decode())
    return {
        (each.name, *sorted(each.labels.values(), key=lambda value: value != each.labels.get("use_case"))): each.value
        for family in families
        for each in family.samples
    }


def test_the_measures_are_what_the_ledger_holds(ledger: Ledger, ledger_database) -> None:
    """After one loop: batches by state, rows, verdicts, requests, the champion, what waits and what is held."""
    started = time.monotonic()
    story = Story(ledger)
    story.tell()
    now = scraped(read_facts(Database(ledger_database.url)))
    assert now["gatehouse_batches", "flights", "accepted"] == 3
    assert now["gatehouse_batches", "flights", "quarantined"] == now["gatehouse_batches_quarantined", "flights"] == 1
    assert now["gatehouse_rows_total", "flights", "accepted"] == 27
    assert now["gatehouse_rows_total", "flights", "quarantined"] == 3
    assert now["gatehouse_decisions_total", "flights", "PROMOTE"] == 1
    assert now["gatehouse_requests", "flights", "decided"] == 1
    assert now["gatehouse_champion_version", "flights"] == now["gatehouse_champion_changes_total", "flights"] == 1
    assert now["gatehouse_batches_waiting", "flights"] == 1  # 2013-01 was never watched in this story
    assert now["gatehouse_audit_log_entries_total",] == len(ledger.audit_log.entries())
    oldest = time.monotonic() - started + 1
    for age in ("champion_age", "batch_age", "batch_waiting", "batch_quarantined"):
        assert 0 <= now[f"gatehouse_{age}_seconds", "flights"] <= oldest, age
    timed = {key[2] for key in now if key[0] == "gatehouse_stage_seconds"}
    assert timed == {
        "land",
        "gather",
        "fit",
        "choose",
    }  # this story names its other attempts differently from the stages


def test_a_stage_took_from_its_start_to_its_audit_log_entry(ledger: Ledger, ledger_database) -> None:
    """The seconds of the newest run; a repeated task that changed nothing does not count as a run."""
    story, database = Story(ledger), Database(ledger_database.url)
    batch = story.land().id
    lease = ledger.attempts.enter(f"{batch}/validate")
    time.sleep(0.2)
    ledger.batches.accept(lease, batch, story.parts(batch), story.report())
    took = scraped(read_facts(database))["gatehouse_stage_seconds", "flights", "validate"]
    assert 0.2 <= took < 60
    ledger.attempts.enter(f"{batch}/validate")
    assert ("gatehouse_stage_seconds", "flights", "validate") not in scraped(read_facts(database))


def test_a_waiting_review_has_an_age_until_it_is_answered(ledger: Ledger, ledger_database) -> None:
    """A REVIEW is counted while nobody has answered it."""
    story, database = Story(ledger), Database(ledger_database.url)
    decision = story.decide(story.challenger(story.accept("2013-01"), story.accept("2013-02")), Verdict.REVIEW)
    assert scraped(read_facts(database))["gatehouse_reviews_waiting", "flights"] == 1
    ledger.decisions.answer(decision.id, False, "Ada", "not this month, for a reason")
    assert ("gatehouse_reviews_waiting", "flights") not in scraped(read_facts(database))


def test_only_readable_use_cases_are_told(ledger: Ledger, ledger_database) -> None:
    """A user who may not read a use case learns nothing of it from the measures; what has no use case stays."""
    Story(ledger, name="secret").tell()
    Story(ledger, name="open").accept()
    facts = read_facts(Database(ledger_database.url))
    assert {key[1] for key in scraped(facts) if len(key) > 1} == {"secret", "open"}
    assert {key[1] for key in scraped(facts, "open") if len(key) > 1} == {"open"}
    assert ("gatehouse_audit_log_entries_total",) in scraped(facts, "open")


def test_an_empty_ledger_is_scraped(ledger_database) -> None:
    """Before the first batch there is an answer: every measure is described, none has a sample."""
    text = exposition(collect_metrics(read_facts(Database(ledger_database.url)))).decode()
    assert {line.split()[2].removesuffix("_total") for line in text.splitlines() if line.startswith("# HELP")} == {
        each.name.removesuffix("_total") for each in CATALOGUE
    }
    assert [line for line in text.splitlines() if not line.startswith("#")] == []


def test_a_label_cannot_write_lines_of_its_own() -> None:
    """A name from data with quotes and line breaks stays one label's value."""
    hostile = 'x"} 1\ngatehouse_alarms{use_case="forged'
    read = scraped(LedgerSnapshot(watches=[{"use_case": hostile, "alarms": 2, "incidents": []}]))
    assert read["gatehouse_alarms", hostile] == 2
    assert ("gatehouse_alarms", "forged") not in read


@pytest.mark.parametrize("file", ["grafana/gatehouse.json", "prometheus/gatehouse.rules.yml"])
def test_what_the_files_ask_for_exists(file: str) -> None:
    """Every measure that the dashboard or an alert asks for is one of ours, by its label names too."""
    text = (ROOT / "ops" / file).read_text()
    document = json.loads(text) if file.endswith("json") else yaml.safe_load(text)
    names = {each.name for each in CATALOGUE}
    expressions = [
        *(t["expr"] for panel in document.get("panels", ()) for t in panel["targets"]),
        *(rule["expr"] for group in document.get("groups", ()) for rule in group["rules"]),
    ]
    asked = {name for expression in expressions for name in ASKED.findall(expression)}
    assert asked
    assert asked <= names
    assert not file.startswith("grafana") or asked == names, "the dashboard shows every measure"
