"""Delivery on the wire: Airflow's own hooks against a real mail server and a real web server on this machine."""

from __future__ import annotations

import json
import smtplib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gatehouse.core.config.notify import NotifyConfig, Recipient
from gatehouse.core.notifications.alert import Event, alert_from_event
from gatehouse.core.notifications.alert_types import AlertType, Role
from gatehouse.core.notifications.compose import WHAT, compose
from gatehouse.core.notifications.notification import AlertPhase, Notification
from gatehouse.pipeline.maintenance.notify import error_name
from support.wire import MailServer, WebServer, mail_server, web_server

HOSTILE = (
    "<script>alert(1)</script>\r\nBcc: everyone@evil.example\n.\nQUIT <!channel> <@U123> @channel @everyone "
    "*bold* <https://evil.example|a link> [x](https://evil.example) {{ conn.mail.password }} \u202eabc\x00\ud800 "
    + "x"
    * 100_000
)
MAIL = Recipient(
    name="ada", roles=(Role.ON_CALL,), channel="smtp", connection="mail", to=("ada@example.org", "b@example.org")
)
SLACK = Recipient(name="room", roles=(Role.ON_CALL,), channel="slack", connection="chat")
ANY = Recipient(name="any", roles=(Role.ON_CALL,), channel="apprise", connection="any")


def message(recipient: Recipient, sentence: str = "batch 2013-04.r1: too few rows") -> Notification:
    fact = Event(AlertType.DATA_FAULT, "flights", "2013-04.r1", datetime(2013, 5, 1, 6, tzinfo=UTC), sentence)
    spec = NotifyConfig(airflow_url="https://airflow.example", recipients=(recipient,))
    return compose(spec, recipient, alert_from_event(fact, {}), AlertPhase.OPENED)


@pytest.fixture
def mail(airflow_alone: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    with mail_server() as server:
        extra = {"from_email": "gatehouse@example.org", "disable_ssl": True, "disable_tls": True}
        connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": server.port, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_MAIL", json.dumps(connection))
        yield server


