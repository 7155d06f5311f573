"""The crash sweep: death at every write point of every step, the step again, and the state must be that of no death.

A step that ends in the state it would have ended in is followed by the steps that would have followed: so each point costs
its own step twice instead of the whole life. Before the step is done again the crashed world itself must keep every
invariant but the mirror's: nobody may read a half-truth in between.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from faults import scenario
from faults.digest import differences, state
from faults.points import Points
from faults.scenario import STEPS, Step
from faults.worlds import World, Worlds, in_child
from gatehouse.adapters.lake import open_lake
from gatehouse.invariants import run as verify

MIRROR = "I10"  # repaired by the step that is done again, or by maintenance: scoring never reads it


@dataclass
class Swept:
    """What a sweep has found."""

    points: int = 0
    tried: int = 0
    worst: float = 0.0  # seconds of the step that was done again
    divergences: list[str] = field(default_factory=list)
    by_step: dict[str, int] = field(default_factory=dict)

    def with_share(self, other: Swept) -> Swept:
        """What two workers have found who share the points of the same steps."""
        return replace(
            self,
            tried=self.tried + other.tried,
            worst=max(self.worst, other.worst),
            divergences=[*self.divergences, *other.divergences],
        )


class Sweep:
    """Steps through the scenario in one world and lets processes die in copies of it: the `worker`-th of `workers` shares."""

    def __init__(
        self, worlds: Worlds, cases: Path, seed: int, steps: Sequence[Step] = STEPS, worker: int = 0, workers: int = 1
    ) -> None:
        self.worlds, self.cases, self.steps, self.swept = worlds, cases, steps, Swept()
        self._seed, self._worker, self._workers = seed, worker, workers
        self._number, self._scratch = 0, cases / "reached.json"
        self._tolerated: list[str] = []

    def singles(self, every: int = 1, only: str = "") -> Swept:
        """A death at every `every`-th point, from a seeded start, of the steps whose names have `only` in them."""
        stride, first = every * self._workers, random.Random(self._seed).randrange(every) + every * self._worker
        world, seen = self.worlds.new(self._name()), 0
        for step in self.steps:
            reached, after, expected = self._without_fault(world, step)
            self.swept.by_step[step.name] = len(reached)
            self.swept.points += len(reached)
            if only in step.name:
                for at in range((first - seen) % stride, len(reached), stride):
                    self._tried(world, step, [at], reached, expected)
                seen += len(reached)
            told = f"{step.name}: {self.swept.tried} of {self.swept.points} points tried, {len(self.swept.divergences)} divergences"
            print(told, file=sys.stderr, flush=True)
            self.worlds.drop(world)
            world = after
        self.worlds.drop(world)
        return self.swept

    def doubles(self, pairs: int) -> Swept:
        """Two deaths in a row, the second while the step is done again, at `pairs` seeded pairs spread over the steps."""
        world = self.worlds.new(self._name())
        for number, step in enumerate(self.steps):
            reached, after, expected = self._without_fault(world, step)
            self.swept.points += len(reached)
            for pair in range(number, pairs if reached else 0, len(self.steps)):
                if pair % self._workers == self._worker:
                    seeded = random.Random(f"{self._seed} {pair}")
                    self._tried(world, step, [seeded.randrange(len(reached)) for _ in range(2)], reached, expected)
            self.worlds.drop(world)
            world = after
        self.worlds.drop(world)
        return self.swept

    def life(self, changed: Callable[[Step], Step] = lambda step: step) -> tuple[dict[str, object], list[str]]:
        """All steps one after another, each as `changed` gives it: the state that they come to, and what is broken there."""
        world = self.worlds.new(self._name())
        for step in self.steps:
            acts = [step.before] if step.before is not None else []
            for act in (*acts, changed(step).act):
                assert self._run(world, replace(step, act=act), None) == 0, f"{step.name} failed"
        found = state(world.url, world.folder), broken(world)
        self.worlds.settle(world)
        self.worlds.drop(world)
        return found

    def _without_fault(self, world: World, step: Step) -> tuple[list[str], World, tuple[dict[str, object], list[str]]]:
        self._tolerated = []
        if step.before is not None:
            assert self._run(world, replace(step, act=step.before), None) == 0, f"what goes before {step.name} failed"
            self._tolerated = broken(world)  # is what the step is there to repair
        self.worlds.settle(world)
        after = self.worlds.copy(world, self._name())
        code = self._run(after, step, None)
        assert code == 0, f"{step.name} does not work without a fault"
        expected = state(after.url, after.folder), broken(after)
        assert expected[1] == [], f"{step.name} breaks an invariant without a fault: {expected[1]}"
        return json.loads(self._scratch.read_text()), after, expected

    def _tried(
        self,
        world: World,
        step: Step,
        deaths: list[int],
        reached: list[str],
        expected: tuple[dict[str, object], list[str]],
    ) -> None:
        self.worlds.settle(world)
        copy = self.worlds.copy(world, self._name())
        where = f"{step.name}: " + ", then ".join(f"{at} {reached[at] if at < len(reached) else '?'}" for at in deaths)
        for at in deaths:
            self._run(copy, step, at)
            self.worlds.settle(copy)
            allowed = [*expected[1], *self._tolerated]
            found = [each for each in broken(copy) if not each.startswith(MIRROR) and each not in allowed]
            self.swept.divergences += [f"{where}: before it is done again: {each}" for each in found]
        started = time.monotonic()
        code = self._run(copy, step, None)
        self.swept.worst = max(self.swept.worst, time.monotonic() - started)
        found = [f"ends with {code}"] if code else differences(expected[0], state(copy.url, copy.folder))
        found += [each for each in broken(copy) if each not in expected[1]]
        self.swept.divergences += [f"{where}: {each}" for each in found]
        self.swept.tried += 1
        self.worlds.settle(copy)
        self.worlds.drop(copy)

    def _run(self, world: World, step: Step, die_at: int | None) -> int:
        def act() -> None:
            points = Points(world.folder, die_at)
            with scenario.small_model_folders():
                ctx = scenario.open_site(self.cases, step.policy, world.url, world.folder)
                points.arm()
                step.act(ctx)
                points.reach("the end")
            if die_at is None:
                self._scratch.write_text(json.dumps(points.reached))

        os.environ["GATEHOUSE_STATE_DIR"] = str(world.folder)
        return in_child(act)

    def _name(self) -> str:
        self._number += 1
        return f"sweep_{self._worker}_{self._number}"


def broken(world: World) -> list[str]:
    """The breaches that `gatehouse audit verify` finds in a world, told without the place where its copy lies."""
    tracking = scenario.TrackingOnFiles(world.folder / "mlflow")
    found = verify(world.url, open_lake(str(world.folder / "lake")), tracking)
    told = [f"{finding.invariant}: {breach}" for finding in found for breach in finding.breaches]
    return [each.replace(str(world.folder), "") for each in told]
