"""Which messages are made, which wait, which are dropped: a pure function of the alerts, what was told before, and now.

One message for a recipient and an alert; again only when the alert's fingerprint differs; one more when it is over, to those
who were told of it. What is not critical waits for the end of the quiet hours, and for room in the week's budget. What
waits and is over, or replaced, by then is dropped with the reason on record. The same call again plans nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gatehouse.core.config.notify import NotifyConfig, Recipient
from gatehouse.core.notifications.alert import Alert
from gatehouse.core.notifications.alert_types import AlertType, Severity
from gatehouse.core.notifications.compose import compose
from gatehouse.core.notifications.notification import AlertPhase, DeliveryState, Notification
from gatehouse.core.notifications.quiet_hours import quiet_until

WEEK = timedelta(days=7)
LAST = "This is the last of {} messages within seven days: what is not critical is held back and listed on the page Messages."
FRESH = timedelta(days=3)  # what has no end and is older is no news: a new recipient is not told the past


@dataclass(frozen=True)
class NotificationPlan:
    """`made` are new messages in their first state; `moved` are known ones in the state they go to, with why."""

    made: tuple[Notification, ...] = ()
    moved: tuple[Notification, ...] = ()


def plan(
    spec: NotifyConfig,
    alerts: Sequence[Alert],
    known: Sequence[Notification],
    spent: Mapping[str, Sequence[datetime]],
    now: datetime,
) -> NotificationPlan:
    """What is to be done now. `known` are the messages about these alerts and all that wait; `spent` are, by recipient,
    the moments of the last seven days at which messages that count against the budget were let go."""
    made: list[Notification] = []
    moved: list[Notification] = []
    for recipient in spec.recipients:
        mine = [each for each in known if each.recipient == recipient.name]
        wanted, dropped = _wanted(spec, recipient, alerts, mine, now)
        gone = {each.id for each in dropped}
        waiting = [each for each in mine if each.state is DeliveryState.HELD and each.id not in gone]
        let_go = _let_go(recipient, [*waiting, *wanted], spent.get(recipient.name, ()), now)
        made += [each for each in let_go if each.made is None]
        old = {each.id: each for each in mine}
        moved += [*dropped, *(each for each in let_go if each.made is not None and _differs(each, old[each.id]))]
    names = {each.name for each in spec.recipients}
    moved += [
        _drop(each, "the recipient is no longer in notify.yaml")
        for each in known
        if each.waits and each.recipient not in names
    ]
    return NotificationPlan(tuple(made), tuple(moved))


def wants(recipient: Recipient, alert: Alert) -> bool:
    """Whether an alert is this recipient's, by role, use case and severity."""
    theirs = not alert.use_case or not recipient.use_cases or alert.use_case in recipient.use_cases
    return theirs and bool(alert.roles & set(recipient.roles)) and alert.severity.rank >= recipient.min_severity.rank


def _wanted(
    spec: NotifyConfig, recipient: Recipient, alerts: Sequence[Alert], mine: Sequence[Notification], now: datetime
) -> tuple[list[Notification], list[Notification]]:
    """The new messages that the alerts ask for, and those waiting that they make void."""
    wanted: list[Notification] = []
    dropped: list[Notification] = []
    seen = set()
    for alert in alerts:
        seen.add(alert.id)
        about = [each for each in mine if each.alert == alert.id]
        message = _message(spec, recipient, alert, about, now)
        wanted += [message] if message is not None else []
        dropped += _void(alert, about, message, now)
    lost = [each for each in mine if each.waits and each.alert not in seen and each.kind is not AlertType.TEST]
    return wanted, [*dropped, *(_drop(each, "it is no news any more") for each in lost)]


def _message(
    spec: NotifyConfig, recipient: Recipient, alert: Alert, about: Sequence[Notification], now: datetime
) -> Notification | None:
    """The message that an alert asks for now, if it is not on record already."""
    before = [each for each in about if each.told]
    if alert.over is not None:
        told = any(each.phase is not AlertPhase.RESOLVED for each in before)
        phase = AlertPhase.RESOLVED if told and recipient.send_resolved else None
    elif not wants(recipient, alert) or (not alert.lasts and alert.since < now - FRESH):
        phase = None
    else:
        phase = AlertPhase.CHANGED if before else AlertPhase.OPENED
    message = compose(spec, recipient, alert, phase) if phase is not None else None
    return None if message is None or any(each.id == message.id for each in about) else message


def _void(
    alert: Alert, about: Sequence[Notification], message: Notification | None, now: datetime
) -> list[Notification]:
    """The waiting messages that the alert has overtaken."""
    waiting = [each for each in about if each.waits]
    if alert.over is not None:
        return [
            _drop(each, "it was over before it was told") for each in waiting if each.phase is not AlertPhase.RESOLVED
        ]
    if message is not None:
        return [_drop(each, "a newer message says more") for each in waiting]
    stale = not alert.lasts and alert.since < now - WEEK
    return [_drop(each, "it is no news any more") for each in waiting if stale]


def _let_go(
    recipient: Recipient, candidates: Iterable[Notification], spent: Sequence[datetime], now: datetime
) -> list[Notification]:
    """Each candidate as pending, or held with why and until when. The most severe go first, then what came first."""
    recent = sorted(moment for moment in spent if moment > now - WEEK)
    quiet = quiet_until(recipient.quiet_hours, now)
    decided = []
    for each in sorted(candidates, key=lambda one: (-one.severity.rank, one.made or now, one.since, one.id)):
        if each.severity is Severity.CRITICAL:
            decided.append(replace(each, state=DeliveryState.PENDING, why="", due=None))
        elif quiet is not None and recipient.quiet_hours is not None:
            hours = recipient.quiet_hours
            why = f"quiet hours from {hours.start} to {hours.end} {hours.timezone}"
            decided.append(replace(each, state=DeliveryState.HELD, why=why, due=quiet))
        elif len(recent) >= recipient.max_per_week:
            why = f"the budget of {recipient.max_per_week} messages in seven days is spent"
            decided.append(replace(each, state=DeliveryState.HELD, why=why, due=recent[-recipient.max_per_week] + WEEK))
        else:
            recent.append(now)
            last = len(recent) == recipient.max_per_week and each.made is None
            do = f"{each.do} {LAST.format(recipient.max_per_week)}".strip() if last else each.do
            decided.append(replace(each, state=DeliveryState.PENDING, why="", due=None, do=do))
    return decided


def _drop(message: Notification, why: str) -> Notification:
    return replace(message, state=DeliveryState.DROPPED, why=why, due=None)


def _differs(now: Notification, before: Notification) -> bool:
    """Whether a waiting message is let go, or waits for another reason; a due that only moves is not told again."""
    return (now.state, now.why) != (before.state, before.why)
