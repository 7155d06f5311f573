"""Commands for the authors of use cases: a new folder, the schemas for editors, a check before anything runs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import click
from pydantic import BaseModel

from gatehouse.core.config.contract import Contract
from gatehouse.core.config.gate import GatePolicy
from gatehouse.core.config.notify import NotifyConfig
from gatehouse.core.config.retrain import RetrainPolicy
from gatehouse.errors import ConfigurationError
from gatehouse.settings import Settings
from gatehouse.use_case import FILES

MODELS: dict[str, type[BaseModel]] = {
    "contract": Contract, "retrain": RetrainPolicy, "gate": GatePolicy, "notify": NotifyConfig,
}  # fmt: skip
TEMPLATE = Path(__file__).parent / "template"


@click.command()
@click.argument("use_case")
def new(use_case: str) -> None:
    """Make a use case: a folder with its five files, ready to run on made-up data until you fill in your own."""
    folder = Settings.from_environment().usecases[0] / use_case
    if not use_case.isidentifier() or not use_case.islower():
        raise ConfigurationError(
            "not a name for a use case", found=repr(use_case), allowed="lower-case letters, digits and _"
        )
    if folder.exists():
        raise ConfigurationError("the folder is there already", where=str(folder))
    shutil.copytree(TEMPLATE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    contract = folder / "contract.yaml"
    contract.write_text(contract.read_text().replace("template", use_case))
    click.echo(f"made {folder} with {', '.join(FILES)} and source.py; `gatehouse use-case check {use_case}` checks it")


@click.command()
@click.argument("which", type=click.Choice(sorted(MODELS)))
def schema(which: str) -> None:
    """Print the JSON schema of contract.yaml, retrain.yaml, gate.yaml or notify.yaml for an editor."""
    click.echo(json.dumps(MODELS[which].model_json_schema(), indent=2))
