"""The `gatehouse` command. Each subcommand's module is imported only when it is called, so that help is quick."""

from __future__ import annotations

import importlib
import os
import sys

import click

from gatehouse.errors import GatehouseError
from gatehouse.settings import Settings

COMMANDS = {
    "up": "stack",
    "down": "stack",
    "status": "stack",
    "walk": "stack",
    "batches": "show",
    "requests": "show",
    "decisions": "show",
    "champion": "show",
    "explain": "show",
    "replay": "replay",
    "verify": "verify",
    "journal": "journal",
    "backtest": "backtest",
    "approve": "actions",
    "reject": "actions",
    "override": "actions",
    "confirm": "actions",
    "rollback": "actions",
    "retrain": "actions",
    "release": "actions",
    "discard": "actions",
    "revalidate": "manual",
    "backfill": "manual",
    "judge": "manual",
    "accept-level": "manual",
    "report": "report",
    "messages": "notifications",
    "notify": "notifications",
    "new": "scaffold",
    "schema": "scaffold",
    "use-case": "use_case",
    "check": "check",
}


NEED_A_LEDGER = ("show", "replay", "actions", "manual", "report", "verify", "journal", "notifications")


class LazyGroup(click.Group):
    """A group whose commands live in modules of this package."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        if COMMANDS[cmd_name] in NEED_A_LEDGER:
            use_local_stack()
        module = importlib.import_module(f"gatehouse.cli.{COMMANDS[cmd_name]}")
        commands = [item for item in vars(module).values() if isinstance(item, click.Command)]
        return next(command for command in commands if command.name == cmd_name)


def use_local_stack() -> None:
    """Where the environment names no ledger, work on this checkout's own stack when it is up."""
    home = Settings.from_environment().home.resolve()
    if os.environ.get("GATEHOUSE_LEDGER_URL") or not (home / "state.json").is_file():
        return
    from gatehouse.dev_stack import stack
    from gatehouse.dev_stack.stack_dir import StackDirectory

    if stack.status(StackDirectory(home))["running"]:
        found = stack.connect(StackDirectory(home)).environment
        os.environ.update({name: value for name, value in found.items() if name.startswith(("GATEHOUSE_", "MLFLOW_"))})


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option("0.1.0", prog_name="gatehouse")
def gatehouse() -> None:
    """Governed retraining on Airflow: every batch checked, every model gated, every decision on record."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command; a named failure is one line on standard error and exit code 1, wrong usage is 2."""
    try:
        gatehouse.main(args=arguments, prog_name="gatehouse")
    except GatehouseError as error:
        click.echo(f"{type(error).__name__}: {error}", err=True)
        sys.exit(1)
