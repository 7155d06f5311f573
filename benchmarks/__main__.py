"""`python -m benchmarks`: run every part, print it, and write docs/reference/benchmarks.md.

`python -m benchmarks PART...` runs and prints these only; with `--write` they take the place of what the page has of them.
"""

from __future__ import annotations

import importlib
import re
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

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
    "landing",
    "batches",
    "ledger",
    "pages",
    "stages",
    "backtest",
    "serving",
)
BY_NAME = ("retraining", "streams")  # run only when asked for: many backtests, a quarter of an hour each
PREFACE = """# Benchmarks

For those who evaluate Gatehouse. You find the last measurement of each part on one machine, as it was printed.

    make benchmark                              # all parts
    python -m benchmarks --write PART...        # some parts

Trust the ratios, which come from one run of a part. Seconds depend on the machine.

- Parts: {parts}.
- Parts that run only by their name: {alone}.

Machine: {machine}
"""
WRITE = "--write"
SECTION = re.compile(r"^<!-- (\w+) -->\n(.*?)(?=^<!-- \w+ -->\n|\Z)", re.MULTILINE | re.DOTALL)


def main(arguments: Sequence[str]) -> int:
    """Run the parts that were asked for, or all but those that run only by their name.

    Exit code 1 when a part that was asked for by its name failed, 2 when there is no such part: the whole goes on past a
    failed part and tells of it.
    """
    asked = [each for each in arguments if each != WRITE]
    unknown = [name for name in asked if name not in PARTS + BY_NAME]
    if unknown:
        print(f"no such part: {', '.join(unknown)}; there are: {', '.join(PARTS + BY_NAME)}", file=sys.stderr)
        return 2
    sections, failed = {}, []
    for name in asked or PARTS:
        started = time.monotonic()
        try:
            sections[name] = "\n".join(table.markdown() for table in run(name))
        except Exception as error:
            traceback.print_exc()
            failed.append(name)
            sections[name] = f"## {name}: failed\n\n{type(error).__name__} ended this part; the others stand.\n"
        print(sections[name], flush=True)
        print(f"({name}: {time.monotonic() - started:.0f} s)", file=sys.stderr, flush=True)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
        if asked:
            return 1
    if not asked or WRITE in arguments:
        write(ROOT / "docs" / "reference" / "benchmarks.md", sections)
    return 0


def write(document: Path, sections: Mapping[str, str]) -> None:
    """Put sections in the place of those of their parts. What another machine or other versions measured is dropped:
    numbers of two machines do not stand side by side."""
    parts = ", ".join(f"`{name}`" for name in PARTS)
    alone = ", ".join(f"`{name}`" for name in BY_NAME)
    head = PREFACE.format(machine=machine(), parts=parts, alone=alone)
    before = document.read_text(encoding="utf-8") if document.is_file() else ""
    kept = {name: text.strip("\n") + "\n" for name, text in SECTION.findall(before)} if before.startswith(head) else {}
    found = {**kept, **sections}
    text = "\n".join([head, *(f"<!-- {name} -->\n{found[name]}" for name in PARTS + BY_NAME if name in found)])
    document.write_text(text, encoding="utf-8")


def run(name: str) -> list[Table]:
    """The tables of one part."""
    measured = importlib.import_module(f"benchmarks.{name}").measure()
    return measured if isinstance(measured, list) else [measured]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
