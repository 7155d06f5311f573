"""The documentation is short sentences, its links lead somewhere, and its commands exist."""

from __future__ import annotations

import importlib
import re
from functools import cache
from pathlib import Path

import click
import pytest

from gatehouse.cli.commands import COMMANDS, NOUNS
from gatehouse.settings import ROOT

LIMIT = 25
NAMING_SUFFIXES = {".py", ".yaml", ".yml", ".html", ".sql", ".md", ".toml"}
PAGES = sorted(str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")))
NOT_REWRITTEN: dict[str, str] = {}  # page: the reason, such as "not rewritten yet"
FENCED = re.compile(r"^( *)```.*?^ *```", re.DOTALL | re.MULTILINE)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
HEADING = re.compile(r"(?m)^#+ .*$")
ITEM = re.compile(r"(?m)^(?=\s*(?:[-*]|\d+\.)\s)")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"(?:^|[\s`/])(?:gatehouse|compose run --rm cli) ((?:[a-z-]+ ?)+[^`#|\n]*)")


@cache
def text_of(page: str) -> str:
    """The page's Markdown."""
    return (ROOT / page).read_text(encoding="utf-8")


def is_prose(block: str) -> bool:
    """Whether a block is a paragraph or a list: no table, heading, picture, HTML or indented code."""
    return bool(block.strip()) and not block.startswith("    ") and not block.lstrip().startswith(("|", "#", "!", "<"))


def sentences(text: str) -> list[str]:
    """The sentences of a page, without code; code and links inside a sentence count as what is read."""
    found: list[str] = []
    for block in re.split(r"\n\s*\n", HEADING.sub("\n", COMMENT.sub("", FENCED.sub("", text)))):
        for item in ITEM.split(block.strip("\n")) if is_prose(block.strip("\n")) else ():
            plain = re.sub(r"`[^`]*`", "CODE", LINK.sub(lambda m: m[0][1:].partition("](")[0], " ".join(item.split())))
            plain = re.sub(r"^(?:[-*]|\d+\.)\s+", "", plain)
            found += [part for part in re.split(r"(?<=[.!?:])[*)\"]*\s+(?=[\"'(*]*[A-Z])", plain) if part]
    return found


def long_sentences(page: str) -> list[str]:
    """The sentences of a page with more than 25 words."""
    return [sentence for sentence in sentences(text_of(page)) if len(sentence.split()) > LIMIT]


@pytest.mark.parametrize("page", [page for page in PAGES if page not in NOT_REWRITTEN])
def test_sentences_are_short(page: str) -> None:
    """No sentence of a page has more than 25 words."""
    assert not long_sentences(page), f"{page}: split these sentences, at most {LIMIT} words each"


def test_exceptions_are_needed() -> None:
    """A page leaves the list of exceptions as soon as it has no long sentence any more, or is gone."""
    done = [page for page in NOT_REWRITTEN if page not in PAGES or not long_sentences(page)]
    assert not done, f"remove from NOT_REWRITTEN, as no long sentence is left: {done}"


@pytest.mark.parametrize("page", [page for page in PAGES if page.startswith(("docs/how-to/", "docs/tutorial/"))])
def test_guides_address_the_reader(page: str) -> None:
    """How-to guides and the tutorial say "you"."""
    assert re.search(r"\b[Yy]ou(?:r|rs)?\b", text_of(page)), f"{page} never addresses its reader"


def slug(heading: str) -> str:
    """The anchor that a forge gives to a heading."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").strip().lower()
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", plain))


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors of a page."""
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    return frozenset(slug(found[1]) for found in re.finditer(r"^#+ (.+)$", text, re.MULTILINE))


def broken_links(page: str) -> list[str]:
    """The relative links of a page whose file or heading does not exist."""
    broken = []
    for target in LINK.findall(FENCED.sub("", text_of(page))):
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, anchor = target.partition("#")
        place = (ROOT / page).parent / path if path else ROOT / page
        if not place.exists() or (anchor and place.suffix == ".md" and anchor not in anchors(place.resolve())):
            broken.append(target)
    return broken


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    """Every relative link and anchor of a page leads to a file and a heading that exist."""
    assert not broken_links(page), f"{page} has broken links"


def test_pages_that_the_code_names_exist() -> None:
    """Every page that a source, a template or a settings file names is there."""
    folders = ("include", "plugins", "dags", "ops", "benchmarks", "docker")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in NAMING_SUFFIXES]
    named = {name for path in (*files, *ROOT.glob("*.y*ml"), ROOT / "Makefile", ROOT / ".env.example")
             for name in re.findall(r"\bdocs/[\w/-]+\.md\b", path.read_text(encoding="utf-8"))}  # fmt: skip
    assert named
    assert not [name for name in sorted(named) if not (ROOT / name).is_file()]


def command_lines(text: str) -> list[list[str]]:
    """What follows `gatehouse` in code: command lines as words, comments and placeholders in capitals kept as words."""
    code = [block[0] for block in FENCED.finditer(text)]
    prose = FENCED.sub("", text)
    code += re.findall(r"(?m)^ {4,}.*$", prose) + [f"`{span}`" for span in re.findall(r"`([^`\n]+)`", prose)]
    return [found[1].split() for piece in code for found in COMMAND.finditer(piece)]


@cache
def options_of(place: str) -> frozenset[str]:
    """The options of the command at `module:function`."""
    module, _, function = place.partition(":")
    command: click.Command = getattr(importlib.import_module(f"gatehouse.cli.{module}"), function)
    return frozenset(name for option in command.params for name in (*option.opts, *option.secondary_opts)) | {
        "--help",
        "-h",
    }


def problem_of(words: list[str]) -> str:
    """What is not true of a command line; empty where it names a command and options that exist."""
    line, noun, rest = " ".join(words), words[0], words[1:]
    if noun in COMMANDS:
        place = COMMANDS[noun][0]
    elif noun in NOUNS and rest and rest[0] in NOUNS[noun][1]:
        place = NOUNS[noun][1][rest[0]][0]
    elif noun in NOUNS and not rest:
        return ""
    else:
        return f"`gatehouse {line}` is no command"
    wanted = {word.strip(",.;:()[]").partition("=")[0] for word in rest if word.lstrip("([").startswith("--")}
    unknown = sorted(wanted - options_of(place) if wanted else ())
    return f"`gatehouse {line}` has no option {', '.join(unknown)}" if unknown else ""


@pytest.mark.parametrize("page", PAGES)
def test_commands_exist(page: str) -> None:
    """Every `gatehouse` command line in the documentation names a command and options that exist."""
    problems = [problem for words in command_lines(text_of(page)) if (problem := problem_of(words))]
    assert not problems, f"{page}: {problems}"


def test_long_sentences_are_found() -> None:
    """The check sees a long sentence in a paragraph and in a list, and none in tables, code or headings."""
    words = "word " * 26
    assert len(sentences(f"One. {words.capitalize()}.\n\n- Two\n- {words}")) == 4
    assert not sentences(f"# {words}\n\n| {words} |\n\n    {words}\n\n```\n{words}\n```")


def test_broken_commands_are_found() -> None:
    """The check refuses a verb and an option that do not exist, and takes a line with placeholders."""
    assert problem_of(["batch", "forget", "CASE"])
    assert problem_of(["batch", "list", "CASE", "--nothing"])
    assert not problem_of(["batch", "release", "CASE", "KEY", "--reason", "TEXT"])
