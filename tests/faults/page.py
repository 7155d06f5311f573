"""docs/reference/resilience-results.md: for each case, what its last whole trial came to, where and at which revision."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from benchmarks.table import machine

from faults.proven import Proven, table
from gatehouse.settings import ROOT

PAGE = ROOT / "docs" / "reference" / "resilience-results.md"
HEAD = """\
# Resilience results

For those who evaluate Gatehouse. You find the last whole trial of each case behind the [guarantees](../explanation/guarantees.md), as it was printed.

    make test-resilience

A case that is tried whole, alone or with others, replaces its last trial. The machine: {machine}
"""
START = "\n## "


def section(case: str, rows: Sequence[Proven], seconds: float) -> str:
    """One case's trial, under its name."""
    return f"{case}\n\nAt revision {_revision()}, {seconds:,.0f} s.\n\n{table(rows)}\n"


def with_trials(page: str, trials: Sequence[str], order: Sequence[str]) -> str:
    """The page with these sections in the place of the ones of the same cases, in the order of the cases."""
    sections = {each.split("\n", 1)[0]: each.strip("\n") + "\n" for each in (*page.split(START)[1:], *trials)}
    known = [sections[name] for name in order if name in sections]
    return START.join([HEAD.format(machine=machine()), *known])


def keep(trials: Sequence[str], order: Sequence[str]) -> None:
    """Write them into the page."""
    before = PAGE.read_text(encoding="utf-8") if PAGE.is_file() else ""
    PAGE.write_text(with_trials(before, trials, order), encoding="utf-8")


def _revision() -> str:
    def git(*arguments: str) -> str:
        done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False)
        return done.stdout.strip()

    return git("rev-parse", "--short", "HEAD") + (" and changes" if git("status", "--porcelain", "-uno") else "")
