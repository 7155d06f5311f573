"""The template's use case with a first month that is long enough to be divided."""

from __future__ import annotations

import shutil
from pathlib import Path

from support.rides import TEMPLATE

MONTHS = ("2024-01", "2024-02")
BIG = """
def fetch(key, interval):
    made = _made(key, interval).drop(columns="label")
    copies = range(35 if key == "2024-01" else 1)
    return {"rows": pd.concat([made.assign(id=made["id"] + f"-{number}") for number in copies], ignore_index=True)}
"""


def rides(folder: Path) -> Path:
    """The template's use case with a first month of 70,000 rows, dividing batches of more than 50,000."""
    shutil.copytree(TEMPLATE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("contract.yaml", "gate.yaml"):
        (folder / name).write_text((folder / name).read_text().replace("use_case: template", "use_case: rides"))
    for name, more in (("contract.yaml", "max_rows_in_memory: 50000\n"), ("source.py", BIG)):
        (folder / name).write_text((folder / name).read_text() + more)
    return folder
