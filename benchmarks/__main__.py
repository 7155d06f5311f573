"""Run every part, print it, and write docs/benchmarks.md."""

from __future__ import annotations

from benchmarks import backtest, ledger, mutation, pages, parsing, profiling, resampling, simulation, stages
from benchmarks.table import machine
from gatehouse.settings import ROOT

PREFACE = """# Benchmarks

What `make bench` measured last, as it printed it. Trust the ratios, which are taken in one run; seconds depend on the machine.

Machine: {machine}
"""


def main() -> None:
    sections = [PREFACE.format(machine=machine())]
    for part in (parsing, resampling, simulation, mutation, profiling, ledger, pages, stages, backtest):
        measured = part.measure()
        for table in measured if isinstance(measured, list) else [measured]:
            sections.append(table.markdown())
            print(sections[-1], flush=True)
    (ROOT / "docs" / "benchmarks.md").write_text("\n".join(sections), encoding="utf-8")


if __name__ == "__main__":
    main()
