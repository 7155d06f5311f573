"""A peer's own environment, and a script run in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

VERSIONS = {"evidently": "0.7.23", "nannyml": "0.13.1"}


def python_of(home: Path, name: str) -> Path:
    """The interpreter of the environment, which is installed when it is not there."""
    place = home / name
    python = place / "bin" / "python"
    if not (place / "ready").exists():
        venv.create(place, with_pip=True, clear=True)
        subprocess.run(
            [python, "-m", "pip", "install", "-q", f"{name}=={VERSIONS[name]}", "pandas<3", "pyarrow", "statsmodels"],
            check=True,
        )
        (place / "ready").touch()
    return python


def run(home: Path, name: str, folder: Path) -> dict[str, Any]:
    """What `<name>_drift.py` prints for the files in a folder."""
    script = Path(__file__).parent / f"{name}_drift.py"
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [python_of(home, name), "-W", "ignore", script, folder], check=True, stdout=subprocess.PIPE, env=environment
    )
    sys.stdout.flush()
    found: dict[str, Any] = json.loads(done.stdout.decode().strip().splitlines()[-1])
    return found
