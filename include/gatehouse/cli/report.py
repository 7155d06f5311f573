"""The commands that hand out archived reports."""

from __future__ import annotations

from pathlib import Path

import click

from gatehouse.bootstrap import InstalledContext, open_context
from gatehouse.cli.actions import newest
from gatehouse.cli.show import resolve_decision
from gatehouse.core.types import BatchId, FileRef
from gatehouse.errors import RecordNotFoundError

OUTPUT = click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write it there instead of printing it."
)


@click.command("report")
@click.argument("decision")
@OUTPUT
def decision_report(decision: str, output: Path | None) -> None:
    """Print the archived HTML report of a decision: one file that loads nothing and can be mailed."""
    ctx, whole_id = resolve_decision(decision)
    _hand_out(ctx, ctx.ledger.decisions.report(whole_id), decision, output)


@click.command("report")
@click.argument("use_case")
@click.argument("key")
@OUTPUT
def batch_report(use_case: str, key: str, output: Path | None) -> None:
    """Print the archived HTML report of a batch, such as `flight_delays 2013-03`, or of a revision: `2013-03.r1`."""
    ctx = open_context(use_case)
    plain_key, _, revision = key.partition(".r")
    batch = BatchId(ctx.name, plain_key, int(revision)) if revision.isdigit() else newest(ctx, plain_key).id
    _hand_out(ctx, ctx.ledger.batches.get(batch).report, f"{use_case} {key}", output)


def _hand_out(ctx: InstalledContext, file: FileRef | None, subject: str, output: Path | None) -> None:
    if file is None:
        raise RecordNotFoundError(
            f"no report of {subject!r} is archived; one made before reports were kept is in MLflow only"
        )
    page = ctx.lake.read(file).decode()
    if output is None:
        click.echo(page)
        return
    output.write_text(page, encoding="utf-8")
    click.echo(f"{output}: {len(page.encode()):,} bytes, sha256 {file.sha256}")
