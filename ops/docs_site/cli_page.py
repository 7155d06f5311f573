"""The reference page of the `gatehouse` command, from the commands themselves."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator

import click

from gatehouse.cli.commands import COMMANDS, NOUNS, Verbs

HEAD = """\
# The gatehouse command

For everybody who works at a shell. You find every command, with its arguments and options.

    gatehouse batch list USECASE      # a noun, a verb, and what it is about

`--help` lists the nouns, the verbs of a noun, or the options of a command. In a checkout the command is `bin/gatehouse`, and
`bin/compose run --rm cli` in the production stack. A path to a folder may stand wherever a use case is named. With `--json` a
command prints one JSON document and nothing else.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | a failure that is named in one line ([errors](errors.md)), or a check that found something |
| 2 | wrong usage |
"""


def command(place: str) -> click.Command:
    """The command at `module:function`."""
    module, _, function = place.partition(":")
    found: click.Command = getattr(importlib.import_module(f"gatehouse.cli.{module}"), function)
    return found


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.replace("\b", "")).strip().replace("|", "\\|")


def _value(option: click.Option) -> str:
    if option.is_flag:
        return ""
    if isinstance(option.type, click.Choice):
        return " or ".join(f"`{choice}`" for choice in option.type.choices)
    if isinstance(option.type, click.IntRange):
        return f"whole number from {option.type.min} on"
    if isinstance(option.type, click.DateTime):
        return "moment, `2024-03-07T12:00:00`"
    return option.make_metavar(click.Context(click.Command("x"))).lower()


def _notes(option: click.Option) -> str:
    notes = [_plain(option.help or "")]
    notes += ["Required."] if option.required else []
    if isinstance(option.default, (str, int)) and option.default and not option.is_flag:
        notes.append(f"Default: `{option.default}`.")
    return " ".join(filter(None, notes))


def _usage(words: str, found: click.Command) -> str:
    arguments = [each for each in found.params if isinstance(each, click.Argument) and each.name]
    names = [(each, (each.name or "").upper() + ("..." if each.nargs == -1 else "")) for each in arguments]
    shown = [name if each.required else f"[{name}]" for each, name in names]
    options = ["[OPTIONS]"] if len(arguments) < len(found.params) else []
    return " ".join(["    gatehouse", words, *shown, *options])


def _options(found: click.Command) -> Iterator[str]:
    options = [each for each in found.params if isinstance(each, click.Option)]
    yield from ("| option | value | meaning |", "|---|---|---|") if options else ()
    for option in options:
        record = option.get_help_record(click.Context(found))  # an option may leave names out of the help
        name = ", ".join(f"`{each}`" for each in re.findall(r"--[\w-]+", record[0] if record else ""))
        yield f"| {name} | {_value(option)} | {_notes(option)} |"
    yield from ("",) if options else ()


def entry(words: str, place: str, level: int) -> Iterator[str]:
    """The lines of one command: usage, what it does, its options."""
    found = command(place)
    yield from (f"{'#' * level} gatehouse {words}", "", _usage(words, found), "")
    for paragraph in re.split(r"\n\s*\n", (found.help or "").split("\f")[0].strip()):
        yield from (_plain(paragraph), "")
    yield from _options(found)


def page() -> str:
    """The whole page."""
    lines = [HEAD]
    for noun, (about, verbs) in NOUNS.items():
        lines += [f"## gatehouse {noun}", "", about, ""]
        for verb, (place, _) in verbs.items():
            lines += entry(f"{noun} {verb}", place, 3)
    single: Verbs = COMMANDS
    for name, (place, _) in single.items():
        lines += entry(name, place, 2)
    return "\n".join(lines).rstrip() + "\n"
