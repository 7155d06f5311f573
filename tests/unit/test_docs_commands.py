"""Every command line in a code block of the documents has the arguments and options that the command takes."""

from __future__ import annotations

import importlib
import re
import shlex
from pathlib import Path

import click
import pytest

from gatehouse.cli.commands import COMMANDS, NOUNS
from gatehouse.settings import ROOT

PAGES = [*ROOT.glob("*.md"), *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"(?ms)^ *```(\w*)\n(.*?)^ *```")
LINE = re.compile(r"(?m)^ *(?:\$ )?(?:bin/|bin/compose run --rm cli )?gatehouse (?!--)(.*)$")
MAKE = re.compile(r"(?:^ {4,}|`|&& )make ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)*)", re.MULTILINE)
TARGETS = set(re.findall(r"(?m)^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8")))


def code(text: str) -> list[str]:
    """The fenced blocks that are for a shell, and the indented ones."""
    fenced = [block for language, block in FENCE.findall(text) if language in ("", "bash", "sh")]
    return [*fenced, *re.findall(r"(?m)^ {4,}\S.*$", FENCE.sub("", text))]


def lines(text: str) -> list[str]:
    """What follows `gatehouse` in code, without comments; lines with dots or square brackets are patterns."""
    found = (match[1] for block in code(text) for match in LINE.finditer(block))
    plain = (re.split(r"\s{2,}[a-z(]|\s#", line)[0].strip() for line in found)
    return [line for line in plain if "..." not in line and "[" not in line]


def command_of(words: list[str]) -> tuple[click.Command | None, list[str]]:
    """The command, and what is left for it."""
    if words and words[0] in COMMANDS:
        place, rest = COMMANDS[words[0]][0], words[1:]
    elif len(words) > 1 and words[0] in NOUNS and words[1] in NOUNS[words[0]][1]:
        place, rest = NOUNS[words[0]][1][words[1]][0], words[2:]
    else:
        return None, []
    module, _, function = place.partition(":")
    command: click.Command = getattr(importlib.import_module(f"gatehouse.cli.{module}"), function)
    return command, rest


def problem(line: str) -> str:
    """What the command says against a line; empty where it takes it."""
    command, rest = command_of(shlex.split(line))
    if command is None:
        return "no such command"
    context = click.Context(command)
    try:
        values, left, _ = command.make_parser(context).parse_args(rest)
    except click.UsageError as error:
        return error.format_message()
    wanted = [each for each in command.params if isinstance(each, click.Argument) and each.required]
    missing = [each.name for each in wanted if not isinstance(values.get(each.name or ""), (str, tuple))]
    return f"missing {missing}" if missing else f"too many: {left}" if left else ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_command_line_is_complete(page: Path) -> None:
    """A line of a code block can be typed as it is, once its words in capitals are replaced."""
    text = page.read_text(encoding="utf-8")
    found = {line: why for line in lines(text) if (why := problem(line))}
    assert not found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_make_target_exists(page: Path) -> None:
    """Every `make` target that a page names is in the Makefile."""
    text = page.read_text(encoding="utf-8")
    named = {word for found in MAKE.findall(text) for word in found.split()}
    if page.name == "CHANGELOG.md":
        named -= {"prove", "prove-mutants", "bench", "spark"}  # told as replaced
    assert sorted(named - TARGETS) == []


def test_incomplete_lines_are_found() -> None:
    """A missing argument, an unknown option, an option without its value and a superfluous word are found."""
    assert problem("batch release CASE")
    assert problem("batch list CASE --nothing")
    assert problem("batch release CASE KEY --reason")
    assert problem("batch list CASE KEY")
    assert not problem("batch release CASE KEY --reason 'a sentence' --actor NAME")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_script_and_module_exists(page: Path) -> None:
    """Every script of `bin` and every module that a page starts is in this checkout."""
    text = page.read_text(encoding="utf-8")
    scripts = {name for name in re.findall(r"\bbin/([a-z]+)\b", text) if not (ROOT / "bin" / name).is_file()}
    assert scripts - {"python", "bash", "sh", "activate", "pip"} == set()
    for module in re.findall(r"python -m ((?:benchmarks|gatehouse|faults)[\w.]*)", text):
        folders = [ROOT / folder / module.replace(".", "/") for folder in ("", "include", "tests")]
        assert any(path.is_dir() or path.with_suffix(".py").is_file() for path in folders), module
