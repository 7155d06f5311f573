"""How far a backtest has come: what is counted, and how long what is left may take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock


class Phase(StrEnum):
    """What a backtest does one after the other, named by what is counted in it."""

    REPLAY = "batches replayed"
    WHAT_IFS = "batches taken through the what-ifs"
    ORACLE = "models of the oracle measured"


@dataclass(frozen=True)
class Progress:
    """`done` of `total` steps of a phase. `what` is the last one done, `errors` how many errors there were so far."""

    phase: Phase
    done: int
    total: int
    what: str = ""
    errors: int = 0

    def seconds_left(self, elapsed: float) -> float | None:
        """At the pace of the phase so far, which began `elapsed` seconds ago; None before there is a pace."""
        return elapsed / self.done * (self.total - self.done) if self.done else None


Told = Callable[[Progress], None]


def nobody(progress: Progress) -> None:
    """Tell nobody."""


class Steps:
    """Counts the steps of a phase, which threads may do side by side."""

    def __init__(self, phase: Phase, total: int, told: Told) -> None:
        self._told, self._progress, self._alone = told, Progress(phase, 0, total), Lock()
        told(self._progress)

    def done(self, what: str, errors: int = 0) -> None:
        """One more step is done, with so many errors."""
        with self._alone:
            before = self._progress
            self._progress = Progress(before.phase, before.done + 1, before.total, what, before.errors + errors)
            self._told(self._progress)
