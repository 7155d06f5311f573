"""`gatehouse ci`: see in the pull request what a change would have meant."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click

from gatehouse.cli.output import json_option, nothing_on_standard_output, print_result
from gatehouse.settings import Settings
from gatehouse.use_case import find_folder, folders

FILE = click.Path(dir_okay=False, writable=True, path_type=Path)
SHARE = click.FloatRange(min=0, max=1)
FAILED = 3  # the change was checked and fails; 1 is an error, 2 a wrong usage


@click.command()
@click.argument("use_cases", nargs=-1)
@click.option("--base", required=True, help="The branch or commit that the change is for.")
@click.option(
    "--last", type=click.IntRange(min=1), default=6, show_default=True, help="How many of the last batches to compare."
)
@click.option(
    "--max-refused", type=SHARE, default=0.01, show_default=True, help="The share of rows that may newly be refused."
)
@click.option(
    "--max-worse", type=SHARE, default=0.01, show_default=True, help="The share by which the metric may be worse."
)
@click.option("--markdown", "markdown_file", type=FILE, help="Write the result as Markdown.")
@click.option("--sarif", "sarif_file", type=FILE, help="Write the result as SARIF.")
@json_option
def ci(
    use_cases: tuple[str, ...],
    base: str,
    last: int,
    max_refused: float,
    max_worse: float,
    markdown_file: Path | None,
    sarif_file: Path | None,
    as_json: bool,
) -> None:
    """Say what the change of a branch means for each use case that it touches.

    Without a name, all installed use cases are looked at. Each that differs from where the branch left `--base` is replayed
    before and after the change, from files alone. No running stack is needed. Exit code 3: the change fails.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # models are fitted side by side: each needs one core
    from gatehouse.ci import check_changes
    from gatehouse.ci.documents import document, markdown, sarif
    from gatehouse.core.change_check import Limits

    settings = Settings.from_environment()
    chosen = [find_folder(name, settings) for name in use_cases] or folders(settings.usecases)
    with nothing_on_standard_output():
        changes = check_changes(chosen, base, last, Limits(max_refused, max_worse))
    found = document(changes)
    print_result(found, as_json, markdown(changes))
    if markdown_file:
        markdown_file.write_text(markdown(changes), encoding="utf-8")
    if sarif_file:
        sarif_file.write_text(json.dumps(sarif(changes, Path.cwd()), indent=1), encoding="utf-8")
    if not found["passed"]:
        sys.exit(FAILED)
