"""Run every part, print it, and write docs/benchmarks.md."""

from __future__ import annotations

from benchmarks import ledger, parsing, profiling, resampling, stages
from benchmarks.table import machine
from gatehouse.settings import ROOT

PREFACE = """# Benchmarks

What `make bench` measured last, as it printed it. Trust the ratios, which are taken in one run; seconds depend on the machine.

Machine: {machine}
"""


def main() -> None:
    pages = [PREFACE.format(machine=machine())]
    for part in (parsing, resampling, profiling, ledger, stages):
        measured = part.measure()
        for table in measured if isinstance(measured, list) else [measured]:
            pages.append(table.markdown())
            print(pages[-1], flush=True)
    (ROOT / "docs" / "benchmarks.md").write_text("\n".join(pages), encoding="utf-8")


if __name__ == "__main__":
    main()
