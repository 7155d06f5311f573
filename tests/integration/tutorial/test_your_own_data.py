"""The tutorial's commands do what the page says, each as it is printed there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from gatehouse.settings import ROOT

PAGE = ROOT / "docs/tutorial/your-own-data.md"


def commands() -> list[list[str]]:
    """The commands of the page; `bin/gatehouse` and `python` by this interpreter."""
    lines = re.findall(r"```bash\n(.*?)\n```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    own = {"bin/gatehouse": [sys.executable, "-m", "gatehouse"], "python": [sys.executable]}
    return [[*own[first], *rest] for first, *rest in map(shlex.split, lines)]


def test_each_command_of_the_page_leads_to_a_champion(tmp_path: Path) -> None:
    """From a file and one command to five files, a check without an error, and a backtest in which a champion serves."""
    known = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT / "include"),
        "GATEHOUSE_USECASES": str(tmp_path / "cases"),
    }
    told = []
    for line in commands():
        done = subprocess.run(line, cwd=tmp_path, env=known, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
        told.append(done.stdout)
    assert len(told) == 4
    assert "batches: 12 of a month" in told[1]
    assert "visibility: good" in told[2]
    assert "PROMOTE" in told[3]
