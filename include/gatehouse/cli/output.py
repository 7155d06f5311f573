"""How commands print: a table for people, or with `--json` one JSON document and nothing else."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import click

from gatehouse.core.canonical import canonical


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """The `--json` switch that every command that looks has."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")(command)


def emit(document: Any, as_json: bool, human: str) -> None:
    """Print the document as JSON, or what people read."""
    click.echo(json.dumps(json.loads(canonical(document)), indent=2) if as_json else human)


def plain(record: Any) -> Any:
    """A record as plain values."""
    return dataclasses.asdict(record)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], empty: str = "nothing yet") -> str:
    """Left-aligned columns under their headings, as wide as their widest cell."""
    cells = [[_printable(cell) for cell in row] for row in rows]
    if not cells:
        return empty
    widths = [max(len(row[i]) for row in [list(headings), *cells]) for i in range(len(headings))]
    lines = [headings, ["-" * width for width in widths], *cells]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def _printable(cell: object) -> str:
    """One line, no control characters: values from data must not steer the terminal."""
    text = "" if cell is None else str(cell)
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
