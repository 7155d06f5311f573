"""The words of a message: what, since when, what to do, and where; values from data are made harmless here."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from gatehouse.core.audit.canonical_json import digest
from gatehouse.core.notifications.notification import AlertPhase, Notification

if TYPE_CHECKING:
    from gatehouse.core.config.notify import NotifyConfig, Recipient
    from gatehouse.core.notifications.alert import Alert

SUBJECT, WHAT = 150, 1500  # characters
STACK = "the installation"


def compose(spec: NotifyConfig, recipient: Recipient, alert: Alert, phase: AlertPhase) -> Notification:
    """The message to a recipient about an alert as it stands."""
    whose = alert.use_case or STACK
    over = phase is AlertPhase.RESOLVED
    lead = {AlertPhase.OPENED: "", AlertPhase.CHANGED: "changed: ", AlertPhase.RESOLVED: "over: "}[phase]
    what = one_line(alert.ended or "It is over.", WHAT) if over else one_line(alert.sentence, WHAT)
    pages = f"{spec.airflow_url.rstrip('/')}/gatehouse/"
    runbook = f"{pages}use-cases/{alert.use_case}/runbook#{anchor(alert.runbook)}"
    return Notification(
        id=digest(["message", recipient.name, alert.id, "over" if over else alert.fingerprint]),
        recipient=recipient.name,
        use_case=alert.use_case,
        alert=alert.id,
        kind=alert.kind,
        severity=alert.severity,
        phase=phase,
        fingerprint=alert.fingerprint,
        subject=one_line(f"[{alert.severity}] {whose}: {lead}{alert.title}", SUBJECT),
        what=what,
        since=alert.since,
        do="" if over else alert.do,
        link=f"{pages}{alert.page}",
        runbook=runbook if alert.use_case and alert.runbook and not over else "",
    )


def one_line(text: str, most: int) -> str:
    """A text from data as one line of at most `most` characters: no control characters, no line breaks, nothing that
    turns the direction of writing or hides; a text that is cut says how long it was."""
    line = " ".join("".join(_shown(char) for char in text[: most * 4]).split())
    if len(line) <= most and len(text) <= most * 4:
        return line
    tail = f"… ({len(text):,} characters)"
    return f"{line[: most - len(tail)]}{tail}"


def anchor(heading: str) -> str:
    """The anchor of a heading on the runbook's page."""
    words = "".join(char if char.isascii() and char.isalnum() else " " for char in heading.lower())
    return "-".join(words.split())


def _shown(char: str) -> str:
    category = unicodedata.category(char)
    return " " if category in ("Cc", "Zl", "Zp", "Zs") else "\N{REPLACEMENT CHARACTER}" if category[0] == "C" else char
