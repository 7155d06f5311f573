"""Many at once, on a real PostgreSQL: forked processes and threads, each with connections of its own."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from conftest import LedgerDatabase
from gatehouse.adapters.ledger import open_ledger
from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.core.types import ModelVersion, PromotionKind
from gatehouse.errors import NotAllowedError, StaleAttemptError, StaleChampionError
from gatehouse.invariants import run
from gatehouse.ports import Ledger
from support.story import DRIFT, Story

PROCESSES, TIMES = 8, 25


def _two_versions(story: Story) -> list[ModelVersion]:
    first, second = story.accept("2013-01"), story.accept("2013-02")
    versions = []
    for batch in (first, second):
        versions.append(story.challenger(first, second, batch.id))
        story.close(story.ledger.requests.get(versions[-1].request))
    return versions


def promote_again_and_again(url: str, number: int, wins: Any) -> None:
    """Win TIMES promotions, each to the other version; whoever was overtaken looks again."""
    models = open_ledger(url).models
    while wins[number] < TIMES:
        now = models.champion("flights")
        assert now is not None
        generation, version = now.generation, 3 - now.model.version
        try:
            reason = f"win {wins[number]}"
            models.promote(
                "flights", version, generation, PromotionKind.ROLLBACK, None, "Ada", f"process {number}: {reason}"
            )
        except StaleChampionError:
            continue
        wins[number] += 1


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")  # on purpose: Airflow's executor forks as well
def test_eight_processes_promote_and_every_generation_has_one_winner(
    ledger_database: LedgerDatabase, ledger: Ledger
) -> None:
    """8 processes with 25 promotions each: 200 generations, 200 promotions, 200 audit log entries, 25 by each process."""
    story = Story(ledger)
    for generation, model in enumerate(_two_versions(story)):
        story.promote(story.decide(model, generation=generation))
    context = multiprocessing.get_context("fork")
    wins = context.Array("i", PROCESSES)
    work = [
        context.Process(target=promote_again_and_again, args=(ledger_database.url, number, wins))
        for number in range(PROCESSES)
    ]
    for process in work:
        process.start()
    for process in work:
        process.join(120)
    assert [process.exitcode for process in work] == [0] * PROCESSES
    promotions = ledger.models.promotions("flights")
    assert [promotion.generation for promotion in promotions] == list(range(1, PROCESSES * TIMES + 3))
    winners = [promotion.reason.partition(":")[0] for promotion in promotions[2:]]
    assert {winner: winners.count(winner) for winner in winners} == {f"process {n}": TIMES for n in range(PROCESSES)}
    assert [entry.kind for entry in ledger.audit_log.entries()].count("champion.changed") == PROCESSES * TIMES + 2
    champion = ledger.models.champion("flights")
    assert champion is not None
    assert champion.generation == PROCESSES * TIMES + 2
    assert [f.breaches for f in run(ledger_database.url, story.lake, None) if not f.ok] == []


def at_once(count: int, act: Any) -> list[Any]:
    """The results or errors of `act(number)` in as many threads."""

    def attempt(number: int) -> Any:
        try:
            return act(number)
        except (NotAllowedError, StaleAttemptError) as error:
            return error

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(attempt, range(count)))


def test_the_same_batch_landed_at_once_is_one_batch(ledger: Ledger) -> None:
    """Eight tasks that land equal content under different work get one and the same revision."""
    story = Story(ledger)
    files = {"rides": story.rows("2013-01", 10)}
    interval = batch_interval("month", "2013-01")

    def land(number: int) -> object:
        return ledger.batches.land(story.enter(f"land {number}"), "flights", "2013-01", interval, files).id

    assert len(set(at_once(8, land))) == 1
    assert [entry.kind for entry in ledger.audit_log.entries()] == ["batch.landed"]


def test_corrections_landed_at_once_are_numbered_without_a_gap(ledger: Ledger) -> None:
    """Eight different deliveries of one key become revisions 1 to 8."""
    story = Story(ledger)
    batches = at_once(8, lambda number: story.land(count=number + 1))
    lost = [result for result in batches if isinstance(result, StaleAttemptError)]
    landed = ledger.batches.list("flights")
    assert [batch.id.revision for batch in landed] == list(range(1, 9 - len(lost)))


def test_watches_at_once_open_one_request(ledger: Ledger) -> None:
    """Six drifted batches watched at once: one request with six reasons."""
    story = Story(ledger)
    batches = [story.accept(f"2013-0{month}").id for month in range(1, 7)]
    at_once(6, lambda number: story.watch(batches[number], replace(DRIFT, sentence=f"batch {number}")))
    (request,) = ledger.requests.list("flights")
    assert sorted(reason.sentence for reason in request.reasons) == [f"batch {number}" for number in range(6)]


def test_one_run_claims_a_request(ledger: Ledger) -> None:
    """Of six runs that claim at once one gets the request; the others learn who has it."""
    story = Story(ledger)
    request = ledger.requests.ask("flights", batch_interval("month", "2013-03").end, "Ada", "please")
    results = at_once(6, lambda number: ledger.requests.claim(story.enter(f"run {number}"), request.id))
    refused = [result for result in results if isinstance(result, NotAllowedError)]
    assert len(refused) == 5
    assert all("is claimed by flights/run" in str(error) for error in refused)


@pytest.mark.parametrize("attempts", [2, 6])
def test_of_copies_of_one_attempt_only_the_newest_commits(ledger: Ledger, attempts: int) -> None:
    """However the copies interleave, none commits after a newer one has entered."""
    story = Story(ledger)
    batch = story.land().id
    leases = [ledger.attempts.enter(f"{batch}/validate") for _ in range(attempts)]
    parts, report = story.parts(batch), story.report()
    results = at_once(attempts, lambda number: ledger.batches.accept(leases[number], batch, parts, report))
    assert [type(result) for result in results] == [StaleAttemptError] * (attempts - 1) + [type(None)]
