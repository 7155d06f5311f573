"""Shares of the crash sweep; `make test-resilience` does the whole. The longer one is asked for by GATEHOUSE_RESILIENCE_TESTS=1: it wants minutes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from gatehouse.settings import ROOT

asked_for = pytest.mark.skipif(
    not os.environ.get("GATEHOUSE_RESILIENCE_TESTS"),
    reason="a sweep of minutes: GATEHOUSE_RESILIENCE_TESTS=1 asks for it",
)


def prove(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`python -m faults` in a process of its own: it forks, which threads of other tests would not survive."""
    paths = os.pathsep.join(str(ROOT / name) for name in ("include", "plugins", "tests"))
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    line = [sys.executable, "-W", "ignore", "-m", "faults", *arguments]
    return subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=1500, check=False)


@asked_for
@pytest.mark.timeout(1500)
def test_a_share_of_the_write_points_survives_a_death() -> None:
    """Killed at every 97th write point of a use case's whole life and done again, the state is that of no death."""
    done = prove("F1", "--every", "97")
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-5000:]}"
    assert "| F1 |" in done.stdout


@pytest.mark.timeout(1500)
def test_a_file_is_whole_once_the_ledger_names_it() -> None:
    """At each write point of a landing, what is not yet synced is torn by the death: no row ever names a torn file."""
    done = prove("F1", "--steps", "1")
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr[-5000:]}"
