"""`notify.yaml`: what it may say, where it is, and one clear error for what it may not."""

from __future__ import annotations

import textwrap
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gatehouse.core.config.notify import NotifyConfig, Recipient
from gatehouse.core.notifications import formats
from gatehouse.core.notifications.alert import Event, alert_from_event
from gatehouse.core.notifications.alert_types import AlertType, Role, Severity
from gatehouse.core.notifications.compose import compose
from gatehouse.core.notifications.notification import AlertPhase
from gatehouse.dev_stack.components import notification_env
from gatehouse.errors import ConfigurationError
from gatehouse.notify_config import notify_spec
from gatehouse.settings import ROOT, Settings

GOOD = """\
airflow_url: https://airflow.example
severity_overrides: {data_fault: critical}
recipients:
  - name: on_call
    roles: [on-call, data engineer]
    channel: smtp
    connection: gatehouse_mail
    to: [on-call@example.org]
    quiet_hours: {start: "22:00", end: "07:00", timezone: Europe/Berlin}
"""


def settings(tmp_path: Path, text: str | None, beside: bool = True) -> Settings:
    if text is not None:
        (tmp_path / "notify.yaml").write_text(text)
    folders = (tmp_path if beside else tmp_path / "elsewhere",)
    return Settings(tmp_path, "", "", "", folders, notify=None if beside else tmp_path / "notify.yaml")


@pytest.mark.parametrize("beside", [True, False])
def test_it_is_read_beside_the_use_cases_or_where_the_environment_says(tmp_path: Path, beside: bool) -> None:
    """Both places give the same, with its defaults; without a file nobody is told, and a path to none is an error."""
    spec = notify_spec(settings(tmp_path, GOOD, beside))
    assert spec is not None
    (person,) = spec.recipients
    assert person.roles == (Role.ON_CALL, Role.DATA_ENGINEER)
    assert (person.min_severity, person.max_per_week, person.send_resolved) == (Severity.WARNING, 50, True)
    assert spec.severity_overrides == {AlertType.DATA_FAULT: Severity.CRITICAL}
    (tmp_path / "notify.yaml").unlink()
    if beside:
        assert notify_spec(settings(tmp_path, None)) is None
    else:
        with pytest.raises(ConfigurationError, match="GATEHOUSE_NOTIFY_FILE: no such file"):
            notify_spec(settings(tmp_path, None, beside=False))


@pytest.mark.parametrize(
    ("wrong", "right", "line", "says"),
    [
        ("airflow:", "airflow_url:", 1, "unknown key `airflow`; allowed: airflow_url, recipients, severity_overrides"),
        ("on-call, data", "oncall, data", 5, "'data engineer', 'data scientist', 'risk owner' or 'on-call'"),
        ("gatehouse_mail", "smtp://me:secret@mail", 7, "belong into that connection, never into this file"),
        ("Europe/Berlin", "Middle/Earth", 9, "not a time zone"),
        ('"22:00"', '"07:00"', 9, "start and end must differ"),
        ("    to: [on-call@example.org]\n", "", 4, "`to` names the mail addresses"),
        ("[on-call@example.org]", '["a@b.org, c@d.org"]', 8, "String should match pattern"),
        ("https://airflow.example", "javascript:alert(1)", 1, "String should match pattern"),
        ("{data_fault: critical}", "{weather: critical}", 2, "'review'"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, wrong: str, right: str, line: int, says: str) -> None:
    """File, line, what was found and what is allowed, and that it is the platform's to change."""
    text = GOOD.replace(right, wrong) if wrong == "airflow:" else GOOD.replace(wrong, right)
    with pytest.raises(ConfigurationError) as raised:
        notify_spec(settings(tmp_path, text))
    assert f"notify.yaml:{line}: " in str(raised.value)
    assert says in str(raised.value)
    assert "to be changed by the platform" in str(raised.value)
    assert "secret" not in str(raised.value)  # an address that should not be there is not repeated in logs and pages


def test_the_local_stack_hears_who_is_told() -> None:
    """The file and Airflow's connections pass from the shell to the stack; nothing else does."""
    mine = {"GATEHOUSE_NOTIFY_FILE": "/etc/notify.yaml", "AIRFLOW_CONN_MAIL": "smtp://mail"}
    assert notification_env({**mine, "AIRFLOW__CORE__FERNET_KEY": "x", "HOME": "/root"}) == mine


def test_the_documented_file_is_good(tmp_path: Path) -> None:
    """The worked example in docs/how-to/notifications.md is read as it stands."""
    document = (ROOT / "docs" / "how-to" / "notifications.md").read_text()
    example = document.partition("```yaml\n")[2].partition("```")[0]
    spec = notify_spec(settings(tmp_path, example))
    assert spec is not None
    assert len(spec.recipients) == 3


def test_the_documented_message_is_what_is_sent() -> None:
    """The message shown in docs/how-to/notifications.md is what the words make of that fact."""
    document = (ROOT / "docs" / "how-to" / "notifications.md").read_text()
    shown = document.partition("<!-- message -->\n")[2].partition("<!-- /message -->")[0]
    person = Recipient(name="flights_data", roles=(Role.DATA_ENGINEER,), channel="slack", connection="chat")
    spec = NotifyConfig(airflow_url="https://airflow.example.org", recipients=(person,))
    sentence = "batch 2013-07.r1: flights: the columns dep_time and sched_dep_time are swapped"
    about = (AlertType.DATA_FAULT, "flight_delays", "2013-07.r1", datetime(2013, 8, 1, 6, 2, tzinfo=UTC), sentence)
    fact = Event(*about, "batches/flight_delays/2013-07.r1")
    made = formats.text(compose(spec, person, alert_from_event(fact, {}), AlertPhase.OPENED))
    assert textwrap.dedent(shown).strip() == made.strip()
