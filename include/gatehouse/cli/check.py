"""`gatehouse use-case check`: find today what would fail in the night."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gatehouse.cli.output import json_option, print_result, printable, table
from gatehouse.settings import Settings
from gatehouse.use_case import find_folder, folders

if TYPE_CHECKING:
    from gatehouse.check import Problem, Report


@click.command()
@click.argument("use_cases", nargs=-1)
@click.option("--batch", help="The key of the batch to take. Without it the first ones of the source.")
@click.option("--no-data", is_flag=True, help="Check the files and the import of model.py only.")
@json_option
def check(use_cases: tuple[str, ...], batch: str | None, no_data: bool, as_json: bool) -> None:
    """Run use cases on real rows and list everything that would fail. Without a name, all that are installed.

    USE_CASE is a name or a folder, which may lie anywhere. No running stack is needed or touched. Exit code 1: something
    would fail.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # the sample is small: threads that wait for each other cost more
    from gatehouse.check import check as run

    settings = Settings.from_environment()
    chosen = [find_folder(name, settings) for name in use_cases] or folders(settings.usecases)
    reports = [run(folder, data=not no_data, batch=batch) for folder in chosen]
    document = {
        "good": not any(report.errors for report in reports),
        "use_cases": [_document(each) for each in reports],
    }
    print_result(document, as_json, "\n\n".join(_human(report) for report in reports))
    if not document["good"]:
        sys.exit(1)


def _document(report: Report) -> dict[str, Any]:
    return {
        "use_case": report.use_case,
        "good": not report.errors,
        "read": report.read,
        "tried": report.tried,
        "notes": report.notes,
        "batches": [
            {
                "key": rows.key,
                "tables": [asdict(preview) for preview in rows.tables],
                "features": None if rows.features is None else _features(rows.features),
                "outcomes": rows.outcomes and {"delivered": rows.outcomes.delivered, "matched": rows.outcomes.matched},
            }
            for rows in report.batches
        ],
        "problems": [
            {**asdict(problem), "file": problem.file, "line": problem.line, "goes_on": problem.goes_on}
            for problem in report.problems
        ],
    }


def _features(frame: Any) -> dict[str, str]:
    """The names and types of the columns that features() returned."""
    return {str(name): str(kind) for name, kind in frame.dtypes.items() if not str(name).startswith("gh_")}


def _human(report: Report) -> str:
    errors, hints = len(report.errors), len(report.problems) - len(report.errors)
    verdict = [_counted(errors, "error") if errors else "good", *([_counted(hints, "hint")] if hints else [])]
    parts = [f"{report.use_case}: {', '.join(verdict)}"]
    parts += [
        f"  {line}"
        for line in [*report.read, *_previews(report), *report.tried, *(f"note: {note}" for note in report.notes)]
    ]
    parts += [f"\n{_paragraph(problem, report.folder)}" for problem in report.problems]
    return "\n".join(parts)


def _previews(report: Report) -> list[str]:
    """The first batch, table by table, and what its rows became."""
    lines = []
    for rows in report.batches[:1]:
        cells = [
            (
                preview.name,
                f"{preview.rows:,}",
                f"{preview.accepted:,}",
                f"{preview.quarantined:,}",
                _reasons(preview.reasons),
            )
            for preview in rows.tables
        ]
        lines += [
            f"batch {rows.key}:",
            *table(("table", "rows", "accepted", "quarantined", "because"), cells).splitlines(),
        ]
        if rows.features is not None:
            named = ", ".join(f"{name} {kind}" for name, kind in _features(rows.features).items())
            lines.append(f"features: {len(rows.features):,} rows; {named}")
        if rows.outcomes is None:
            lines.append("outcomes: none yet")
        else:
            lines.append(f"outcomes: {rows.outcomes.delivered:,}, of which {rows.outcomes.matched:,} match a row")
    if len(report.batches) > 1:
        lines.append(f"and {len(report.batches) - 1} more batches, to {report.batches[-1].key}, for more labelled rows")
    return lines


def _reasons(reasons: dict[str, int]) -> str:
    return "; ".join(f"{reason} ({count:,})" for reason, count in reasons.items())


def _paragraph(problem: Problem, folder: Path) -> str:
    lines = [f"{problem.severity}: {problem.where.removeprefix(f'{folder}{os.sep}')}: {problem.what}"]
    named = {"Found": problem.found, "Allowed": problem.allowed, "Owner": problem.owner}
    if problem.severity == "error":
        named["Goes on"] = problem.goes_on
    lines += [f"  {f'{name}:':<9}{value}" for name, value in named.items() if value]
    return "\n".join(map(printable, lines))


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
