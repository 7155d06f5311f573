"""How commands print: a table for people, or with `--json` one JSON document and nothing else."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import Any

import click

from gatehouse.core.audit.canonical_json import canonical


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The `--json` switch that every command that looks has."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")(command)


class _ActorOption(click.Option):
    """`--actor`; `--by` does the same and is in no help."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        names, self.opts = self.opts, ["--actor"]
        try:
            return super().get_help_record(ctx)
        finally:
            self.opts = names


def actor_option(**more: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Who acts."""
    return click.option("--actor", "--by", "actor", cls=_ActorOption, **more)


def print_result(document: Any, as_json: bool, human: str) -> None:
    """Print the document as JSON, or what people read."""
    click.echo(as_text(document) if as_json else human)


def as_text(document: Any) -> str:
    """The document as JSON for standard output."""
    return json.dumps(json.loads(canonical(document)), indent=2)


@contextmanager
def nothing_on_standard_output() -> Iterator[None]:
    """What the block prints, of whatever library or process it starts, goes to standard error: results have the other
    one to themselves."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def plain(record: Any) -> Any:
    """A record as plain values."""
    return dataclasses.asdict(record)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], empty: str = "nothing yet") -> str:
    """Left-aligned columns under their headings, as wide as their widest cell."""
    cells = [[printable(cell) for cell in row] for row in rows]
    if not cells:
        return empty
    widths = [max(len(row[i]) for row in [list(headings), *cells]) for i in range(len(headings))]
    lines = [headings, ["-" * width for width in widths], *cells]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def printable(cell: object) -> str:
    """One line, no control characters: values from data must not steer the terminal."""
    text = "" if cell is None else str(cell)
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
