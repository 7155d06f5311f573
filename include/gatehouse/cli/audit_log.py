"""`gatehouse audit log`: what was recorded, and the whole of it as one file that anyone can check."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from gatehouse.adapters.ledger import open_ledger
from gatehouse.cli.output import json_option, plain, print_result, table
from gatehouse.core.audit.hash_chain import export_lines
from gatehouse.core.types import AuditEntry
from gatehouse.ports import AuditLog
from gatehouse.settings import Settings

CHUNK = 10_000
WIDTH = 100


@click.command()
@click.option("--about", default="", help="Only entries about this batch, decision or use case.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many of the newest.")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the whole audit log to this file."
)
@json_option
def audit_log(about: str, limit: int, output: Path | None, as_json: bool) -> None:
    """List what was recorded, the newest last. `gatehouse audit verify --file FILE` checks what `--output FILE` wrote."""
    entries = all_entries(
        open_ledger(Settings.from_environment().require("ledger_url")).audit_log, "" if output else about
    )
    if output is not None:
        with output.open("w", encoding="utf-8", newline="") as file:
            file.writelines(export_lines(entries))
        print_result(
            {"output": str(output)}, as_json, f"written: {output}; `gatehouse audit verify --file {output}` checks it"
        )
        return
    newest = list(entries)[-limit:]
    rows = [
        (
            entry.seq,
            f"{entry.at:%Y-%m-%d %H:%M:%S}",
            entry.kind,
            entry.subject[:40],
            entry.actor[:40],
            entry.body[:WIDTH],
        )
        for entry in newest
    ]
    names = ("entry", "at (UTC)", "kind", "subject", "actor", "body")
    print_result([plain(entry) for entry in newest], as_json, table(names, rows))


def all_entries(audit_log: AuditLog, about: str = "") -> Iterator[AuditEntry]:
    """Every entry, read in portions."""
    last = 0
    while chunk := audit_log.entries(last, CHUNK, about):
        yield from chunk
        last = chunk[-1].seq
