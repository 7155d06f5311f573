"""Telling on a real ledger: facts to messages, the outbox, and what becomes of a message that nobody takes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg2
import pytest

from conftest import LedgerDatabase
from gatehouse.adapters.ledger import open_ledger
from gatehouse.core.config.notify import NotifyConfig, QuietHours, Recipient
from gatehouse.core.notifications.alert_types import AlertType, Role, Severity
from gatehouse.core.notifications.issues import IssueReport
from gatehouse.core.notifications.notification import MOST_ATTEMPTS, UNKNOWN_AFTER, AlertPhase, DeliveryState
from gatehouse.core.types import MonitoringReport, PromotionKind, Verdict
from gatehouse.errors import NotAllowedError, StaleAttemptError
from gatehouse.invariants import run
from gatehouse.pipeline.maintenance.notify import (
    DeliverySummary,
    deliver,
    plan_notifications,
    record_issues,
    send_due_notifications,
)
from gatehouse.ports import Ledger
from support.fakes import FakeLake, FakeNotifier
from support.story import Story

ALL = Recipient(name="ada", roles=tuple(Role), channel="slack", connection="chat", min_severity=Severity.INFO)
SPEC = NotifyConfig(airflow_url="https://airflow.example/", recipients=(ALL,))


def now(minutes: float = 0) -> datetime:
    return datetime.now(UTC) + timedelta(minutes=minutes)


def told(
    ledger: Ledger, notifier: FakeNotifier, spec: NotifyConfig = SPEC, minutes: float = 0
) -> list[tuple[AlertType, AlertPhase]]:
    """What one cycle delivers."""
    before = len(notifier.delivered)
    send_due_notifications(ledger, spec, notifier, now(minutes))
    return [(each.kind, each.phase) for each in notifier.delivered[before:]]


def test_a_waiting_review_is_told_once_and_its_answer_once(ledger: Ledger) -> None:
    """From the decision to the message with what, since, do and the link; then who answered and why; then nothing."""
    story, notifier = Story(ledger), FakeNotifier()
    first, second = story.accept("2013-01"), story.accept("2013-02")
    decision = story.decide(story.challenger(first, second), Verdict.REVIEW)
    assert told(ledger, notifier) == [(AlertType.REVIEW, AlertPhase.OPENED)]
    (message,) = notifier.delivered
    assert message.subject == "[warning] flights: a review waits for an answer"
    assert message.what == "version 1: the gate says REVIEW"
    assert message.link == f"https://airflow.example/gatehouse/decisions/{decision.id}"
    assert message.runbook == "https://airflow.example/gatehouse/use-cases/flights/runbook#verdict-review"
    assert message.since == ledger.decisions.made_at(decision.id)
    assert told(ledger, notifier) == []
    ledger.decisions.answer(decision.id, True, "Ada", "seen the slices")
    assert told(ledger, notifier) == [(AlertType.REVIEW, AlertPhase.RESOLVED)]
    assert notifier.delivered[-1].what == "approved by Ada: seen the slices"
    assert told(ledger, notifier) == []


def test_every_kind_of_event_is_told(ledger: Ledger) -> None:
    """Block, quarantine and its end, incident opened and resolved, training failed, rollback by itself, bypass, issue."""
    story, notifier = Story(ledger), FakeNotifier()
    champion = story.tell()  # 2013-04 is in quarantine
    second, third = story.accept("2013-05"), story.accept("2013-06")
    model = story.challenger(second, third)
    blocked = story.decide(model, Verdict.BLOCK, generation=1)
    story.serve(story.override(blocked, expires=now(-1)))
    ledger.audit_log.note("alias.drifted", "flights", "maintenance", {"found": 3, "expected": 2})
    for place in ("first", "second"):
        ledger.audit_log.note("tracking.restored", "flights", "tracking", {"sentence": f"the {place} run was deleted"})
    fourth = story.accept("2013-07")
    incident = {"id": "data fault/distance/2013-07", "kind": "data fault", "columns": ["distance"], "opened": "2013-07",
                "resolved": "", "page": True, "sentence": "distance is in km", "consequences": ["log_loss 0.41"]}  # fmt: skip
    _watched(story, fourth, incident)
    record_issues(ledger, [IssueReport(AlertType.UNHEALTHY, "", "I3", "I3 is broken: rows are lost")], [])
    request = ledger.requests.ask("flights", fourth.interval.end, "Ada", "the model looks old to me")
    story.claim(request)
    ledger.requests.close(story.enter(f"{request.id}/close"), request.id, "failed", "no candidate could be fitted")
    kinds = {
        AlertType.BLOCKED, AlertType.DATA_FAULT, AlertType.BYPASS, AlertType.INCIDENT, AlertType.UNHEALTHY, AlertType.TRAINING_FAILED,
        AlertType.TRACKING,
    }  # fmt: skip
    found = told(ledger, notifier)
    assert set(found) == {(kind, AlertPhase.OPENED) for kind in kinds}
    assert len(found) == len(kinds)
    severity = {each.kind: each.severity for each in notifier.delivered}
    assert severity[AlertType.BYPASS] is severity[AlertType.UNHEALTHY] is Severity.CRITICAL
    words = {each.kind: each.what for each in notifier.delivered}
    assert "pointed at version 3, the ledger's champion is 2" in words[AlertType.BYPASS]
    assert words[AlertType.TRACKING] == "the first run was deleted"
    assert words[AlertType.DATA_FAULT] == "batch 2013-04.r1: too few rows"
    moved = {**incident, "sentence": "distance is in km, by 0.62", "consequences": ["log_loss 0.43"]}
    _watched(story, story.accept("2013-08"), moved)
    assert told(ledger, notifier) == []
    ledger.models.promote(
        "flights", champion.model.version, 2, PromotionKind.EXPIRY, None, "maintenance", "its time is over"
    )
    ledger.batches.discard(ledger.batches.list("flights")[3].id, "Bob", "it will never be right")
    _watched(story, story.accept("2013-09"), {**incident, "resolved": "2013-09"})
    record_issues(ledger, [], [(AlertType.UNHEALTHY, "")])
    assert set(told(ledger, notifier)) == {
        (AlertType.ROLLBACK, AlertPhase.OPENED), (AlertType.DATA_FAULT, AlertPhase.RESOLVED), (AlertType.INCIDENT, AlertPhase.RESOLVED),
        (AlertType.UNHEALTHY, AlertPhase.RESOLVED),
    }  # fmt: skip
    assert told(ledger, notifier) == []


def _watched(story: Story, batch: object, incident: dict) -> None:
    report = MonitoringReport(batch.id, batch.interval.end, {"incidents": [incident]})
    story.ledger.batches.watched(story.enter(f"{batch.id}/watch"), report, {})


def test_a_message_that_nobody_takes_is_tried_again_with_growing_pauses_and_an_end(ledger: Ledger) -> None:
    """Each attempt and the error's name are on record, no text of it, which could carry a password; after the last
    attempt it rests as failed. Nothing is raised."""
    story, notifier = Story(ledger), FakeNotifier()
    notifier.away = {"ada"}
    story.quarantine()
    minutes = 0.0
    for attempt in range(1, MOST_ATTEMPTS + 1):
        done = send_due_notifications(ledger, SPEC, notifier, now(minutes))
        assert done.failed == {"ada": "ConnectionRefusedError"}
        (message,) = ledger.notifications.newest()
        assert (message.state, message.attempt, message.why) == (
            DeliveryState.FAILED,
            attempt,
            "ConnectionRefusedError",
        )
        assert told(ledger, notifier, minutes=minutes) == []
        minutes += 10 * 2 ** (attempt - 1) + 1
    assert message.due is None
    notifier.away = set()
    assert told(ledger, notifier, minutes=minutes * 2) == []
    assert not any("secret" in entry.body for entry in ledger.audit_log.entries())


def test_a_server_that_is_away_costs_others_nothing(ledger: Ledger) -> None:
    """One attempt a cycle for the recipient that is away, whatever waits for it; others have all of theirs."""
    other = ALL.model_copy(update={"name": "bob"})
    spec, notifier = SPEC.model_copy(update={"recipients": (ALL, other)}), FakeNotifier()
    notifier.away = {"ada"}
    story = Story(ledger)
    for key in ("2013-01", "2013-02", "2013-03"):
        story.quarantine(key)
    done = send_due_notifications(ledger, spec, notifier)
    assert (done.sent, {each.recipient for each in notifier.delivered}) == (3, {"bob"})
    assert sorted(each.attempt for each in ledger.notifications.newest() if each.recipient == "ada") == [0, 0, 1]
    notifier.away = set()
    assert len(told(ledger, notifier, spec, 11)) == 3


def test_eight_senders_at_once_send_each_message_once(ledger_database: LedgerDatabase, ledger: Ledger) -> None:
    """Maintenance runs that overlap make and send the same messages one time each."""
    story = Story(ledger)
    for month in range(1, 10):
        story.quarantine(f"2013-0{month}")
    notifiers = [FakeNotifier() for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        list(
            threads.map(
                lambda notifier: send_due_notifications(open_ledger(ledger_database.url), SPEC, notifier), notifiers
            )
        )
    delivered = [message.id for notifier in notifiers for message in notifier.delivered]
    assert len(delivered) == len(set(delivered)) == 9
    findings = {finding.invariant: finding.breaches for finding in run(ledger_database.url, FakeLake(), None)}
    assert findings["I6"] == ()
    assert findings["I7"] == ()


def test_a_sender_that_died_is_taken_over_and_has_nothing_to_say_any_more(ledger: Ledger) -> None:
    """Between the fingerprint and the end a message waits for fifteen minutes; then it is sent again, saying that it may be the
    second time, and the first sender cannot record anything over it."""
    Story(ledger).quarantine()
    ledger.notifications.record(plan_notifications(ledger, SPEC, now()))
    (waiting,) = ledger.notifications.due(now(), 9)
    dead = ledger.notifications.claim(waiting, now())
    assert dead is not None
    assert ledger.notifications.claim(waiting, now()) is None
    notifier, later = FakeNotifier(), now() + UNKNOWN_AFTER + timedelta(minutes=1)
    deliver(ledger, SPEC, notifier, now(), DeliverySummary())
    assert notifier.delivered == []
    deliver(ledger, SPEC, notifier, later, DeliverySummary())
    (again,) = notifier.delivered
    assert again.attempt == 2
    assert "may have arrived" in again.why
    with pytest.raises(StaleAttemptError):
        ledger.notifications.sent(dead)
    (message,) = ledger.notifications.newest()
    assert message.state is DeliveryState.SENT


def test_what_is_held_back_is_listed_with_why(ledger: Ledger) -> None:
    """Quiet hours and budget leave a record each; it is let go later by the same call."""
    begin = now().strftime("%H:%M")
    quiet = QuietHours(start=begin, end=now(120).strftime("%H:%M"), timezone="UTC")
    spec = SPEC.model_copy(update={"recipients": (ALL.model_copy(update={"quiet_hours": quiet}),)})
    notifier = FakeNotifier()
    Story(ledger).quarantine()
    assert told(ledger, notifier, spec) == []
    (held,) = ledger.notifications.newest(waiting=True)
    assert held.state is DeliveryState.HELD
    assert held.why.startswith(f"quiet hours from {begin}")
    assert told(ledger, notifier, spec, 121) == [(AlertType.DATA_FAULT, AlertPhase.OPENED)]
    assert ledger.notifications.newest(waiting=True) == []


def test_the_ledger_itself_refuses_a_wrong_move(ledger_database: LedgerDatabase, ledger: Ledger) -> None:
    """Whoever writes: a message that is pending can be marked as being sent by attempt 1, or dropped, and nothing else."""
    Story(ledger).quarantine()
    ledger.notifications.record(plan_notifications(ledger, SPEC, now()))
    (message,) = ledger.notifications.newest()
    with psycopg2.connect(ledger_database.url, options="-c search_path=gatehouse") as connection:
        cursor = connection.cursor()
        for act, attempt in [("sent", 0), ("sending", 2), ("sending", 0), ("pending", 0), ("failed", 1), ("held", 0)]:
            cursor.execute(
                "INSERT INTO audit_log (kind, subject, actor, body) VALUES (%s, 'x', 'x', '{}') RETURNING seq",
                (f"message.{act}",),
            )
            with pytest.raises(psycopg2.errors.RaiseException, match="cannot make it"):
                cursor.execute(
                    "INSERT INTO notification_events (notification, event, attempt, why, audit_seq) VALUES (%s, %s, %s, '', %s)",
                    (message.id, act, attempt, cursor.fetchone()[0]),
                )
            connection.rollback()


def test_a_issue_opens_changes_and_ends_once(ledger: Ledger) -> None:
    """Found twice it is one; another fingerprint tells it again; who could not look does not end it; a new one is another."""
    notifier = FakeNotifier()
    one = IssueReport(AlertType.LATE_BATCH, "flights", "batches", "batch 2013-03 has not come", "1")
    looked = [(AlertType.LATE_BATCH, "flights")]
    record_issues(ledger, [one], looked)
    record_issues(ledger, [one], looked)
    assert told(ledger, notifier) == [(AlertType.LATE_BATCH, AlertPhase.OPENED)]
    record_issues(
        ledger, [IssueReport(AlertType.LATE_BATCH, "flights", "batches", "2 batches have not come", "2")], looked
    )
    assert told(ledger, notifier) == [(AlertType.LATE_BATCH, AlertPhase.CHANGED)]
    record_issues(ledger, [], [(AlertType.LATE_BATCH, "air_time")])
    assert told(ledger, notifier) == []
    record_issues(ledger, [], looked)
    assert told(ledger, notifier) == [(AlertType.LATE_BATCH, AlertPhase.RESOLVED)]
    record_issues(ledger, [one], looked)
    assert told(ledger, notifier) == [(AlertType.LATE_BATCH, AlertPhase.OPENED)]
    assert len(ledger.notifications.open_issues()) == 1


def test_a_state_of_the_outbox_cannot_be_noted(ledger: Ledger) -> None:
    """An entry that stands for a change is written with its row or not at all."""
    with pytest.raises(NotAllowedError):
        ledger.audit_log.note("notification.sent", "x", "Ada", {})
