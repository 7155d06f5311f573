"""The `gatehouse` command: nouns with verbs. A command's module is imported only when it is called, so help is quick."""

from __future__ import annotations

import importlib
import os
import sys

import click

from gatehouse import __version__
from gatehouse.cli.commands import COMMANDS, NEED_A_LEDGER, NOUNS, RETIRED, Verbs
from gatehouse.errors import GatehouseError
from gatehouse.settings import Settings

Resolved = tuple[str | None, click.Command | None, list[str]]


class LazyGroup(click.Group):
    """A group whose commands live in modules of this package; its help is the table's, so that nothing is imported."""

    def __init__(self, name: str, about: str, verbs: Verbs) -> None:
        super().__init__(name=name, help=about, no_args_is_help=True)
        self.verbs = verbs

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return command(self.verbs[cmd_name][0]) if cmd_name in self.verbs else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(verb, text) for verb, (_, text) in self.verbs.items()])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Resolved:
        if args[0] not in self.verbs:
            ctx.fail(f"`gatehouse {self.name}` has no {args[0]!r}; allowed: {', '.join(self.verbs)}")
        return super().resolve_command(ctx, args)


class Nouns(click.Group):
    """The nouns, and the commands without one. A command of an earlier version is an error that names today's."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*NOUNS, *COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in NOUNS:
            return LazyGroup(cmd_name, *NOUNS[cmd_name])
        return command(COMMANDS[cmd_name][0]) if cmd_name in COMMANDS else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        lines = [(noun, f"{about} Verbs: {', '.join(verbs)}.") for noun, (about, verbs) in NOUNS.items()]
        with formatter.section("Commands"):
            formatter.write_dl(lines + [(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Resolved:
        if args[0] in RETIRED:
            ctx.fail(f"`gatehouse {args[0]}` is now `gatehouse {RETIRED[args[0]]}`")
        return super().resolve_command(ctx, args)


def command(place: str) -> click.Command:
    """The command of `module:function`."""
    module, _, function = place.partition(":")
    if module in NEED_A_LEDGER:
        use_local_stack()
    found: click.Command = getattr(importlib.import_module(f"gatehouse.cli.{module}"), function)
    return found


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


@click.command(cls=Nouns, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="gatehouse")
def gatehouse() -> None:
    """Governed retraining on Airflow: every batch checked, every model gated, every decision on record."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command; a named failure is one line on standard error and exit code 1, wrong usage is 2."""
    try:
        gatehouse.main(args=arguments, prog_name="gatehouse")
    except GatehouseError as error:
        click.echo(f"{type(error).__name__}: {error}", err=True)
        sys.exit(1)
