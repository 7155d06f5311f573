"""Try the cases and print one table: `python -m faults [CASE ...]`, from the repository's root.

A case that was tried whole goes into docs/reference/resilience-results.md, the numbers behind docs/explanation/guarantees.md. Exit code 1 on a divergence.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import fields

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # OpenMP does not survive a fork of its threads
    os.environ.setdefault(variable, "1")

from faults import clocks, crashes, flood, fuzz_labels, fuzzing, offline, page, races, slow, soak, tasks  # noqa: E402 - after the number of threads
from faults.proven import Asked, Case, Proven, table  # noqa: E402
from faults.tidy import tidy  # noqa: E402

CASES: dict[str, Case] = {
    "F1": crashes.singles,
    "F2": crashes.doubles,
    "F3": tasks.killed,
    "fuzz": fuzzing.fuzzed,
    "I13": fuzz_labels.labelled,
    "F22": races.raced,
    "F26": tasks.unheard,
    "F27": clocks.wrong,
    "F32": offline.offline,
    "F33": flood.flooded,
    "F34": soak.soaked,
    "slow": slow.slowed,
}


def main() -> int:
    """Try what is asked for."""
    parser = argparse.ArgumentParser(prog="faults", description=__doc__.splitlines()[0])
    parser.add_argument("case", nargs="*", choices=[*CASES, []], help="all when none is named")
    for each in fields(Asked):
        parser.add_argument(f"--{each.name}", type=type(each.default), default=each.default)
    given = vars(parser.parse_args())
    chosen = given.pop("case") or list(CASES)
    rows: list[Proven] = []
    trials: list[str] = []
    for name in chosen:
        started = time.monotonic()
        with tidy():
            made = CASES[name](Asked(**given))
        taken = time.monotonic() - started
        print(f"{name} took {taken:.0f} s", file=sys.stderr, flush=True)
        for row in made:
            for divergence in row.divergences:
                print(f"{row.case}: {divergence}", file=sys.stderr, flush=True)
        rows += made
        trials.append(page.section(name, made, taken))
    print(table(rows))
    if Asked(**given) == Asked(seed=given["seed"]):
        page.keep(trials, list(CASES))
    return 1 if any(row.divergences for row in rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
