"""`gatehouse backtest`: the same decisions, without waiting a year."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from gatehouse.cli.backtest_table import human
from gatehouse.cli.output import as_text, json_option, nothing_on_standard_output
from gatehouse.cli.progress import progress_line
from gatehouse.core.config.gate import GatePolicy
from gatehouse.core.config.gate_for_task import check_policy
from gatehouse.core.config.retrain import RetrainPolicy
from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.errors import InvalidInputError
from gatehouse.settings import Settings
from gatehouse.use_case import OWNERS, find
from gatehouse.use_case_checks import gate_problems, retrain_problems
from gatehouse.yaml_loader import read_spec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gatehouse.backtest.replay import Reviews

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
INTERRUPTED = 130  # as a shell counts a process that an interrupt has ended


@click.command()
@click.argument("use_case")
@click.option("--policy", type=FILE, help="Another gate.yaml to decide by.")
@click.option("--retrain", type=FILE, help="Another retrain.yaml to retrain by.")
@click.option("--reviews", type=click.Choice(["nobody", "approve", "reject"]), default="nobody", show_default=True,
              help="Who answers a REVIEW.")  # fmt: skip
@click.option("--until", help="The key of the last batch to replay. Without it all.")
@click.option("--report", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Write one HTML page.")
@click.option("--keep", is_flag=True, help="Keep the report for the use case's Policy page.")
@json_option
def backtest(
    use_case: str,
    policy: Path | None,
    retrain: Path | None,
    reviews: str,
    until: str | None,
    report: Path | None,
    keep: bool,
    as_json: bool,
) -> None:
    """Replay a use case's whole history through the same steps, without Airflow and from files alone.

    USE_CASE is a name or a folder, which may lie anywhere. No running stack is needed or touched.
    """
    settings = Settings.from_environment()
    with nothing_on_standard_output():  # model.py may print while it is read
        case = find(use_case, settings)
    other = read_spec(retrain, RetrainPolicy, OWNERS["retrain.yaml"]) if retrain else None
    gate = read_spec(policy, GatePolicy, OWNERS["gate.yaml"]) if policy else None
    if until:
        batch_interval(case.contract.frequency, until)  # a key of another form is named here
    trained = other or case.retrain
    check_policy(gate or case.gate, trained.task, classes=trained.class_names)
    for problem in [
        *(gate_problems(gate, case.folder, policy) if gate else ()),
        *(retrain_problems(other, case.folder, retrain) if other else ()),
    ]:
        raise problem

    # models are fitted side by side: each needs one core, not all of them
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was started is ended, whoever asks for it
    from gatehouse.backtest import backtest as run

    try:
        with nothing_on_standard_output(), progress_line() as told:
            result = run(case, other, gate, cast("Reviews", reviews), told, until)
    except KeyboardInterrupt:
        click.echo("Interrupted. Nothing is kept: run the command again.", err=True)
        sys.stderr.flush()
        os._exit(INTERRUPTED)  # a model that is being fitted would keep the process for as long as that takes
    document = result.document()
    click.echo(as_text(document) if as_json else human(result))
    if report or keep:
        _write(report, settings.home if keep else None, document)


def _write(report: Path | None, home: Path | None, document: Mapping[str, Any]) -> None:
    """The page, after the result was printed: what goes wrong with it must not take the result along."""
    from gatehouse.adapters import kept_backtests
    from gatehouse.reports.backtest import backtest_report

    page = backtest_report(document)
    try:
        if report:
            report.write_text(page, encoding="utf-8")
        if home:
            kept_backtests.keep(home, document, page)
    except OSError as error:
        raise InvalidInputError(
            f"the report cannot be written to {error.filename or report}",
            found=str(error.strerror or error),
            allowed="a file in a folder",
        ) from error
