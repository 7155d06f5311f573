"""Each invariant broken by hand, in the database or in the lake: `gatehouse audit verify` must name it, and no other."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import psycopg2
import pytest

from conftest import LedgerDatabase
from gatehouse.adapters.ledger.connection import Database
from gatehouse.adapters.ledger.transaction import LedgerTransaction
from gatehouse.core.types import Champion, ModelVersion, Prediction, Verdict
from gatehouse.invariants import run
from gatehouse.ports import Ledger
from support.fakes import FakeLake, FakeTracking
from support.story import DRIFT, Story


@dataclass
class Saboteur:
    """Someone with the superuser's password and access to the lake, and the story so far."""

    url: str
    story: Story
    tracking: FakeTracking
    champion: Champion

    @property
    def files(self) -> dict[str, bytes]:
        """The files of the lake."""
        assert isinstance(self.story.lake, FakeLake)
        return self.story.lake.files

    def sql(self, statement: str, *values: object) -> None:
        """A statement that no trigger and no foreign key looks at."""
        with psycopg2.connect(self.url) as connection, connection.cursor() as cursor:
            cursor.execute("SET search_path = gatehouse; SET session_replication_role = replica")
            cursor.execute(statement, values)

    def forge(self, table: str, kind: str, row: dict[str, Any], token: int | None = None) -> None:
        """A row with a proper audit log entry, past every trigger but the audit log's."""
        with Database(self.url).transaction() as rows:
            change = LedgerTransaction(rows, "somebody", token)
            entry = change.append(kind, "flights", row)
            rows.run("SET LOCAL session_replication_role = replica")
            change.insert(table, {**row, "audit_seq": entry})

    def damage(self, path: str) -> None:
        self.files[path] = b"not what was stored"

    def challenger(self) -> ModelVersion:
        batches = [batch for batch in self.story.ledger.batches.list("flights") if batch.state == "accepted"]
        unwatched = self.story.accept("2013-05")
        return self.story.challenger(batches[0], batches[1], unwatched.id)


Break = Callable[[Saboteur], None]
BREAKS: list[Any] = []


def breaks(invariant: str) -> Callable[[Break], Break]:
    """Register an act of sabotage against an invariant."""

    def register(act: Break) -> Break:
        BREAKS.append(pytest.param(invariant, act, id=f"{invariant}{act.__name__}"))
        return act

    return register


@breaks("I1")
def _champion_without_its_promotion(by: Saboteur) -> None:
    by.sql("UPDATE current_champions SET generation = generation + 1")


@breaks("I1")
def _an_generation_left_out(by: Saboteur) -> None:
    model = by.challenger()
    decision = by.story.decide(model, generation=2)
    act = {"kind": "decision", "decision": decision.id, "actor": "gate", "reason": "looks fine"}
    by.forge(
        "champion_changes",
        "champion.changed",
        {"use_case": "flights", "generation": 3, "version": model.version, **act},
    )
    by.sql("UPDATE current_champions SET generation = 3, version = 2")
    by.tracking.mirror("flights", 2, None)


@breaks("I2")
def _a_blocked_version_in_production(by: Saboteur) -> None:
    model = by.challenger()
    decision = by.story.decide(model, Verdict.BLOCK, generation=1)
    act = {"kind": "decision", "decision": decision.id, "actor": "gate", "reason": "looks fine"}
    by.forge(
        "champion_changes",
        "champion.changed",
        {"use_case": "flights", "generation": 2, "version": model.version, **act},
    )
    by.sql("UPDATE current_champions SET generation = 2, version = %s", model.version)
    by.tracking.mirror("flights", model.version, None)


@breaks("I2")
def _an_unanswered_review_in_production(by: Saboteur) -> None:
    model = by.challenger()
    decision = by.story.decide(model, Verdict.REVIEW, generation=1)
    act = {"kind": "approval", "decision": decision.id, "actor": "Ada", "reason": "looks fine"}
    by.forge(
        "champion_changes",
        "champion.changed",
        {"use_case": "flights", "generation": 2, "version": model.version, **act},
    )
    by.sql("UPDATE current_champions SET generation = 2, version = %s", model.version)
    by.tracking.mirror("flights", model.version, None)


