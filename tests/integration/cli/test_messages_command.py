"""The commands `gatehouse notification list` and `gatehouse config show notify` on a real ledger."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from conftest import LedgerDatabase
from gatehouse.cli.notifications import messages, show_config, try_recipient
from gatehouse.errors import ConfigurationError, RecordNotFoundError
from gatehouse.notify_config import notify_spec
from gatehouse.pipeline.maintenance.notify import send_due_notifications
from gatehouse.ports import Ledger
from gatehouse.settings import Settings
from support.fakes import FakeNotifier
from support.story import Story

FILE = """\
airflow_url: https://airflow.example
recipients:
  - {name: on_call, roles: [on-call], channel: slack, connection: pager, max_per_week: 1}
  - {name: engineer, roles: [data engineer], channel: smtp, connection: mail, to: [a@example.org], use_cases: [flights]}
"""


def test_what_was_told_held_back_and_not_delivered_is_listed(
    ledger_database: LedgerDatabase, ledger: Ledger, tmp_path: Path
) -> None:
    """A test goes into the outbox and is sent past the budget; the list says who was told what and why not, `--held` only
    what was not told, `--json` one document; an unknown recipient and a missing file are named failures."""
    environment = {
        "GATEHOUSE_LEDGER_URL": ledger_database.url,
        "GATEHOUSE_NOTIFY_FILE": str(tmp_path / "notify.yaml"),
        "GATEHOUSE_USECASES": str(tmp_path),
    }

    def run(command: object, *arguments: str, **more: str) -> Result:
        return CliRunner().invoke(command, arguments, env=environment | more)

    (tmp_path / "notify.yaml").write_text(FILE)
    listed = run(show_config, "notify").output
    assert "on_call" in listed
    assert "slack by connection pager" in listed
    assert isinstance(run(try_recipient, "nobody").exception, RecordNotFoundError)
    assert isinstance(
        run(show_config, "notify", GATEHOUSE_NOTIFY_FILE="").exception, type(None)
    )  # it lies beside the use cases too
    assert "nobody was told anything yet" in run(messages).output
    story, notifier = Story(ledger), FakeNotifier()
    notifier.away = {"engineer"}
    for key in ("2013-01", "2013-02"):
        story.quarantine(key)
    spec = notify_spec(Settings.from_environment(environment))
    send_due_notifications(ledger, spec, notifier)
    assert "in the outbox" in run(try_recipient, "on_call", "--by", "Ada").output
    send_due_notifications(ledger, spec, notifier)
    assert [each.subject for each in notifier.delivered] == [
        "[warning] flights: a batch is quarantined", "[test] Gatehouse: a test for on_call",
    ]  # fmt: skip
    page = run(messages).output
    assert "the budget of 1 messages in seven days is spent; until 2" in page
    assert "ConnectionRefusedError; again at 2" in page
    held = json.loads(run(messages, "flights", "--held", "--json").stdout)
    stood = sorted((each["recipient"], each["state"]) for each in held)
    assert stood == [("engineer", "failed"), ("engineer", "failed"), ("on_call", "held")]
    (tmp_path / "notify.yaml").unlink()
    assert isinstance(run(show_config, "notify", GATEHOUSE_NOTIFY_FILE="").exception, ConfigurationError)
