"""A part's result as a table, and the machine it was measured on."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from statistics import median

SHOWN = ("apache-airflow", "mlflow", "great-expectations", "scikit-learn", "pandas", "numpy", "pyarrow")


@dataclass(frozen=True)
class Table:
    """One measured question: a title, what was done, and the numbers."""

    title: str
    method: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]

    def markdown(self) -> str:
        lines = [f"## {self.title}", "", self.method, "", _row(self.headings), _row(["---"] * len(self.headings))]
        return "\n".join([*lines, *(_row(row) for row in self.rows), ""])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """The median wall time of a piece of work."""
    taken = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return median(taken)


def machine() -> str:
    """Cores, system and versions, without names or paths."""
    versions = ", ".join(f"{name} {version(name)}" for name in SHOWN)
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}, {versions}."
