"""A change of champion under load: no request fails, no answer is of two models, and each version was the champion."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg2
import pytest

from gatehouse.adapters.ledger.champion_feed import CHANNEL, PostgresChampionFeed
from gatehouse.core.types import PromotionKind
from gatehouse.errors import ModelError, ServiceUnavailableError
from gatehouse.pipeline import promote
from gatehouse.pipeline.manual import override
from gatehouse.serving import follower as following
from gatehouse.serving.follower import Follower
from support.rides import ctx, folder, looped, open_site, train  # noqa: F401 - four of them are fixtures
from support.served import json_rows, served

IMPOSSIBLE = "margin: 0.01\n  - rule: metric_bound\n    description: Impossible.\n    metric: log_loss\n    max: 0.01"
WITHIN = 2.0  # seconds in which a change has to be served


@pytest.fixture
def two(looped, folder, open_site):
    """The four months, and a second version that an override made the champion."""
    text = (folder / "gate.yaml").read_text()
    (folder / "gate.yaml").write_text(text.replace("margin: 0.01", IMPOSSIBLE))
    again = open_site()
    again.lake, again.source, again.tracking = looped.lake, looped.source, looped.tracking
    newest = again.ledger.batches.list("rides")[-1].interval.end
    train(again, again.ledger.requests.ask("rides", newest, "ann", "to see whether a new one is better").id)
    override.override(again, again.ledger.decisions.list("rides")[-1].id, "admin", "the airport asked for it today")
    return again


def test_ten_changes_under_load_lose_no_request_and_mix_no_models(two, ledger_database):
    """Eight clients ask without a pause while the champion changes ten times: each answer is of one version, and that
    version was the champion at some moment of the two seconds before the answer."""
    answers, stop = [], threading.Event()
    with served(two, ledger_database.url) as running:

        def client(rows):
            with httpx.Client(base_url=running.url, timeout=30) as own:
                while not stop.is_set():
                    answer = own.post("/v1/rides/predictions", json={"rows": rows})
                    answers.append((time.monotonic(), answer.status_code, answer.json()))

        with ThreadPoolExecutor(8) as pool:
            clients = [pool.submit(client, json_rows(two, "2024-04", count)) for count in (1, 1, 1, 1, 2, 5, 20, 100)]
            changes = [(0.0, 0.0, 2)]
            for number in range(10):
                time.sleep(0.3)
                asked = time.monotonic()
                promote.rollback(two, None, "admin", f"to change the champion for the {number}. time")
                changes.append((asked, time.monotonic(), 2 - (number + 1) % 2))
            time.sleep(WITHIN)
            stop.set()
            for each in clients:
                each.result()
    assert {status for _, status, _ in answers} == {200}
    assert len(answers) > 200
    assert {body["model"]["version"] for _, _, body in answers} == {1, 2}
    for at, _, body in answers:
        assert body["model"]["version"] in _champions(changes, at - WITHIN, at), (at, body["model"], changes)
    assert answers[-1][2]["model"]["version"] == two.ledger.models.champion("rides").model.version


def _champions(changes, start, end):
    """The versions that may have been the champion at some moment between these times. Each change was recorded at some
    moment between its call and its return."""
    ends = [done for _, done, _ in changes[1:]] + [float("inf")]
    return {version for (asked, _, version), until in zip(changes, ends) if asked <= end and until >= start}


def test_a_change_is_heard_at_once_and_polled_where_nothing_is_heard(two, ledger_database):
    """With NOTIFY the next champion serves long before the next poll; a feed that cannot listen waits its time."""
    feed = PostgresChampionFeed(ledger_database.url)
    feed.wait(0.01)  # it listens from here on
    threading.Timer(0.2, promote.rollback, (two, None, "admin", "to hear of it at once")).start()
    started = time.monotonic()
    feed.wait(20)
    assert time.monotonic() - started < 5
    feed.close()
    deaf, started = PostgresChampionFeed("postgresql://nobody@127.0.0.1:9/none"), time.monotonic()
    deaf.wait(0.2)
    assert 0.15 < time.monotonic() - started < 3
    with psycopg2.connect(ledger_database.url) as connection, connection.cursor() as cursor:
        cursor.execute(f"NOTIFY {CHANNEL}")  # anybody's notice is a hint: the ledger is asked, and nothing changes


def test_the_last_good_champion_answers_while_the_ledger_is_away_and_says_so(two, ledger_database, monkeypatch):
    """A ledger that does not answer fails no request: each answer says for how long the champion is not confirmed."""
    monkeypatch.setattr(following, "LATE_SECONDS", 0.6)
    with served(two, ledger_database.url) as running:
        rows = json_rows(two, "2024-04", 1)
        assert running.ask(rows).json()["notices"] == []

        def away(*_):
            raise ServiceUnavailableError("the ledger does not answer")

        with monkeypatch.context() as broken:
            broken.setattr(type(two.ledger.models), "champion", away)
            time.sleep(1.5)
            answer = running.ask(rows)
            assert answer.status_code == 200
            assert "the ledger does not answer" in answer.json()["notices"][0]
            assert int(answer.headers["gatehouse-champion-unconfirmed-seconds"]) >= 1
            assert running.client.get("/readyz").status_code == 200
        time.sleep(1.2)
        assert running.ask(rows).json()["notices"] == []


def test_a_champion_that_cannot_be_opened_takes_nobodys_place(two, ledger_database):
    """Loading and a first prediction come before the swap: where they fail, the last good champion goes on answering, and
    the reason is on record until the next look."""
    opened = []

    def fragile(ctx, champion):
        opened.append(champion.model.version)
        if champion.model.version == 1:
            raise ModelError("its file is not what was stored")
        return following.open_served(ctx, champion)

    follower = Follower(two, PostgresChampionFeed(ledger_database.url), fragile)
    follower.look()
    promote.rollback(two, 1, "admin", "to a version that cannot be opened")
    follower.look()
    assert (follower.served.champion.model.version, opened) == (2, [2, 1])
    assert "not what was stored" in follower.problem
    assert two.ledger.models.promotions("rides")[-1].kind is PromotionKind.ROLLBACK
    follower.stop()