@pytest.fixture
def web(airflow_alone: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    with web_server() as server:
        hook = {"conn_type": "slackwebhook", "host": f"http://{server.address}/hook", "password": "T0/B0/secret-token"}
        monkeypatch.setenv("AIRFLOW_CONN_CHAT", json.dumps(hook))
        extra = {"config": {"path": f"json://{server.address}/any"}}
        monkeypatch.setenv("AIRFLOW_CONN_ANY", json.dumps({"conn_type": "apprise", "extra": extra}))
        yield server


@pytest.fixture
def airflow_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow's settings for an import that touches no database."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("AIRFLOW__CORE__LOAD_EXAMPLES", "False")


def deliver(recipient: Recipient, told: Notification) -> None:
    from gatehouse_airflow.notifiers import AirflowNotifier

    AirflowNotifier().deliver(recipient, told)


def test_a_mail_has_a_plain_and_a_safe_html_part(mail: MailServer) -> None:
    """To all addresses, with what, since, do and the links in both parts, and its own id as Message-ID."""
    told = message(MAIL)
    deliver(MAIL, told)
    (sent,), (to,) = mail.mails, mail.envelopes
    assert to == ["ada@example.org", "b@example.org"]
    assert sent["Subject"] == "[warning] flights: a batch is quarantined"
    assert sent["From"] == "gatehouse@example.org"
    assert sent["Message-ID"] == f"<{told.id[:40]}@gatehouse>"
    assert sent.get_content_type() == "multipart/alternative"
    plain, html = (part.get_content() for part in sent.iter_parts())
    for text in (plain, html):
        for word in (
            "batch 2013-04.r1: too few rows",
            "2013-05-01 06:00 UTC",
            "Ask the source",
            told.link,
            told.runbook,
        ):
            assert word in text
    assert plain.count("\n") == 7


class Tags(HTMLParser):
    """The elements of a mail and where its links lead."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.links = set(), []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name == "href"]


def test_hostile_values_are_harmless_in_a_mail(mail: MailServer) -> None:
    """No header, no second recipient, no element, no link but ours, no template, no control character; 100,000
    characters are cut and counted."""
    told = message(MAIL, HOSTILE)
    deliver(MAIL, replace(told, subject=compose_subject()))
    (sent,), (to,) = mail.mails, mail.envelopes
    assert sent["Bcc"] is None
    assert to == ["ada@example.org", "b@example.org"]
    assert "\n" not in sent["Subject"]
    plain, html = (part.get_content() for part in sent.iter_parts())
    found = Tags(html)
    assert found.tags == {"html", "body", "h3", "table", "tr", "th", "td", "a"}
    assert set(found.links) == {told.link, told.runbook}
    assert "{{ conn.mail.password }}" in plain
    assert "\u202e" not in plain + html
    assert "\x00" not in plain + html
    assert len(plain) < WHAT + 1000
    assert f"({len(HOSTILE):,} characters)" in plain


def compose_subject() -> str:
    """A subject that the words make of a hostile title."""
    from gatehouse.core.notifications.compose import one_line

    return one_line(HOSTILE, 150)


def test_hostile_values_are_harmless_in_slack(web: WebServer) -> None:
    """Plain text only: no mention, no link, no markup; nobody is called together."""
    deliver(SLACK, message(SLACK, HOSTILE))
    ((path, body),) = web.posts
    assert path == "/hook/T0/B0/secret-token"
    kinds = {block["text"]["type"] for block in body["blocks"] if "text" in block}
    assert kinds == {"plain_text"}
    shown = json.dumps(body, ensure_ascii=False)
    for call in ("@channel", "@everyone", "<!channel>", "<@U123>"):
        assert call not in shown
    assert [button["url"] for button in body["blocks"][-1]["elements"]] == [message(SLACK).link, message(SLACK).runbook]
    assert (body["parse"], body["link_names"]) == ("none", False)
    assert all(len(block["text"]["text"]) <= 3000 for block in body["blocks"] if "text" in block)


def test_apprise_delivers_plain_text_that_calls_nobody(web: WebServer) -> None:
    """Any address that Apprise knows; here its JSON post."""
    deliver(ANY, message(ANY, HOSTILE))
    ((path, body),) = web.posts
    assert path == "/any"
    assert body["title"] == "[warning] flights: a batch is quarantined"
    assert body["type"] == "warning"
    assert "Do: Ask the source" in body["message"]
    assert "@everyone" not in body["message"]


def test_a_mail_that_is_not_taken_is_an_error_with_its_code(mail: MailServer) -> None:
    """The server's word is raised after one attempt, not six; only its name and number go on record."""
    mail.refuse = "451 later"
    with pytest.raises(smtplib.SMTPRecipientsRefused) as raised:
        deliver(MAIL, message(MAIL))
    assert error_name(raised.value) == "SMTPRecipientsRefused"
    assert mail.mails == []


@pytest.mark.parametrize("recipient", [SLACK, ANY], ids=lambda each: each.channel)
def test_a_chat_server_that_fails_is_an_error(web: WebServer, recipient: Recipient) -> None:
    """A 500 is never taken for sent, and the name on record carries no token."""
    web.status = 500
    with pytest.raises(Exception, match=r"500|not all took") as raised:
        deliver(recipient, message(recipient))
    assert "secret" not in error_name(raised.value)


def test_a_server_that_is_away_is_an_error(mail: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused connection, and a connection that Airflow does not know, are raised and have names."""
    gone = {
        "conn_type": "smtp",
        "host": "127.0.0.1",
        "port": 1,
        "extra": {"from_email": "g@example.org", "disable_ssl": True},
    }
    monkeypatch.setenv("AIRFLOW_CONN_MAIL", json.dumps(gone))
    with pytest.raises(ConnectionRefusedError):
        deliver(MAIL, message(MAIL))
    monkeypatch.delenv("AIRFLOW_CONN_MAIL")
    with pytest.raises(Exception, match=r"not found|isn't defined"):
        deliver(MAIL, message(MAIL))
