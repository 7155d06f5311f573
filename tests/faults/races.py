"""F22 and F23: promotions that race, gates that decided against one generation, and scorers that read throughout."""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from faults.proven import Asked, Proven
from faults.worlds import World, worlds
from gatehouse.adapters.lake import open_lake
from gatehouse.adapters.ledger import open_ledger
from gatehouse.core.types import Decision, ModelVersion, PromotionKind
from gatehouse.errors import StaleChampionError
from gatehouse.invariants import run as verify
from support.story import Story

PROCESSES, TIMES, GATES, ROUNDS, READERS = 8, 50, 4, 25, 2
_FORK = get_context("fork")


def raced(asked: Asked) -> list[Proven]:
    """8 processes with 50 promotions each, 25 rounds of four gates, two scorers reading from beginning to end."""
    with tempfile.TemporaryDirectory() as folder, worlds(Path(folder)) as made:
        world = made.new("races")
        story = Story(open_ledger(world.url), open_lake(str(world.folder / "lake")))
        models = _versions(story, GATES + 1)
        story.promote(story.decide(models[0]))
        started, reads, faults = time.monotonic(), _FORK.Value("q", 0), _FORK.Queue()
        end = _FORK.Event()
        readers = [
            _start(_read, world, {m.version: m.file.sha256 for m in models}, end, reads, faults) for _ in range(READERS)
        ]
        promoted = _promote_all(world, faults)
        decided, lost = _decide_all(world, story, models, faults)
        end.set()
        for reader in readers:
            reader.join()
        taken = time.monotonic() - started
        found = _drained(faults) + _checked(world, story, 1 + promoted + decided)
    rows = [
        Proven(
            "F22",
            f"{PROCESSES} processes with {TIMES} promotions each by compare-and-set, in {taken:.0f} s",
            promoted,
            tuple(found),
        )
    ]
    what = f"{GATES} gates that decided against one generation promote at once, {ROUNDS} times: {decided} won, {lost} refused as stale"
    won = () if (decided, lost) == (ROUNDS, ROUNDS * (GATES - 1)) else (f"{decided} won and {lost} were refused",)
    rows.append(Proven("F22", what, decided + lost, won))
    mixed = tuple(each for each in found if each.startswith("a scorer"))
    rows.append(Proven("F23", f"{READERS} scorers resolve the champion meanwhile", reads.value, mixed))
    return rows


def _versions(story: Story, count: int) -> list[ModelVersion]:
    first, second = story.accept("2013-01"), story.accept("2013-02")
    models = []
    for number in range(count):
        batch = story.accept(f"2014-{number + 1:02}")
        models.append(story.challenger(first, second, batch.id))
        story.close(story.ledger.requests.get(models[-1].request))
    return models


def _promote_all(world: World, faults: Any) -> int:
    _promote_one_more(world)
    work = [_start(_promote, world, number, faults) for number in range(PROCESSES)]
    for process in work:
        process.join()
    return 1 + sum(PROCESSES * [TIMES]) if all(process.exitcode == 0 for process in work) else -1


def _promote_one_more(world: World) -> None:
    """A second champion, so that there are two to go back and forth between."""
    story = Story(open_ledger(world.url), open_lake(str(world.folder / "lake")))
    story.promote(story.decide(story.ledger.models.get(story.name, 2), generation=1))


def _promote(world: World, number: int, faults: Any) -> None:
    """Win TIMES promotions; whoever was overtaken looks again. Any other error is a fault."""
    models, won = open_ledger(world.url).models, 0
    while won < TIMES:
        now = models.champion("flights")
        assert now is not None
        act = (
            3 - now.model.version,
            now.generation,
            PromotionKind.ROLLBACK,
            None,
            "Ada",
            f"process {number}, win {won}",
        )
        try:
            models.promote("flights", *act)
            won += 1
        except StaleChampionError:
            continue
        except Exception as error:
            faults.put(f"a promotion ended with {type(error).__name__}: {error}")
            return


def _decide_all(world: World, story: Story, models: list[ModelVersion], faults: Any) -> tuple[int, int]:
    won, lost = 0, 0
    for _ in range(ROUNDS):
        champion = story.ledger.models.champion(story.name)
        assert champion is not None
        rivals = [model for model in models if model.version != champion.model.version][:GATES]
        decisions = [story.decide(model, generation=champion.generation) for model in rivals]
        told = _FORK.Queue()
        gates = [_start(_gate, world, decision, told, faults) for decision in decisions]
        for gate in gates:
            gate.join()
        results = Counter(told.get() for _ in gates)
        won, lost = won + results["won"], lost + results["stale"]
    return won, lost


def _gate(world: World, decision: Decision, told: Any, faults: Any) -> None:
    try:
        Story(open_ledger(world.url)).promote(decision)
        told.put("won")
    except StaleChampionError:
        told.put("stale")
    except Exception as error:
        faults.put(f"a gate ended with {type(error).__name__}: {error}")
        told.put("fault")


def _read(world: World, known: dict[int, str], end: Any, reads: Any, faults: Any) -> None:
    """Resolve the champion again and again: one version with its own bytes, and generations that never fall."""
    models, last = open_ledger(world.url).models, 0
    while not end.is_set():
        now = models.champion("flights")
        assert now is not None
        if now.model.file.sha256 != known[now.model.version] or now.generation < last:
            faults.put(
                f"a scorer read version {now.model.version} with {now.model.file.sha256[:8]} at generation {now.generation} after {last}"
            )
        last = now.generation
        with reads.get_lock():
            reads.value += 1


def _checked(world: World, story: Story, generations: int) -> list[str]:
    """Generations, promotions and audit log entries are one and the same number, and every invariant holds."""
    promotions = story.ledger.models.promotions(story.name)
    entries = [e for e in story.ledger.audit_log.entries() if e.kind == "champion.changed"]
    found = (
        []
        if [p.generation for p in promotions] == list(range(1, generations + 1))
        else [f"{len(promotions)} promotions, {generations} generations"]
    )
    found += [] if len(entries) == generations else [f"{len(entries)} audit log entries, {generations} generations"]
    findings = verify(world.url, open_lake(str(world.folder / "lake")), None)
    return found + [f"{each.invariant}: {breach}" for each in findings for breach in each.breaches]


def _start(work: Callable[..., None], *arguments: Any) -> Any:
    process = _FORK.Process(target=work, args=arguments)
    process.start()
    return process


def _drained(faults: Any) -> list[str]:
    found = []
    while not faults.empty():
        found.append(faults.get())
    return found


if __name__ == "__main__":
    print(os.getpid(), raced(Asked()))
