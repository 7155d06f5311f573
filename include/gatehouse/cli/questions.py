"""What `use-case new` asks a person at a terminal, where the label is missing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from gatehouse.proposal.source import found_in

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from gatehouse.proposal.source import Origin

Answers = tuple[str, str | None, tuple[str, ...]]
_FOUND = "empty: found from the data"


def at_terminal() -> bool:
    """Whether somebody can answer."""
    return sys.stdin.isatty()


def ask(rows: Origin, outcomes: Origin | None, time: str | None, key: tuple[str, ...]) -> Answers:
    """The label, and the time and the key where they are not given; what is not answered is found from the data."""
    table = found_in(rows)
    labelled = found_in(outcomes) if outcomes is not None else table
    click.echo("columns: " + ", ".join(f"{name} ({kind})" for name, kind in labelled.types.items()))
    label = click.prompt("Which column is predicted", value_proc=_one(labelled.types))
    if time is None and any(kind in ("timestamp", "timestamp_ns", "date") for kind in table.types.values()):
        time = click.prompt(
            f"When did a row happen ({_FOUND})", default="", show_default=False, value_proc=_one(table.types)
        )
    if not key:
        text = f"Which columns name a row, with commas ({_FOUND})"
        key = click.prompt(text, default="", show_default=False, value_proc=_several(table.types))
    return label, time or None, key


def _one(names: Collection[str]) -> Callable[[str], str]:
    return lambda text: next(iter(_several(names)(text)), "")


def _several(names: Collection[str]) -> Callable[[str], tuple[str, ...]]:
    """Reads names of columns; click asks again after a UsageError."""

    def read(text: str) -> tuple[str, ...]:
        found = tuple(part.strip() for part in text.split(",") if part.strip())
        unknown = [name for name in found if name not in names]
        if unknown:
            raise click.UsageError(f"no such column: {', '.join(unknown)}; there are {', '.join(names)}")
        return found

    return read
