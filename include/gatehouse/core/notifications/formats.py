"""A message as each kind of server takes it. Values from data were made one line each when the message was composed;
here they are escaped for the format, and can neither mark up, nor link, nor call a channel together."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from gatehouse.core.notifications.notification import AlertPhase, Notification

_MENTION = re.compile(r"@(?=\w)|(?<=<)!")
HEADER, SECTION = 150, 3000  # characters that Slack takes in a header and in a section
AGAIN = "The attempt before this one has no end on record, so you may have this message twice."


def rows(message: Notification) -> list[tuple[str, str]]:
    """The parts of a message: what, since when, what to do, and where; a heading with a text each."""
    since = f"{message.since:%Y-%m-%d %H:%M} UTC"
    told = [("What", message.what), ("Since", since), ("Do", message.do), ("Page", message.link)]
    told.append(("Runbook", message.runbook))
    told.append(("Note", AGAIN if message.why and message.attempt > 1 else ""))
    return [(heading, text) for heading, text in told if text]


def text(message: Notification) -> str:
    """Plain text, for the part of a mail that every reader shows."""
    return "\n".join([message.subject, "", *(f"{heading + ':':9}{value}" for heading, value in rows(message)), ""])


def html(message: Notification) -> str:
    """HTML for mail: no style, no image, no script; the only links are our own two."""
    lines = [
        f"<tr><th align='left' valign='top'>{heading}</th><td>{_linked(heading, value)}</td></tr>"
        for heading, value in rows(message)
    ]
    return f"<html><body><h3>{escape(message.subject)}</h3><table>{''.join(lines)}</table></body></html>"


def chat(message: Notification) -> str:
    """Plain text for chat servers, in which nobody is called by a name or a channel from data."""
    return "\n".join(f"{heading}: {escape_mentions(value)}" for heading, value in rows(message))


def slack(message: Notification) -> dict[str, Any]:
    """Slack's body: blocks of plain text, in which nothing is markup; links are buttons."""
    told = "\n".join(f"{heading}: {value}" for heading, value in rows(message) if heading not in ("Page", "Runbook"))
    links = [("Open the page", message.link), ("Runbook", message.runbook)]
    buttons = [
        {"type": "button", "text": {"type": "plain_text", "text": name}, "url": address}
        for name, address in links
        if address
    ]
    return {
        "text": escape_mentions(escape(message.subject, quote=False)),
        "blocks": [
            {
                "type": "header",
                "text": {"type": "plain_text", "text": escape_mentions(message.subject)[:HEADER], "emoji": False},
            },
            {
                "type": "section",
                "text": {"type": "plain_text", "text": escape_mentions(told)[:SECTION], "emoji": False},
            },
            {"type": "actions", "elements": buttons},
        ],
        "parse": "none",
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def severity_style(message: Notification) -> str:
    """Apprise's word for how a message looks: info, success, warning or failure."""
    if message.phase is AlertPhase.RESOLVED:
        return "success"
    return {"info": "info", "warning": "warning", "critical": "failure"}[message.severity]


def escape_mentions(value: str) -> str:
    """A text in which `@channel`, `@everyone` and `<!here>` call nobody: an invisible joiner follows the sign."""
    return _MENTION.sub(lambda found: found.group() + "\N{WORD JOINER}", value)


def _linked(heading: str, value: str) -> str:
    """Our own addresses as links; they were built from the configured address, never from data."""
    shown = escape(value)
    return f"<a href='{shown}'>{shown}</a>" if heading in ("Page", "Runbook") else shown
