"""`python -m benchmarks`: run every part, print it, and write docs/benchmarks.md. `python -m benchmarks PART...`: these only."""

from __future__ import annotations

import importlib
import sys
import time
import traceback
from collections.abc import Sequence

from benchmarks.table import Table, machine
from gatehouse.settings import ROOT

# Each is a module with `measure`, imported when its turn comes: one that cannot even be imported stops no other.
PARTS = (
    "parsing",
    "resampling",
    "simulation",
    "mutation",
    "flights",
    "profiling",
    "ledger",
    "pages",
    "stages",
    "backtest",
)
PREFACE = """# Benchmarks

What `make bench` measured last, as it printed it; `python -m benchmarks PART...` runs some of its parts alone:
{parts}. Trust the ratios, which are taken in one run; seconds depend on the machine.

Machine: {machine}
"""


def main(asked: Sequence[str]) -> int:
    """Run the parts that were asked for, or all; only all of them are written. Exit code 1 when a part that was asked for
    by its name failed, 2 when there is no such part: the whole goes on past a failed part and tells of it."""
    unknown = [name for name in asked if name not in PARTS]
    if unknown:
        print(f"no such part: {', '.join(unknown)}; there are: {', '.join(PARTS)}", file=sys.stderr)
        return 2
    sections, failed = [PREFACE.format(machine=machine(), parts=", ".join(f"`{name}`" for name in PARTS))], []
    for name in asked or PARTS:
        started = time.monotonic()
        try:
            found = "\n".join(table.markdown() for table in run(name))
        except Exception as error:
            traceback.print_exc()
            failed.append(name)
            found = f"## {name}: failed\n\n{type(error).__name__} ended this part; the others stand.\n"
        sections.append(found)
        print(found, flush=True)
        print(f"({name}: {time.monotonic() - started:.0f} s)", file=sys.stderr, flush=True)
    if not asked:
        (ROOT / "docs" / "benchmarks.md").write_text("\n".join(sections), encoding="utf-8")
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed and asked else 0


def run(name: str) -> list[Table]:
    """The tables of one part."""
    measured = importlib.import_module(f"benchmarks.{name}").measure()
    return measured if isinstance(measured, list) else [measured]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
