"""`--from` of a new use case: propose its files from data, write them, check them, and replay the history."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from pydantic import ValidationError

from gatehouse.cli.output import nothing_on_standard_output
from gatehouse.cli.progress import progress_line
from gatehouse.core.config.contract import SqlSource
from gatehouse.errors import InvalidInputError
from gatehouse.proposal.database import DatabaseTable
from gatehouse.proposal.gather import matching
from gatehouse.proposal.propose import propose
from gatehouse.use_case import FILES, load

if TYPE_CHECKING:
    from gatehouse.proposal.propose import Request
    from gatehouse.proposal.source import Origin


def origin(wanted: str, connection: str | None, conn_id: str | None) -> Origin:
    """The files at a path, or a table or query of the database that the variable or Airflow's connection names."""
    if connection is None and conn_id is None:
        if not Path(wanted).exists() and not matching(Path(wanted)):
            raise InvalidInputError(
                "no such file or folder", found=shown(wanted),
                allowed="a path that exists, or a pattern in quotes such as 'exports/orders_*.csv'; for a database, "
                "--connection VARIABLE and a table or SELECT",
            )  # fmt: skip
        return Path(wanted)
    try:
        spec = SqlSource(kind="sql", connection=connection, conn_id=conn_id, queries={})
    except ValidationError:
        raise InvalidInputError(
            "not the name of a variable or connection", found=shown(connection or str(conn_id)),
            allowed="--connection ORDERS_DATABASE (the variable that holds the address) or --conn-id orders, one of both",
        ) from None  # fmt: skip
    return DatabaseTable(spec, wanted)


def shown(text: str) -> str:
    """A text of the command line in a message; an address may hold a password."""
    return f"{text.split('://')[0]}://..." if "://" in text else repr(text)


def make(folder: Path, template: Path, asked: Request, backtest: bool) -> None:
    """Write the use case and say what was found, what to look at, and how it did on its history."""
    proposal = propose(asked)
    folder.mkdir(parents=True)
    for name, text in proposal.files.items():
        (folder / name).write_text(text, encoding="utf-8")
    shutil.copy(template / "RUNBOOK.md", folder / "RUNBOOK.md")
    click.echo(f"made {folder} with {', '.join(FILES)}")
    for line in proposal.evidence:
        click.echo(f"  {line}")
    for line in proposal.warnings:
        click.echo(f"  look at: {line}")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    _check(folder)
    if backtest:
        _backtest(folder)
    click.echo(
        f"Next: read the files, then `gatehouse use-case check {folder.name}` and `gatehouse backtest {folder.name}`."
    )


def _check(folder: Path) -> None:
    from gatehouse.check import check

    with nothing_on_standard_output():
        report = check(folder)
    click.echo(f"check: {len(report.errors)} errors, {len(report.problems) - len(report.errors)} hints")
    for problem in report.errors:
        click.echo(f"  {': '.join(text for text in (problem.what, problem.found) if text)}")


def _backtest(folder: Path) -> None:
    from gatehouse.backtest import backtest

    with nothing_on_standard_output(), progress_line() as told:
        result = backtest(load(folder), told=told)
    for sentence in sentences(result.document()):
        click.echo(sentence)


def sentences(result: dict[str, Any]) -> list[str]:
    """What matters of a backtest: the batches, the champion, what happened to the trainings, and what would do better."""
    lines, totals = result["lines"], result["totals"]
    served = [line for line in lines if line["champion"] is not None]
    first = (
        f"{totals['batches']} batches with {totals['rows']:,} rows; {totals['quarantined']:,} rows are in quarantine."
    )
    if not served:
        reasons = [decision["sentence"] for line in lines for decision in line["decisions"]][-1:]
        reasons += [error for line in lines for error in line["errors"]][-1:]
        return [first, "No champion yet.", *reasons]
    verdicts = ", ".join(f"{count} {name}" for name, count in sorted(totals["verdicts"].items()))
    return [
        first,
        f"A champion serves from batch {served[0]['key']} on; {_quality(result['metric'], served)}.",
        f"{totals['trainings']} {'training' if totals['trainings'] == 1 else 'trainings'}; "
        f"decisions: {verdicts or 'none'}; {totals['errors']} errors.",
        *([result["advice"]] if result["advice"] else []),
    ]


def _quality(metric: str, served: list[dict[str, Any]]) -> str:
    from gatehouse.core.statistics.metrics import metric_named

    values = [line["metric"] for line in served if line["metric"] is not None]
    if not values:
        return "nothing is measured yet"
    batches = "batch" if len(values) == 1 else "batches"
    return f"its {metric_named(metric).title} is {sum(values) / len(values):.4g} on average over {len(values)} measured {batches}"
