"""The page of messages: what was told, what was held back and why, only to who may read it, and harmless."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gatehouse.core.config.notify import NotifyConfig, Recipient
from gatehouse.core.notifications.alert_types import AlertType, Role, Severity
from gatehouse.core.notifications.issues import IssueReport
from gatehouse.pipeline.maintenance.notify import record_issues, send_due_notifications
from support.fakes import FakeNotifier
from support.pages_world import CASE, World, airflow_home, world  # noqa: F401 - fixtures

PAGER = Recipient(
    name="pager", roles=(Role.ON_CALL,), channel="slack", connection="chat", max_per_week=1, min_severity=Severity.INFO
)
ROOM = Recipient(name="room", roles=(Role.DATA_ENGINEER,), channel="smtp", connection="mail", to=("room@example.org",))
SPEC = NotifyConfig(airflow_url="https://airflow.example", recipients=(PAGER, ROOM))


def told(world: World) -> None:
    """Two batches in quarantine: the pager's budget is spent by the first, the room's mail server is away."""
    notifier = FakeNotifier()
    notifier.away = {"room"}
    for key in ("2013-01", "2013-02"):
        world.story.quarantine(key, f"<script>alert('{key}')</script>")
        send_due_notifications(world.story.ledger, SPEC, notifier, datetime.now(UTC) + timedelta(seconds=1))
    record_issues(world.story.ledger, [IssueReport(AlertType.UNHEALTHY, "", "I3", "I3 is broken")], [])
    send_due_notifications(world.story.ledger, SPEC, notifier)


def test_what_was_held_back_is_listed_with_why(world: World) -> None:
    """Sent, held back and not delivered, each with its reason and what follows; the filter leaves what was not told."""
    told(world)
    page = world.client("viewer").get("/gatehouse/notifications").text
    assert "2 notifications sent" in page
    assert "the budget of 1 messages in seven days is spent" in page
    assert "ConnectionRefusedError" in page
    assert "again at" in page
    assert "I3 is broken" in page
    assert f'href="/gatehouse/batches/{CASE}/2013-02.r1"' in page
    only = world.client("viewer").get("/gatehouse/notifications?held=1").text
    assert "✓ sent" not in only
    assert "! held back" in only
    assert "<script>alert" not in page + only


def test_messages_about_a_use_case_are_for_who_may_read_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others see those about the installation only, and count no more."""
    told(world)
    monkeypatch.setattr("gatehouse_ui.routes.pages.readable", lambda user, names: set())
    page = world.client("viewer").get("/gatehouse/notifications").text
    assert "I3 is broken" in page
    assert "quarantined" not in page
    assert "1 notification sent" in page


def test_a_wrong_file_and_no_file_are_said(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Notifications are off: the page says so, with the line; mail addresses of recipients are not shown."""
    from dataclasses import replace

    assert "there is no <code>notify.yaml</code>" in world.client("viewer").get("/gatehouse/notifications").text
    file = tmp_path / "notify.yaml"
    file.write_text(
        "airflow_url: https://airflow.example\nrecipients:\n  - {name: room, roles: [data engineer], channel: smtp, "
        "connection: mail, to: [room@example.org]}\n"
    )
    monkeypatch.setattr(world.desk, "_given", replace(world.desk.settings, notify=file))
    page = world.client("viewer").get("/gatehouse/notifications").text
    assert "smtp, connection mail" in page
    assert "room@example.org" not in page
    file.write_text("airflow_url: https://airflow.example\nrecipients: []\nextra: 1\n")
    assert "notify.yaml:" in world.client("viewer").get("/gatehouse/notifications").text
