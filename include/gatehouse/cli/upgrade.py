"""`gatehouse use-case upgrade`: the keys of an earlier version by today's names."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from gatehouse.cli.output import json_option, print_result
from gatehouse.use_case_upgrade import UpgradedFile
from gatehouse.use_case_upgrade import upgrade as upgrade_files


@click.command()
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@json_option
def upgrade(folder: Path, as_json: bool) -> None:
    """Rewrite the old keys in a use case's YAML files, in place. Comments and layout stay, and a second run changes
    nothing. Nothing is written when a file would not load afterwards. FOLDER may also be one of the files."""
    files = upgrade_files(folder)
    document = [{"file": str(file.path), "changes": [asdict(change) for change in file.changes]} for file in files]
    print_result(document, as_json, "\n".join(map(_said, files)))


def _said(file: UpgradedFile) -> str:
    if not file.changes:
        return f"{file.path}: nothing to change"
    return "\n".join([f"{file.path}: {len(file.changes)} changed", *(f"  {change}" for change in file.changes)])
