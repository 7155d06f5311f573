"""A case that was tried, as one row of the table that `make test-resilience` prints."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Proven:
    """One case: what was done how often, what diverged, the longest recovery in seconds, and the seed that repeats it."""

    case: str
    what: str
    tried: int
    divergences: tuple[str, ...] = ()
    worst: float | None = None
    seed: int | None = None
    skipped: str = ""

    def cells(self) -> tuple[str, ...]:
        """The row."""
        number = f"{self.tried:,}" if not self.skipped else f"skipped: {self.skipped}"
        worst = "" if self.worst is None else f"{self.worst:.1f}"
        return (
            self.case,
            self.what,
            number,
            str(len(self.divergences)),
            worst,
            "" if self.seed is None else str(self.seed),
        )


HEADINGS = ("case", "what was done", "tried", "divergences", "worst recovery, s", "seed")


def table(rows: Iterable[Proven]) -> str:
    """The rows in Markdown."""
    lines = [HEADINGS, ("---",) * len(HEADINGS), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


@dataclass(frozen=True)
class Asked:
    """How long and from which seed a case is tried: the whole for `make test-resilience`, a share of it for `make test`."""

    seed: int = 20240229
    every: int = 1
    steps: int = 1000
    only: str = ""
    pairs: int = 200
    examples: int = 10_000
    batches: int = 100
    minutes: float = 120.0


Case = Callable[[Asked], "list[Proven]"]