@breaks("I2")
def _evidence_thrown_away(by: Saboteur) -> None:
    (decision,) = by.story.ledger.decisions.list("flights")
    evidence, _ = by.story.ledger.decisions.archive(decision.id)
    del by.files[evidence.path]


@breaks("I2")
def _held_out_rows_thrown_away(by: Saboteur) -> None:
    (decision,) = by.story.ledger.decisions.list("flights")
    evidence, _ = by.story.ledger.decisions.archive(decision.id)
    del by.files[json.loads(by.story.lake.read(evidence))["holdout_file"]["path"]]


@breaks("I3")
def _accepted_rows_swapped(by: Saboteur) -> None:
    by.sql("UPDATE batch_table_results SET accepted = quarantined WHERE key = '2013-01'")


@breaks("I3")
def _accepted_rows_forgotten(by: Saboteur) -> None:
    by.sql("DELETE FROM batch_table_results WHERE key = '2013-01'")


@breaks("I3")
def _accepted_file_damaged(by: Saboteur) -> None:
    part = by.story.ledger.batches.list("flights")[0].tables["rides"]
    assert part.accepted is not None
    by.damage(part.accepted.path)


@breaks("I4")
def _the_same_outcomes_twice(by: Saboteur) -> None:
    (outcomes,) = by.story.ledger.batches.outcomes("flights", datetime(2014, 1, 1, tzinfo=UTC)).values()
    row = {"use_case": "flights", "key": "2013-01", "revision": 2, "batch_revision": 1}
    more = {"arrived": outcomes.arrived.isoformat(), "file": vars(outcomes.file), "report": None}
    by.forge("outcomes", "outcomes.arrived", {**row, **more})


@breaks("I4")
def _the_same_content_as_a_new_revision(by: Saboteur) -> None:
    batch = by.story.ledger.batches.list("flights")[0]
    by.sql("ALTER TABLE batches DROP CONSTRAINT same_content_is_the_same_revision")
    times = {"starts": batch.interval.start.isoformat(), "ends": batch.interval.end.isoformat()}
    row = {"use_case": "flights", "key": batch.id.key, "revision": 2, "content": batch.content, **times}
    by.forge("batches", "batch.landed", row)
    by.sql(
        "INSERT INTO batch_tables SELECT use_case, key, 2, name, source FROM batch_tables WHERE key = %s", batch.id.key
    )


@breaks("I5")
def _model_bytes_exchanged(by: Saboteur) -> None:
    by.damage(by.champion.model.file.path)


@breaks("I5")
def _one_prediction_by_another_generation(by: Saboteur) -> None:
    batch = by.story.accept("2013-06").id
    model = by.champion.model
    rows = {
        "key": ["a", "b"],
        "score": [0.1, 0.2],
        "version": [1, 1],
        "sha256": [model.file.sha256] * 2,
        "generation": [1, 2],
    }
    file = by.story.lake.put_frame(pd.DataFrame(rows), "predictions")
    lease = by.story.enter(f"{batch}/score")
    by.story.ledger.batches.scored(lease, Prediction(batch, 1, model.file.sha256, 1, file))


@breaks("I6")
def _an_entry_rewritten(by: Saboteur) -> None:
    by.sql("UPDATE audit_log SET body = replace(body, 'too few rows', 'nothing') WHERE kind = 'batch.quarantined'")
    by.sql("UPDATE batch_events SET reason = 'nothing' WHERE event = 'quarantined'")


@breaks("I6")
def _an_entry_removed(by: Saboteur) -> None:
    by.story.ledger.audit_log.note("note.made", "flights", "Ada", {})
    by.story.ledger.audit_log.note("note.made", "flights", "Ada", {"number": 2})
    by.sql("DELETE FROM audit_log WHERE kind = 'note.made' AND body = '{}'")


@breaks("I6")
def _a_change_without_an_entry(by: Saboteur) -> None:
    by.sql("UPDATE monitoring_reports SET audit_seq = 1000 WHERE key = '2013-03'")


@breaks("I6")
def _an_entry_without_a_change(by: Saboteur) -> None:
    with Database(by.url).transaction() as rows:
        LedgerTransaction(rows, "somebody", None).append("champion.changed", "flights", {"version": 7})


