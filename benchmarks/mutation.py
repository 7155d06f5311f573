"""Faults put into a copy of the gate, one at a time: how many do its own canaries catch, how many its fast tests?"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

from benchmarks.faults import FAULTS, Fault
from benchmarks.table import Table
from gatehouse.settings import ROOT

WORKERS = 2
# Chosen so that most faults meet a test of theirs within seconds; `-x` ends a run at the first that fails.
TESTS = (
    "tests/unit/core/test_gate.py",
    "tests/unit/core/test_spending.py",
    "tests/unit/core/gate/rules/test_comparison_rules.py",
    "tests/unit/core/gate/rules/test_absolute_rules.py",
    "tests/unit/core/gate/rules/test_slice_rules.py",
    "tests/unit/core/test_archived_decisions.py",
    "tests/unit/core/statistics/test_blocks.py",
)


def measure() -> Table:
    """Every fault, and who noticed it first. A copy without a fault must pass, or nothing here means anything."""
    with tempfile.TemporaryDirectory() as folder:
        copies: Queue[Path] = Queue()
        for number in range(WORKERS):
            copies.put(_copy(Path(folder) / str(number)))
        whole = copies.get()
        if _canaries(whole) or not _tests_pass(whole):
            raise AssertionError("the gate without a fault does not pass its canaries and tests")
        copies.put(whole)
        with ThreadPoolExecutor(WORKERS) as pool:
            caught = list(pool.map(lambda fault: _caught(fault, copies), FAULTS))
    by = {who: caught.count(who) for who in ("canaries", "tests", "nobody")}
    rows = [(fault.what, fault.file, who) for fault, who in zip(FAULTS, caught, strict=True)]
    rows += [("all", f"{len(FAULTS)} faults", ", ".join(f"{who} {number}" for who, number in by.items()))]
    method = (
        "Each fault is one replacement in a copy of the gate's code. The canaries judge their mutants on four pieces of "
        "evidence before the decision is made; the fast tests are asked about what the canaries let pass."
    )
    return Table("Faults in the gate", method, ("fault", "file", "caught by"), rows)


def _caught(fault: Fault, copies: Queue[Path]) -> str:
    copy = copies.get()
    try:
        file = copy / "include" / "gatehouse" / "core" / fault.file
        text = file.read_text(encoding="utf-8")
        if text.count(fault.right) != 1:
            raise AssertionError(f"{fault.what}: the text stands {text.count(fault.right)} times in {fault.file}")
        file.write_text(text.replace(fault.right, fault.wrong), encoding="utf-8")
        try:
            return "canaries" if _canaries(copy) else "nobody" if _tests_pass(copy) else "tests"
        finally:
            file.write_text(text, encoding="utf-8")
    finally:
        copies.put(copy)


def _copy(folder: Path) -> Path:
    unwanted = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "include" / "gatehouse", folder / "include" / "gatehouse", ignore=unwanted)
    for part in ("tests/unit/core", "tests/support", "tests/archive", "benchmarks"):
        shutil.copytree(ROOT / part, folder / part, ignore=unwanted)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def _canaries(copy: Path) -> bool:
    return _run(copy, "-m", "benchmarks.judging").stdout.startswith(b"caught")


def _tests_pass(copy: Path) -> bool:
    return _run(copy, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *TESTS).returncode == 0


def _run(copy: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """A clean process that finds the copy's code and nothing of the repository's."""
    environment = {**os.environ, "PYTHONPATH": str(copy / "include"), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([sys.executable, *arguments], cwd=copy, env=environment, capture_output=True, timeout=300)
