"""F27: the clock of every process is wrong, a day ahead, a day behind or going backwards while it is read; the life must come
to the same. The ledger's clock is PostgreSQL's own, and the order of things is that of its numbers.
"""

from __future__ import annotations

import datetime as clock
import itertools
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from faults.crashes import warm
from faults.digest import differences
from faults.proven import Asked, Proven
from faults.scenario import STEPS, Step, make_use_cases
from faults.sweep import Sweep
from faults.worlds import worlds

DAY = timedelta(days=1)


def wrong(asked: Asked) -> list[Proven]:
    """The life once as it is, and once with wrong clocks."""
    warm()
    with tempfile.TemporaryDirectory() as folder, worlds(Path(folder)) as made:
        make_use_cases(Path(folder) / "cases")
        sweep = Sweep(made, Path(folder) / "cases", asked.seed, STEPS[: asked.steps])
        expected, _ = sweep.life()
        kinds = itertools.cycle(KINDS)
        found, broken = sweep.life(lambda step: _with_clock(step, next(kinds)))
    what = f"each step's clock a day behind, a day ahead, or going backwards ({len(sweep.steps)} steps)"
    return [Proven("F27", what, len(sweep.steps), (*differences(expected, found), *broken))]


def _behind() -> Iterator[timedelta]:
    return itertools.repeat(-DAY)


def _ahead() -> Iterator[timedelta]:
    return itertools.repeat(DAY)


def _backwards() -> Iterator[timedelta]:
    """An hour less each time that somebody looks."""
    return (timedelta(hours=-hours) for hours in itertools.count())


KINDS = (_behind, _ahead, _backwards)


def _with_clock(step: Step, kind: Any) -> Step:
    """The step in a process whose clock is off; it ends with the step, so nothing is put back."""

    def act(ctx: Any) -> object:
        offsets, honest = kind(), time.time

        class Wrong(clock.datetime):
            """`datetime`, but for what time it is."""

            @classmethod
            def now(cls, tz: Any = None) -> Any:
                return clock.datetime.now(tz) + next(offsets)

        time.time = lambda: honest() + next(offsets).total_seconds()
        ours = [module for name, module in sys.modules.items() if name.startswith("gatehouse.")]
        told = [module for module in ours if getattr(module, "datetime", None) is clock.datetime]
        assert told, "no module of ours reads a clock"
        for module in told:
            module.datetime = Wrong  # type: ignore[attr-defined]
        return step.act(ctx)

    return replace(step, act=act)
