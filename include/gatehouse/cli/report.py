"""The command that hands out archived reports."""

from __future__ import annotations

from pathlib import Path

import click

from gatehouse.bootstrap import InstalledContext, open_context
from gatehouse.cli.actions import newest
from gatehouse.cli.show import resolve_decision
from gatehouse.core.types import BatchId, FileRef
from gatehouse.errors import RecordNotFoundError


@click.command()
@click.argument("subject")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write it there instead of printing it.")
def report(subject: str, out: Path | None) -> None:
    """The archived HTML report of a decision (by its id) or of a batch (`flight_delays/2013-03`): one file that loads
    nothing and can be mailed."""
    ctx, file = _of_batch(subject) if "/" in subject else _of_decision(subject)
    if file is None:
        raise RecordNotFoundError(
            f"no report of {subject!r} is archived; one made before reports were kept is in MLflow only"
        )
    page = ctx.lake.read(file).decode()
    if out is None:
        click.echo(page)
        return
    out.write_text(page, encoding="utf-8")
    click.echo(f"{out}: {len(page.encode()):,} bytes, sha256 {file.sha256}")


def _of_decision(subject: str) -> tuple[InstalledContext, FileRef | None]:
    ctx, whole_id = resolve_decision(subject)
    return ctx, ctx.ledger.decisions.report(whole_id)


def _of_batch(subject: str) -> tuple[InstalledContext, FileRef | None]:
    name, _, ref = subject.rpartition("/")
    ctx = open_context(name)
    key, _, revision = ref.partition(".r")
    whole = BatchId(ctx.name, key, int(revision)) if revision.isdigit() else newest(ctx, key).id
    return ctx, ctx.ledger.batches.get(whole).report
