"""Incidents: opened, updated, resolved, reopened; one page for one cause."""

from __future__ import annotations

import json
from collections.abc import Sequence

from gatehouse.core.audit.canonical_json import canonical
from gatehouse.core.performance.change_kinds import ChangeFinding, ChangeKind
from gatehouse.core.performance.incidents import Incident, update_incidents


def shift(*columns: str, page: bool = True) -> ChangeFinding:
    """A covariate drift of these columns."""
    return ChangeFinding(
        ChangeKind.COVARIATE, columns, f"{columns[0]} moved", page, tuple(f"{each} too" for each in columns[1:])
    )


CONCEPT = ChangeFinding(ChangeKind.CONCEPT, (), "log loss fell", page=True)


def history(*batches: Sequence[ChangeFinding], measured: bool = True, calm: int = 1) -> list[list[Incident]]:
    """The incidents after each batch; `calm` batches without it end one."""
    now: list[Incident] = []
    found = []
    for number, findings in enumerate(batches):
        now = update_incidents(now, findings, f"2024-{number + 1:02}", measured, calm)
        found.append(now)
    return found


def paging(incidents: Sequence[Incident], batch: str) -> list[Incident]:
    """Those that page somebody for this batch."""
    return [each for each in incidents if each.paged == batch]


def test_a_lasting_cause_is_one_incident_that_pages_once() -> None:
    """It is opened, then updated with each batch; later batches page nobody."""
    first, second, third = history([shift("speed", "load")], [shift("speed")], [shift("load", "speed", "age")])
    (incident,) = third
    assert (incident.opened, incident.updated, incident.batches) == ("2024-01", "2024-03", 3)
    assert incident.columns == ("speed", "load", "age")
    assert incident.id == "covariate drift/speed/2024-01"
    assert [len(paging(each, f"2024-0{n}")) for n, each in enumerate((first, second, third), 1)] == [1, 0, 0]


def test_two_causes_are_two_incidents() -> None:
    """Columns that do not move together, and another kind of change, are told apart."""
    (now,) = history([shift("speed"), shift("clutter", page=False), CONCEPT])
    assert [each.page for each in now] == [True, False, True]
    assert len({each.id for each in now}) == 3


def test_columns_that_begin_to_alert_together_are_one_incident() -> None:
    """A sale moves the categories and the share of offers: one page, and one for the column that follows later."""
    first, second, third = history(
        [shift("category"), shift("promo"), shift("clutter", page=False)],
        [shift("promo"), shift("category"), shift("clutter", page=False)],
        [shift("promo"), shift("stock")],
    )
    assert [(each.columns, each.page) for each in first] == [(("category", "promo"), True), (("clutter",), False)]
    assert shift("promo").sentence in first[0].consequences
    assert [each.columns for each in second] == [("category", "promo"), ("clutter",)]
    assert [len(paging(now, f"2024-0{number}")) for number, now in enumerate((first, second, third), 1)] == [
        1,
        0,
        1,
    ]


def test_what_is_over_is_resolved_and_told_again_when_it_comes_back() -> None:
    """The next quiet batch resolves an incident; the same cause later is a new one that knows of the first."""
    *_, quiet, back = history([shift("speed")], [], [shift("speed")])
    (resolved,) = quiet
    assert (resolved.state, resolved.resolved) == ("resolved", "2024-02")
    assert [(each.state, each.again) for each in back] == [("open", 1), ("resolved", 0)]


def test_what_flickers_about_its_limit_is_one_incident_and_pages_once() -> None:
    """On and off within the calm that ends an incident: one page; it is over when it stayed away for so long."""
    seen = history([CONCEPT], [], [CONCEPT], [], [], [CONCEPT], [], [], [], calm=3)
    assert [len(paging(now, f"2024-{number:02}")) for number, now in enumerate(seen, 1)] == [1, *[0] * 8]
    assert [each[0].state for each in seen] == ["open"] * 8 + ["resolved"]
    assert (seen[-1][0].batches, seen[-1][0].updated, seen[-1][0].resolved) == (3, "2024-06", "2024-09")


def test_a_worsening_pages_when_it_begins_to_alert() -> None:
    """A harmless change that becomes harmful pages then, once."""
    *_, last = history([shift("speed", page=False)], [shift("speed")], [shift("speed")])
    (incident,) = last
    assert (incident.opened, incident.paged) == ("2024-01", "2024-02")


def test_only_outcomes_end_what_outcomes_began() -> None:
    """A batch without matured outcomes neither resolves concept drift nor keeps it counting."""
    (waiting,) = update_incidents(
        update_incidents([], [CONCEPT], "2024-01", measured=True), [], "2024-02", measured=False
    )
    assert (waiting.state, waiting.updated) == ("open", "2024-01")
    (over,) = update_incidents([waiting], [], "2024-03", measured=True)
    assert over.resolved == "2024-03"


def test_resolved_incidents_are_forgotten_after_a_year_of_batches() -> None:
    """The report does not grow for ever."""
    assert history([shift("speed")], *[[]] * 15)[-1] == []


def test_incidents_survive_the_ledger() -> None:
    """An incident read back from a watch report is the one that was written."""
    (now,) = history([shift("speed", "load")])
    (document,) = json.loads(canonical([each.to_document() for each in now]))
    assert Incident.from_document(document) == now[0]
