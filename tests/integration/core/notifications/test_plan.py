"""Who is told what, when, and what is held back: over any history of alerts, for any recipients."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatehouse.core.config.notify import NotifyConfig, QuietHours, Recipient
from gatehouse.core.notifications.alert import Alert, Event, alert_from_event
from gatehouse.core.notifications.alert_types import AlertType, Role, Severity
from gatehouse.core.notifications.notification import (
    MOST_ATTEMPTS,
    AlertPhase,
    DeliveryState,
    Notification,
    retry_at,
)
from gatehouse.core.notifications.planner import FRESH, WEEK, NotificationPlan, plan
from gatehouse.core.notifications.quiet_hours import quiet_until

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday
NIGHT = QuietHours(start="22:00", end="07:00", timezone="UTC")
CYCLE = timedelta(minutes=10)


def recipient(name: str = "ada", **more: object) -> Recipient:
    known = {"roles": tuple(Role), "channel": "slack", "connection": "chat", "min_severity": Severity.INFO}
    return Recipient(name=name, **{**known, **more})


def spec_of(*recipients: Recipient) -> NotifyConfig:
    return NotifyConfig(airflow_url="https://airflow.example", recipients=recipients)


def alert(kind: AlertType = AlertType.DATA_FAULT, subject: str = "2026-01.r1", **more: object) -> Alert:
    known = {"use_case": "flights", "at": NOON, "sentence": "too few rows"}
    return alert_from_event(Event(**{"kind": kind, "subject": subject, **known, **more}), {})


class Ledger:
    """What the adapter does with plans, in memory: the messages as they stand, and when those that count were let go."""

    def __init__(self, spec: NotifyConfig) -> None:
        self.spec, self.messages, self.let_go = spec, {}, []

    def cycle(self, alerts: list[Alert], now: datetime) -> NotificationPlan:
        spent: dict[str, list[datetime]] = {}
        for message, at in self.let_go:
            if message.severity is not Severity.CRITICAL:
                spent.setdefault(message.recipient, []).append(at)
        made = plan(self.spec, alerts, list(self.messages.values()), spent, now)
        for message in made.made:
            assert message.id not in self.messages
            self.keep(replace(message, made=now, acted=now), now)
        for message in made.moved:
            assert self.messages[message.id].waits
            self.keep(replace(message, acted=now), now)
        return made

    def keep(self, message: Notification, now: datetime) -> None:
        if message.state is DeliveryState.PENDING:
            self.let_go.append((message, now))
            message = replace(message, state=DeliveryState.SENT)
        self.messages[message.id] = message

    def told(self, name: str = "ada") -> list[Notification]:
        return [each for each, _ in self.let_go if each.recipient == name]


def test_one_message_for_each_recipient_whose_alert_it_is() -> None:
    """Role, use case and severity choose; the same call again plans nothing."""
    theirs = recipient("engineer", roles=(Role.DATA_ENGINEER,))
    others = recipient("owner", roles=(Role.RISK_OWNER,))
    elsewhere = recipient("elsewhere", use_cases=("air_time",))
    severe = recipient("pager", min_severity=Severity.CRITICAL)
    ledger = Ledger(spec_of(theirs, others, elsewhere, severe))
    made = ledger.cycle([alert()], NOON)
    assert [(each.recipient, each.phase) for each in made.made] == [("engineer", AlertPhase.OPENED)]
    assert ledger.cycle([alert()], NOON + CYCLE) == NotificationPlan()


def test_it_is_told_again_only_when_its_mark_differs_and_once_that_it_is_over() -> None:
    """Other numbers in the sentence tell nobody; another column does; the end is told once."""
    ledger, page = Ledger(spec_of(recipient())), {"kind": "covariate drift", "page": True}
    incident = alert(AlertType.INCIDENT, detail={**page, "fingerprint": ["distance"]})
    ledger.cycle([incident], NOON)
    ledger.cycle([replace(incident, sentence="by 0.32")], NOON + CYCLE)
    wider = alert(AlertType.INCIDENT, detail={**page, "fingerprint": ["distance", "seats"]})
    ledger.cycle([wider], NOON + 2 * CYCLE)
    over = replace(wider, over=NOON, ended="batch 2026-02 shows it no more")
    ledger.cycle([over], NOON + 3 * CYCLE)
    ledger.cycle([over], NOON + 4 * CYCLE)
    assert [each.phase for each in ledger.told()] == [AlertPhase.OPENED, AlertPhase.CHANGED, AlertPhase.RESOLVED]
    assert ledger.told()[-1].what == "batch 2026-02 shows it no more"


def test_what_came_first_is_told_first() -> None:
    """A day that went wrong reads in the order in which it did, whatever order the facts are found in, and the budget goes
    to what came first; what is more severe still goes before it."""
    day = [alert(subject=f"2026-{month:02}.r1", at=NOON + month * CYCLE) for month in range(1, 9)]
    severe = alert(AlertType.UNHEALTHY, "scheduler", at=NOON + 9 * CYCLE)
    assert severe.severity.rank > day[0].severity.rank
    ledger = Ledger(spec_of(recipient(max_per_week=6)))
    ledger.cycle([severe, *reversed(day)], NOON + 10 * CYCLE)
    assert [each.since for each in ledger.told()] == [each.since for each in [severe, *day[:6]]]


def test_what_is_not_critical_waits_for_the_morning() -> None:
    """At night it is held, with why and until when, and goes in the first cycle after; what is critical goes at once."""
    ledger = Ledger(spec_of(recipient(quiet_hours=NIGHT)))
    night = NOON.replace(hour=23)
    ledger.cycle([alert(), alert(AlertType.BYPASS, "entry 7")], night)
    assert [each.kind for each in ledger.told()] == [AlertType.BYPASS]
    (held,) = [each for each in ledger.messages.values() if each.state is DeliveryState.HELD]
    assert (held.why, held.due) == (
        "quiet hours from 22:00 to 07:00 UTC", datetime(2026, 3, 5, 7, tzinfo=UTC),
    )  # fmt: skip
    ledger.cycle([alert()], night + timedelta(hours=7, minutes=59))
    assert len(ledger.told()) == 1
    ledger.cycle([alert()], night + timedelta(hours=8))
    assert [each.kind for each in ledger.told()] == [AlertType.BYPASS, AlertType.DATA_FAULT]


def test_what_was_over_before_it_was_told_is_never_told() -> None:
    """Neither its beginning nor its end; why is on record."""
    ledger = Ledger(spec_of(recipient(quiet_hours=NIGHT)))
    ledger.cycle([alert()], NOON.replace(hour=23))
    over = replace(alert(), over=NOON.replace(hour=23, minute=30), ended="released by Ada: the check was wrong")
    ledger.cycle([over], NOON + timedelta(days=1))
    assert ledger.told() == []
    (dropped,) = ledger.messages.values()
    assert (dropped.state, dropped.why) == (DeliveryState.DROPPED, "it was over before it was told")


def test_a_spent_budget_holds_back_says_so_and_makes_room_again() -> None:
    """The last message says that it is the last; what waits goes when the week has moved on, if it still lasts."""
    ledger = Ledger(spec_of(recipient(max_per_week=2)))
    faults = [alert(subject=f"2026-01-0{day}.r1") for day in range(1, 5)]
    ledger.cycle(faults[:1], NOON)
    ledger.cycle(faults, NOON + CYCLE)
    assert len(ledger.told()) == 2
    assert "last of 2 messages within seven days" in ledger.told()[1].do
    assert "last of" not in ledger.told()[0].do
    held = [each for each in ledger.messages.values() if each.state is DeliveryState.HELD]
    assert {each.why for each in held} == {"the budget of 2 messages in seven days is spent"}
    assert {each.due for each in held} == {NOON + WEEK}
    ledger.cycle(faults, NOON + WEEK + timedelta(seconds=1))
    assert len(ledger.told()) == 3


def test_the_past_is_no_news_to_a_new_recipient() -> None:
    """What has no end is told for three days; what lasts is told however old it is."""
    old = NOON - FRESH - timedelta(hours=1)
    ledger = Ledger(spec_of(recipient()))
    ledger.cycle([alert(AlertType.BLOCKED, "one", at=old), alert(AlertType.REVIEW, "two", at=old - WEEK)], NOON)
    assert [each.kind for each in ledger.told()] == [AlertType.REVIEW]


def test_a_recipient_who_has_gone_is_told_nothing_more() -> None:
    """What waited for them is dropped with why."""
    ledger = Ledger(spec_of(recipient(quiet_hours=NIGHT)))
    ledger.cycle([alert()], NOON.replace(hour=23))
    ledger.spec = spec_of(recipient("bob", roles=(Role.RISK_OWNER,)))
    ledger.cycle([alert()], NOON + timedelta(days=1))
    assert [each.why for each in ledger.messages.values()] == ["the recipient is no longer in notify.yaml"]


def test_pauses_grow_and_end() -> None:
    """10 minutes, doubled each time, seven pauses; after the eighth attempt none."""
    pauses = [retry_at(number, NOON) for number in range(1, MOST_ATTEMPTS + 1)]
    assert [(moment - NOON).total_seconds() / 600 for moment in pauses[:-1]] == [2**n for n in range(7)]
    assert pauses[-1] is None


ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago"]
CLOCK = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))


@settings(deadline=None)
@given(begin=CLOCK, end=CLOCK, zone=st.sampled_from(ZONES), weekends=st.booleans(), now=MOMENTS)
def test_quiet_time_ends_later_and_outside_of_itself(
    begin: str, end: str, zone: str, weekends: bool, now: datetime
) -> None:
    """Whatever the hours, the zone and its clock changes: the end is after now, within three days, not quiet itself, and
    it is quiet up to it; a moment is quiet exactly when its wall clock says so."""
    if begin == end:
        return
    quiet = QuietHours(start=begin, end=end, timezone=zone, weekends=weekends)
    until = quiet_until(quiet, now)
    local = now.astimezone(ZoneInfo(zone))
    clock = f"{local:%H:%M}"
    asleep = begin <= clock < end if begin < end else clock >= begin or clock < end
    assert (until is not None) == (asleep or (weekends and local.weekday() >= 5))
    if until is not None:
        assert now < until <= now + timedelta(days=3, hours=25)
        assert quiet_until(quiet, until) is None
        if f"{until.astimezone(ZoneInfo(zone)):%H:%M}" in (
            end,
            "00:00",
        ):  # else the clocks were put forward over the end
            assert quiet_until(quiet, until - timedelta(seconds=1)) == until


@st.composite
def histories(draw: st.DrawFn) -> tuple[NotifyConfig, list[tuple[datetime, list[Alert]]]]:
    """Cycles in the order of time; alerts begin, change their fingerprint and end, in any order."""
    quiet = draw(
        st.sampled_from(
            [None, NIGHT, QuietHours(start="20:00", end="08:30", timezone="America/New_York", weekends=True)]
        )
    )
    people = [
        recipient(f"r{n}", quiet_hours=quiet, max_per_week=draw(st.integers(1, 4)))
        for n in range(draw(st.integers(1, 2)))
    ]
    now, cycles, standing = NOON, [], {}
    for _ in range(draw(st.integers(1, 12))):
        now += draw(st.sampled_from([CYCLE, timedelta(hours=7), timedelta(days=2)]))
        for subject in draw(st.lists(st.sampled_from("abcdef"), max_size=4)):
            kind = {"a": AlertType.BYPASS, "b": AlertType.INCIDENT, "c": AlertType.REVIEW}.get(
                subject, AlertType.DATA_FAULT
            )
            before = standing.get(subject)
            if before is None:
                standing[subject] = alert(kind, subject, at=now, detail={"fingerprint": 0, "page": True})
            elif before.over is None:
                change = draw(st.booleans()) or not before.lasts
                new = (
                    replace(before, fingerprint=f"{before.fingerprint}+")
                    if change
                    else replace(before, over=now, ended="done")
                )
                standing[subject] = new
        cycles.append((now, list(standing.values())))
    return spec_of(*people), cycles


@settings(max_examples=40, deadline=None)
@given(histories())
def test_no_history_breaks_a_promise(history: tuple[NotifyConfig, list[tuple[datetime, list[Alert]]]]) -> None:
    """Never more than the budget in any seven days but for what is critical; nothing that is not critical in quiet hours;
    no content twice; an end only after a beginning, once; a second look at the same moment changes nothing; what is held
    says why and until when."""
    spec, cycles = history
    ledger = Ledger(spec)
    for now, alerts in cycles:
        ledger.cycle(alerts, now)
        assert ledger.cycle(alerts, now) == NotificationPlan()
    for person in spec.recipients:
        told = [(each, at) for each, at in ledger.let_go if each.recipient == person.name]
        counted = [at for each, at in told if each.severity is not Severity.CRITICAL]
        assert all(sum(at - WEEK < other <= at for other in counted) <= person.max_per_week for at in counted)
        assert all(quiet_until(person.quiet_hours, at) is None for at in counted)
        assert len({each.id for each, _ in told}) == len(told)
        for subject in {each.alert for each, _ in told}:
            phases = [each.phase for each, _ in told if each.alert == subject]
            assert phases[0] is AlertPhase.OPENED
            assert phases.count(AlertPhase.RESOLVED) <= 1
            assert AlertPhase.RESOLVED not in phases[:-1]
    for each in ledger.messages.values():
        if each.state is DeliveryState.HELD:
            assert each.why
            assert each.due is not None


@pytest.mark.parametrize("kind", [kind for kind in AlertType if kind is not AlertType.TEST])
def test_every_kind_is_somebodys(kind: AlertType) -> None:
    """Each kind of alert reaches at least one role and has words of its own."""
    found = alert(kind, detail={"kind": "drift", "page": True})
    assert found.roles
    assert found.title
    assert found.do
