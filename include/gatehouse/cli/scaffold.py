"""Commands for the authors of use cases: a new folder, the schemas for editors, a check before anything runs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import click
from pydantic import BaseModel

from gatehouse.cli.key_texts import described
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
@click.option(
    "--from",
    "source",
    metavar="DATA",
    help="A file, a folder, a pattern in quotes, or with --connection a table or SELECT.",
)
@click.option("--connection", metavar="VARIABLE", help="The environment variable that holds the database's address.")
@click.option("--conn-id", metavar="ID", help="Airflow's connection to the database, instead of --connection.")
@click.option("--label", help="The column to predict.")
@click.option("--key", multiple=True, help="A column that names a row. Repeat it for several.")
@click.option("--time", help="The column that says when a row happened.")
@click.option("--outcomes", metavar="DATA", help="Files, a table or a SELECT with the label, if it is not in the rows.")
@click.option(
    "--task", type=click.Choice(["classification", "multiclass", "regression"]), help="Without it the label decides."
)
@click.option("--positive", help="The value of the label to predict, if it is not 0 or 1.")
@click.option("--backtest/--no-backtest", default=True, show_default=True, help="Replay the whole history at the end.")
def new(
    use_case: str, source: str | None, connection: str | None, conn_id: str | None, label: str | None, key: tuple[str, ...],
    time: str | None, outcomes: str | None, task: str | None, positive: str | None, backtest: bool,
) -> None:  # fmt: skip
    """Make a use case: a folder with its five files.

    With `--from` and `--label` the files are proposed from your data, with the evidence, and run as they are. Without them
    they run on made-up data until you fill in your own. At a terminal you are asked for a label that is missing, and for the
    time and the key.
    """
    folder = Settings.from_environment().usecases[0] / use_case
    if not use_case.isidentifier() or not use_case.islower():
        raise ConfigurationError(
            "not a name for a use case", found=repr(use_case), allowed="lower-case letters, digits and _"
        )
    if folder.exists():
        raise ConfigurationError("the folder is there already", where=str(folder))
    if source is None and (connection or conn_id):
        raise ConfigurationError(
            "--connection needs --from", found="no --from", allowed="a table, or a query with SELECT"
        )
    if source is None:
        _copy_template(folder)
        click.echo(
            f"made {folder} with {', '.join(FILES)} and source.py; `gatehouse use-case check {use_case}` checks it"
        )
        return
    from gatehouse.cli.from_data import make, origin
    from gatehouse.cli.questions import ask, at_terminal
    from gatehouse.proposal.propose import Request

    if label is None and not at_terminal():
        raise ConfigurationError("--from needs --label", found="no label", allowed="the column to predict")
    rows = origin(source, connection, conn_id)
    other = origin(outcomes, connection, conn_id) if outcomes is not None else None
    if label is None:
        label, time, key = ask(rows, other, time, key)
    make(folder, TEMPLATE, Request(use_case, rows, label, key, time, other, task, positive), backtest)


def _copy_template(folder: Path) -> None:
    """The template under the name of the folder. Its made-up data are harmless, so its first model needs no review."""
    shutil.copytree(TEMPLATE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("contract.yaml", "gate.yaml"):
        text = (folder / name).read_text().replace("use_case: template", f"use_case: {folder.name}")
        (folder / name).write_text(text.replace("no_champion: review", "no_champion: promote"))


@click.command()
@click.argument("which", type=click.Choice(sorted(MODELS)))
def schema(which: str) -> None:
    """Print the JSON schema of contract.yaml, retrain.yaml, gate.yaml or notify.yaml for an editor."""
    click.echo(json.dumps(described(MODELS[which].model_json_schema(), which), indent=2))
