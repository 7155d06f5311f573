"""From a fact of the ledger's to the alert that people are told of: whose it is, how severe, what counts as a change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gatehouse.core.audit.canonical_json import digest
from gatehouse.core.notifications.alert_types import ABOUT, AlertType, Role, Severity


@dataclass(frozen=True)
class Event:
    """Something the ledger holds that may have to be told. `subject` names it within its kind and use case (a decision, a
    batch, an incident); `at` is when it was recorded and `over` when it ended, by the ledger's clock. `use_case` is
    empty for what concerns the installation."""

    kind: AlertType
    use_case: str
    subject: str
    at: datetime
    sentence: str
    page: str = ""
    over: datetime | None = None
    ended: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Alert:
    """What may be told to people. `fingerprint` is what has to differ for it to be told again; numbers that only move are not
    part of it."""

    id: str
    kind: AlertType
    use_case: str
    severity: Severity
    roles: frozenset[Role]
    title: str
    sentence: str
    since: datetime
    over: datetime | None
    ended: str
    fingerprint: str
    do: str
    page: str
    runbook: str

    @property
    def lasts(self) -> bool:
        """Whether it goes on until something ends it."""
        return ABOUT[self.kind].lasts


def alert_from_event(fact: Event, severities: Mapping[AlertType, Severity]) -> Alert:
    """The alert that a fact is; `severities` are the installation's own, which go before ours."""
    about = ABOUT[fact.kind]
    severity, roles, title, runbook = about.severity, about.roles, about.title, about.runbook
    if fact.kind is AlertType.INCIDENT:
        severity, roles, title, runbook = _of_incident(fact)
    severity = _set(fact, severities, severity)
    return Alert(
        id=digest([fact.kind, fact.use_case, fact.subject]),
        kind=fact.kind,
        use_case=fact.use_case,
        severity=severity,
        roles=roles,
        title=title,
        sentence=fact.sentence,
        since=fact.at,
        over=fact.over,
        ended=fact.ended,
        fingerprint=digest([severity, fact.detail.get("fingerprint", "")]),
        do=about.do,
        page=fact.page or (f"use-cases/{fact.use_case}" if fact.use_case else ""),
        runbook=runbook,
    )


def _of_incident(fact: Event) -> tuple[Severity, frozenset[Role], str, str]:
    """An incident that pages nobody is worth knowing, not more; a fault of the data is the data engineer's."""
    kind = str(fact.detail.get("kind", "drift"))
    severity = Severity.WARNING if fact.detail.get("page", True) else Severity.INFO
    whose = Role.DATA_ENGINEER if kind == "data fault" else Role.DATA_SCIENTIST
    return severity, frozenset({whose, Role.ON_CALL}), f"an incident: {kind}", f"Alarm: {kind}"


def _set(fact: Event, severities: Mapping[AlertType, Severity], otherwise: Severity) -> Severity:
    """The installation's word for a kind; an incident that pages nobody stays what it is."""
    quiet = fact.kind is AlertType.INCIDENT and otherwise is Severity.INFO
    return otherwise if quiet else severities.get(fact.kind, otherwise)