@breaks("I6")
def _a_row_that_says_something_else(by: Saboteur) -> None:
    by.sql("UPDATE decisions SET sentence = 'all is well'")


@breaks("I6")
def _another_file_under_a_recorded_path(by: Saboteur) -> None:
    by.sql("UPDATE files SET size = 1 WHERE path LIKE 'reports/%%'")


@breaks("I7")
def _a_commit_after_a_newer_one(by: Saboteur) -> None:
    lease = by.story.enter("2013-01/land")
    with Database(by.url).transaction() as rows:
        LedgerTransaction(rows, lease.work, lease.token).append("note.made", "flights", {})
        LedgerTransaction(rows, lease.work, lease.token - 1).append("note.made", "flights", {})


@breaks("I7")
def _a_commit_by_nobody(by: Saboteur) -> None:
    by.sql("DELETE FROM task_attempts WHERE task_key LIKE '%%/score'")


@breaks("I8")
def _a_request_set_back(by: Saboteur) -> None:
    by.sql("UPDATE retrain_requests SET state = 'open'")


@breaks("I8")
def _two_ends_of_one_request(by: Saboteur) -> None:
    by.sql("DROP INDEX request_ends_once")
    request = by.champion.model.request
    row = {"request": request, "event": "failed", "actor": "Ada", "reasons": [], "sentence": "no"}
    by.forge("request_events", "request.failed", row)


@breaks("I8")
def _accepted_out_of_quarantine(by: Saboteur) -> None:
    batch = next(batch for batch in by.story.ledger.batches.list("flights") if batch.state == "quarantined").id
    by.sql("DROP INDEX batch_validated_once")
    row = {**vars(batch), "event": "accepted", "actor": "Ada", "reason": "", "content": "", "report": None}
    by.forge("batch_events", "batch.accepted", row)
    for name, (accepted, quarantined) in by.story.parts(batch).items():
        with Database(by.url).transaction() as rows:
            part = {**vars(batch), "name": name, "accepted": accepted, "quarantined": quarantined}
            LedgerTransaction(rows, "Ada", None).insert("batch_table_results", part)


@breaks("I9")
def _training_on_a_quarantined_batch(by: Saboteur) -> None:
    by.sql("UPDATE training_set_batches SET key = '2013-04' WHERE part = 'holdout'")


@breaks("I9")
def _a_held_out_row_trained_on(by: Saboteur) -> None:
    story = by.story
    request = story.watch(story.accept("2013-05").id, DRIFT)
    assert request is not None
    batch = story.ledger.batches.list("flights")[0]
    story.gather(request, batch, batch)


@breaks("I9")
def _rows_of_a_batch_not_on_record(by: Saboteur) -> None:
    by.sql("UPDATE training_set_batches SET key = '2013-03' WHERE part = 'training'")


@breaks("I9")
def _the_training_file_damaged(by: Saboteur) -> None:
    by.damage(by.story.ledger.requests.training_set(by.champion.model.request).training.path)


@breaks("I10")
def _an_alias_moved_by_hand(by: Saboteur) -> None:
    by.tracking.aliases["flights", "champion"] = 99


@breaks("I10")
def _an_alias_removed(by: Saboteur) -> None:
    by.tracking.aliases.clear()


@pytest.mark.parametrize(("invariant", "act"), BREAKS)
def test_verify_names_exactly_the_broken_invariant(
    ledger_database: LedgerDatabase, ledger: Ledger, invariant: str, act: Break
) -> None:
    """After the whole loop every invariant holds; after one act of sabotage exactly that one is broken."""
    story, tracking = Story(ledger), FakeTracking()
    champion = story.tell()
    tracking.mirror(story.name, champion.model.version, None)
    act(Saboteur(ledger_database.superuser_url, story, tracking, champion))
    findings = run(ledger_database.url, story.lake, tracking)
    assert {finding.invariant: finding.breaches for finding in findings if not finding.ok}.keys() == {invariant}, (
        findings
    )


def test_every_invariant_has_been_broken() -> None:
    """No invariant is claimed to be checked without an act of sabotage that shows it."""
    assert {param.values[0] for param in BREAKS} == {f"I{number}" for number in range(1, 11)}
