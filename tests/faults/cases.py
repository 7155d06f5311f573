"""Small use cases of the template: as many as a fault needs, of as many months from 2024 on."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from faults import scenario
from support.rides import TEMPLATE

Edits = Mapping[str, Mapping[str, str]]  # by file, the texts that replace others
SMALL: Edits = {
    "gate.yaml": {"min_rows: 1000": "min_rows: 150"},
    "source.py": {"ROWS = 2000": "ROWS = 200"},
    "model.py": {"max_iter=50": "max_iter=5"},
}  # a tenth of the rows, for thousands of batches


def use_case(folder: Path, batches: int, edits: Edits | None = None) -> None:
    """The template's use case under the folder's name, whose first model needs no review."""
    year, month = 2024 + (batches - 1) // 12, (batches - 1) % 12 + 1
    named = {"use_case: template": f"use_case: {folder.name}"}
    own: Edits = {
        "contract.yaml": named,
        "gate.yaml": {**named, "no_champion: review": "no_champion: promote"},
        "source.py": {'"2024-08"': f'"{year}-{month:02}"'},
    }
    shutil.copytree(TEMPLATE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for changes in (own, edits or {}):
        for file, replaced in changes.items():
            scenario.edit(folder / file, dict(replaced))
