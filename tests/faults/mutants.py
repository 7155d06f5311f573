"""The proof proves: one guard is taken out of a copy of the code at a time, and at least one case must notice.

The same pattern as `benchmarks/mutation.py`: each mutant is one replacement of text in a copy. `python -m faults.mutants`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from gatehouse.settings import ROOT

COPIED = ("include", "plugins", "tests", "benchmarks", "dags", "bin", "requirements")


@dataclass(frozen=True)
class Mutant:
    """In `file` the text `right`, which stands there once, becomes `wrong`; `cases` are what should notice."""

    what: str
    file: str
    right: str
    wrong: str
    cases: tuple[str, ...]


LEDGER, TESTS = "include/gatehouse/adapters/ledger/", "tests/integration/adapters/ledger/"
MUTANTS = (
    Mutant(
        "the fence: a stale attempt may commit", LEDGER + "transaction.py",
        "        _refuse_stale(rows, lease)\n", "",
        (TESTS + "test_ledger_concurrency.py::test_of_copies_of_one_attempt_only_the_newest_commits",),
    ),
    Mutant(
        "the compare-and-set: a promotion does not look at the generation", LEDGER + "models.py",
        "if (now.generation if now else 0) != generation:", "if False:",
        ("tests/faults/test_races.py",),
    ),
    Mutant(
        "the sha check: a model file is loaded whatever it is", "include/gatehouse/adapters/models/skops_format.py",
        "if sha256_of(data) != sha256:", "if False:",
        ("tests/integration/adapters/models/test_models.py::test_bytes_that_the_ledger_did_not_record_are_refused",),
    ),
    Mutant(
        "the write order: a file is renamed before it is synced", "include/gatehouse/adapters/lake.py",
        "            file.flush()\n            os.fsync(file.fileno())\n", "            file.flush()\n",
        ("tests/faults/test_crashes.py::test_a_file_is_whole_once_the_ledger_names_it",),
    ),
    Mutant(
        "the order of file and row: a row is written before its file", "include/gatehouse/pipeline/land.py",
        "    return {name: store_table(ctx.lake, tables[name]) for name in ctx.case.contract.tables}\n",
        "    from support.fakes import FakeLake\n\n"
        "    return {name: store_table(FakeLake(), tables[name]) for name in ctx.case.contract.tables}\n",
        ("tests/faults/test_crashes.py::test_a_file_is_whole_once_the_ledger_names_it",),
    ),
    Mutant(
        "Great Expectations' isolation: one context for all batches", "include/gatehouse/adapters/contract/gx_checker.py",
        '        context = gx.get_context(mode="ephemeral")\n',
        '        context = globals().setdefault("_shared", None) or globals().__setitem__("_shared", gx.get_context(mode="ephemeral")) or globals()["_shared"]\n',
        ("tests/faults/test_validations.py",),
    ),
    Mutant(
        "the audit log's trigger: what is written may be changed", LEDGER + "migrations/sql/audit_log.sql",
        "CALL gatehouse.append_only('audit_log');\n", "",
        (TESTS + "test_ledger_audit_log.py::test_what_is_recorded_cannot_be_changed_by_any_ordinary_statement",),
    ),
    Mutant(
        "the maturity filter: outcomes count before they arrived", LEDGER + "outcomes.py",
        '_outcomes(rows, use_case, "arrived <= %s", as_of)', '_outcomes(rows, use_case, "%s IS NOT NULL", as_of)',
        ("tests/integration/pipeline/test_loop.py::test_outcomes_that_arrived_later_are_not_looked_at",),
    ),
)  # fmt: skip


def main() -> int:
    """Every mutant, and the case that noticed; first the copy without one, which no case may object to."""
    with tempfile.TemporaryDirectory() as folder:
        copy = _copied(Path(folder) / "copy")
        cases = sorted({case for mutant in MUTANTS for case in mutant.cases})
        whole = _run(copy, cases)
        if whole.returncode:
            print(whole.stdout[-3000:])
            print("the code without a mutant does not pass its own cases")
            return 1
        print("| taken out | noticed by |\n| --- | --- |", flush=True)
        return sum(not _noticed(copy, mutant) for mutant in MUTANTS) and 1


def _noticed(copy: Path, mutant: Mutant) -> bool:
    file = copy / mutant.file
    text = file.read_text(encoding="utf-8")
    if text.count(mutant.right) != 1:
        raise AssertionError(f"{mutant.what}: the text stands {text.count(mutant.right)} times in {mutant.file}")
    file.write_text(text.replace(mutant.right, mutant.wrong), encoding="utf-8")
    try:
        done = _run(copy, list(mutant.cases))
    finally:
        file.write_text(text, encoding="utf-8")
    failed = [
        line.removeprefix("FAILED ").partition(" - ")[0]
        for line in done.stdout.splitlines()
        if line.startswith("FAILED ")
    ]
    print(f"| {mutant.what} | {', '.join(sorted(set(failed))[:2]) or 'NOBODY'} |", flush=True)
    return bool(failed)


def _copied(copy: Path) -> Path:
    unwanted = shutil.ignore_patterns("__pycache__", ".gatehouse")
    for name in COPIED:
        shutil.copytree(ROOT / name, copy / name, ignore=unwanted)
    for name in ("pyproject.toml", "requirements.txt"):
        shutil.copy(ROOT / name, copy)
    return copy


def _run(copy: Path, cases: list[str]) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join(str(copy / name) for name in ("include", "plugins", "tests"))
    environment = {**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1", "GATEHOUSE_RESILIENCE_TESTS": "1"}
    line = [sys.executable, "-W", "ignore", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-rf", *cases]
    return subprocess.run(line, cwd=copy, env=environment, capture_output=True, text=True, timeout=3000, check=False)


if __name__ == "__main__":
    raise SystemExit(main())
