"""What maintenance finds that lasts: batches that have not come, and overrides that outlive their time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gatehouse.core.config.notify import NotifyConfig, Recipient
from gatehouse.core.notifications.alert_types import AlertType, Role, Severity
from gatehouse.core.notifications.notification import AlertPhase
from gatehouse.pipeline.maintenance.notify import late_batches, send_due_notifications
from gatehouse.pipeline.manual import override
from gatehouse_airflow import notification_tasks
from support.fakes import FakeNotifier
from support.rides import ctx, folder, open_site, take, train  # noqa: F401 - three of them are fixtures

ALL = Recipient(name="ada", roles=tuple(Role), channel="slack", connection="chat", min_severity=Severity.INFO)
SPEC = NotifyConfig(airflow_url="https://airflow.example/", recipients=(ALL,))
LATE_FROM = datetime(2024, 4, 7, tzinfo=UTC)  # six days after the end of March


@pytest.fixture
def rewritten(folder, open_site, monkeypatch):
    """The use case after edits of its files, as maintenance's last task opens it."""

    def made(edits):
        for file, old, new in edits:
            text = (folder / file).read_text()
            assert old in text
            (folder / file).write_text(text.replace(old, new, 1))
        found = open_site()
        monkeypatch.setattr("gatehouse.bootstrap.open_context", lambda _: found)
        return found

    return made


def told(ctx, notifier):
    """What one cycle of maintenance says of what lasts."""
    before = len(notifier.delivered)
    notification_tasks._note_lasting("rides", "the folder")
    send_due_notifications(ctx.ledger, SPEC, notifier)
    return [(each.kind, each.phase) for each in lasting(notifier, before)]


def lasting(notifier, before=0):
    """The messages about what lasts, among everything that was delivered."""
    return [each for each in notifier.delivered[before:] if each.kind in LASTING]


LASTING = (AlertType.LATE_BATCH, AlertType.EXPIRED_OVERRIDE)


def test_a_batch_that_has_not_come_is_told_until_it_comes(rewritten):
    """Late from six days after the end of its interval on, by the contract; told once, and once more when it is there. A
    contract that says nothing waits for nothing."""
    assert late_batches(rewritten([])) == []
    ctx = rewritten(
        [("contract.yaml", "first_batch: 2024-01", "first_batch: 2024-01\nlast_batch: 2024-03\nlate_after: 6 days")]
    )
    notifier = FakeNotifier()
    for key in ("2024-01", "2024-02"):
        take(ctx, key)
    assert late_batches(ctx, LATE_FROM - timedelta(seconds=1)) == []
    (found,) = late_batches(ctx, LATE_FROM)
    assert (found.kind, found.use_case, found.fingerprint) == (AlertType.LATE_BATCH, "rides", "1")
    assert found.sentence == "batch 2024-03 has not come; it is late since 2024-04-07 00:00 UTC"
    assert told(ctx, notifier) == [(AlertType.LATE_BATCH, AlertPhase.OPENED)]
    assert lasting(notifier)[-1].what == found.sentence
    assert told(ctx, notifier) == []
    take(ctx, "2024-03")
    assert told(ctx, notifier) == [(AlertType.LATE_BATCH, AlertPhase.RESOLVED)]


def test_a_use_case_that_raises_keeps_no_other_from_being_looked_at(rewritten, monkeypatch):
    """Whatever one use case raises, and be it no error of ours, the next one's late batches are told."""
    ctx = rewritten(
        [("contract.yaml", "first_batch: 2024-01", "first_batch: 2024-01\nlast_batch: 2024-03\nlate_after: 6 days")]
    )

    def opened(folder):
        if folder == "broken":
            raise KeyError("an error of the use case's own code")
        return ctx

    monkeypatch.setattr("gatehouse.bootstrap.open_context", opened)
    notification_tasks._note_lasting("broken", "broken")
    assert told(ctx, FakeNotifier()) == [(AlertType.LATE_BATCH, AlertPhase.OPENED)]


def test_an_override_that_cannot_be_ended_is_told_until_something_else_serves(rewritten, monkeypatch):
    """No decision ever promoted a version to go back to. Told once, to the risk owner and who is on call, with the entry of
    the runbook; over when the gate has promoted another."""
    monkeypatch.setattr(override, "CYCLE", timedelta(0))
    lapsed = "override: {expires_after: 0 hours}\nno_champion: block"
    ctx, notifier = rewritten([("gate.yaml", "no_champion: promote", lapsed)]), FakeNotifier()
    for month in range(1, 5):
        take(ctx, f"2024-{month:02}")
    decision = ctx.ledger.decisions.list("rides")[0].id
    override.override(ctx, decision, "admin", "the airport asked for it today")
    assert "decide" in override.end_expired(ctx)
    assert told(ctx, notifier) == [(AlertType.EXPIRED_OVERRIDE, AlertPhase.OPENED)]
    message = lasting(notifier)[-1]
    assert "version 1 still serves, as no decision ever promoted another one" in message.what
    assert message.runbook.endswith("/runbook#an-override-cannot-be-ended")
    assert told(ctx, notifier) == []
    newest = ctx.ledger.batches.list("rides")[-1].interval.end
    asked = ctx.ledger.requests.ask("rides", newest, "ann", "to have one that the gate lets through")
    train(ctx, asked.id)
    assert told(ctx, notifier) == [(AlertType.EXPIRED_OVERRIDE, AlertPhase.RESOLVED)]
