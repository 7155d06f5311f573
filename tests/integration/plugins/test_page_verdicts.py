"""A decision's page as a pull request's checks: what decided it first, and no act on a comparison that is out of date."""

from __future__ import annotations

import re
from typing import Any

from gatehouse.core.types import Verdict
from support.pages_world import CASE, World, airflow_home, world  # noqa: F401 - fixtures


def held(world: World) -> Any:
    """A HOLD against the first champion; a second champion has come since."""
    story = world.story
    story.tell()
    batches = [story.accept(f"2013-{month:02}") for month in (5, 6, 7, 8)]
    model = story.challenger(batches[0], batches[1])
    hold = story.decide(model, Verdict.HOLD, generation=1)
    story.close(story.ledger.requests.get(model.request), "held")
    story.promote(story.decide(story.challenger(batches[2], batches[3]), generation=1))
    return hold


def test_why_the_last_gate_held_takes_two_clicks(world: World) -> None:
    """From the list of use cases to the last verdict: the decision's page begins with the reason."""
    story = world.story
    story.tell()
    hold = story.decide(story.challenger(story.accept("2013-05"), story.accept("2013-06")), Verdict.HOLD, generation=1)
    client = world.client("viewer")
    assert f'href="/gatehouse/decisions/{hold.id}"' in client.get("/gatehouse/").text
    html = client.get(f"/gatehouse/decisions/{hold.id}").text
    assert html.index("the gate says HOLD") < html.index("What decided it") < html.index('id="acts"')


def test_a_stale_hold_says_so_first_and_offers_no_override(world: World) -> None:
    """The champion that it was compared with serves no more: that comes first, the act is to judge it again, and an override
    that is posted all the same is refused."""
    hold = held(world)
    html = world.client("reviewer").get(f"/gatehouse/decisions/{hold.id}").text
    assert html.index("Compared with version 1, which no longer serves.") < html.index("the gate says HOLD")
    assert "/override" not in html
    assert 'class="verdict soft"' in html
    assert f'action="/gatehouse/decisions/{hold.id}/rejudge"' in html
    refused = world.act("reviewer", f"/gatehouse/decisions/{hold.id}/override", "the airport asked for it today")
    assert refused.status_code == 409
    assert "Judge it again first" in refused.text
    assert world.story.ledger.overrides.list(CASE) == []


def test_judging_again_starts_airflows_run_as_the_user(world: World) -> None:
    """The run gets the decision's id, and the name and the reason as its note."""
    hold = held(world)
    answer = world.act("reviewer", f"/gatehouse/decisions/{hold.id}/rejudge", "outcomes have come since")
    assert (answer.status_code, answer.headers["location"][-12:]) == (303, "said=rejudge")
    assert world.runs.judged == [(CASE, hold.id, "reviewer: outcomes have come since")]


def test_a_present_hold_may_be_overridden(world: World) -> None:
    """Against the champion that serves, the act is there as before, below the reasons."""
    story = world.story
    story.tell()
    hold = story.decide(story.challenger(story.accept("2013-05"), story.accept("2013-06")), Verdict.HOLD, generation=1)
    html = world.client("reviewer").get(f"/gatehouse/decisions/{hold.id}").text
    assert f'action="/gatehouse/decisions/{hold.id}/override"' in html
    assert "no longer serves" not in html


def test_an_act_says_what_it_would_change(world: World) -> None:
    """From, to, expiry and the way back stand in the form of an override; a rollback has a page of its own before it."""
    story = world.story
    story.tell()
    hold = story.decide(story.challenger(story.accept("2013-05"), story.accept("2013-06")), Verdict.HOLD, generation=1)
    html = world.client("reviewer").get(f"/gatehouse/decisions/{hold.id}").text
    for told in (
        "<dd>version 1</dd>",
        "version 2, from the next batch on",
        "A rollback to version 1",
        "<dt>Expires</dt>",
    ):
        assert told in html
    refused = world.client("reviewer").get(f"/gatehouse/use-cases/{CASE}/rollback?version=1").text
    assert "What would change" in refused
    assert '<form method="post"' not in refused, "version 1 serves already"


def test_a_failed_run_says_first_what_failed(world: World) -> None:
    """No green `accepted` in the tab of a red run: the failed task with its log, whose it is, and then the record."""
    from gatehouse_ui.airflow_runs import RunSubject
    from gatehouse_ui.run_failures import FailedTask, RunFailure

    world.story.accept("2013-01")
    world.runs.subjects["red"] = RunSubject(CASE, "monitor", batch="2013-01.r1")
    world.runs.failures["red"] = RunFailure(
        f"{CASE}__monitor", "red", "2013-01.r1", (FailedTask("score", -1, 3, None),), ""
    )
    address = f"/gatehouse/run?dag_id={CASE}__monitor&run_id=red"
    html = world.client("viewer").get(address).text
    assert "accepted" not in html
    first = re.sub("<[^>]+>", "", html[html.index("<header>") : html.index("</header>")])
    assert "✗ failed" in first
    assert "score of this monitor run failed, for batch 2013-01.r1" in first
    assert f'href="/dags/{CASE}__monitor/runs/red/tasks/score"' in html
    assert f'href="/gatehouse/batches/{CASE}/2013-01.r1"' in html
    world.runs.failures["red"] = RunFailure(f"{CASE}__monitor", "red", "2013-01.r1", (), "green")
    assert "recovered since" in world.client("viewer").get(address).text
