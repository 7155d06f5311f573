"""`gatehouse backtest`: the same decisions, without waiting a year."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from gatehouse.cli.output import emit, json_option, table
from gatehouse.core.calendar import interval_of
from gatehouse.core.canonical import finite
from gatehouse.core.specs.gate import GatePolicy, check_policy
from gatehouse.core.specs.retrain import RetrainPolicy
from gatehouse.core.wording import shown
from gatehouse.settings import Settings
from gatehouse.usecase import OWNERS, find
from gatehouse.yaml_spec import read_spec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gatehouse.backtest import Result
    from gatehouse.backtest.history import Line
    from gatehouse.backtest.replay import Reviews, Taken

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
HEADINGS = ("batch", "rows", "quarantined", "alarms", "matured", "request", "verdict", "champion", "metric")


@click.command()
@click.argument("use_case")
@click.option("--policy", type=FILE, help="Another gate.yaml to decide by.")
@click.option("--retrain", type=FILE, help="Another retrain.yaml to retrain by.")
@click.option("--reviews", type=click.Choice(["nobody", "approve", "reject"]), default="nobody", show_default=True,
              help="Who answers a REVIEW.")  # fmt: skip
@click.option("--last", help="The key of the last batch to replay; all of them without.")
@click.option("--report", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="Write one HTML page.")
@json_option
def backtest(
    use_case: str,
    policy: Path | None,
    retrain: Path | None,
    reviews: str,
    last: str | None,
    report: Path | None,
    as_json: bool,
) -> None:
    """Replay a use case's whole history through the same core and stages, without Airflow and from files alone.

    USE_CASE is a name or a folder, which may lie anywhere. No running stack is needed or touched.
    """
    case = find(use_case, Settings.from_environment())
    other = read_spec(retrain, RetrainPolicy, OWNERS["retrain.yaml"]) if retrain else None
    gate = read_spec(policy, GatePolicy, OWNERS["gate.yaml"]) if policy else None
    if last:
        interval_of(case.contract.batch, last)  # a key of another form is named here
    check_policy(gate or case.gate, (other or case.retrain).task)

    os.environ.setdefault(
        "OMP_NUM_THREADS", "1"
    )  # models are fitted side by side: each needs one core, not all of them
    from gatehouse.backtest import backtest as run

    result = run(case, other, gate, cast("Reviews", reviews), _teller(as_json), last)
    if report:
        from gatehouse.report.backtest import backtest_report

        report.write_text(backtest_report(result.document()), encoding="utf-8")
    emit(result.document(), as_json, human(result))


def _teller(as_json: bool) -> Callable[[Taken], None]:
    """Progress on standard error, for a person who waits."""
    started = time.monotonic()

    def tell(taken: Taken) -> None:
        if not as_json and sys.stderr.isatty():
            trouble = f": {'; '.join(taken.errors)}" if taken.errors else ""
            click.echo(
                f"[{time.monotonic() - started:4.0f} s] {taken.key} {taken.state or 'not landed'}{trouble}", err=True
            )

    return tell


def human(result: Result) -> str:
    """What a person reads: a line for each batch, the ways to retrain, and what went wrong."""
    rows = [_cells(line) for line in result.lines]
    totals = result.totals
    means = [(way.name, shown(totals.means[way.name], ".4f", "-"), way.trainings, way.says) for way in result.ways]
    errors = [f"{line.key}: {error}" for line in result.lines for error in line.errors]
    compared = f"{totals.compared[0]} to {totals.compared[-1]}" if totals.compared else "none"
    parts = [
        table(HEADINGS, rows),
        f"{totals.batches} batches, {totals.rows:,} rows, {totals.quarantined:,} quarantined, {totals.alarms} alarms, "
        f"{totals.trainings} trainings, {totals.reviews} reviews",
        f"mean {result.metric} over {len(totals.compared)} batches ({compared}):",
        table(("way", "mean", "trainings", "what"), means),
        *(["", *errors] if errors else []),
    ]
    return "\n".join(parts)


def _cells(line: Line) -> tuple[object, ...]:
    paging = [" ".join([each["kind"], ", ".join(each["columns"])]).strip() for each in line.kinds if each["page"]]
    alarms = "; ".join(paging or [f"{each['kind']} {each['subject']}" for each in line.alarms])
    decay = "; ".join(_judged(each) for each in line.decay)
    reasons = ", ".join(dict.fromkeys(r["kind"] for request in line.requests for r in request["reasons"]))
    held = "held back" if line.held_back and not reasons else ""
    verdict = ", ".join(decision["verdict"] for decision in line.decisions)
    failed = ", ".join(each["state"] for each in line.requests if each["state"] != "decided")
    champion = f"v{line.champion}{' (later)' if line.late else ''}" if line.champion else "none"
    if not line.champion and line.champion_after and line.state != "accepted":
        champion = f"v{line.champion_after}, not scored"
    state = line.quarantined if line.state == "accepted" else line.state
    return (
        line.key,
        line.rows,
        state,
        alarms,
        decay,
        reasons or held,
        verdict or failed,
        champion,
        shown(line.metric, ".4f", ""),
    )


def _judged(each: Mapping[str, Any]) -> str:
    """What the newest matured outcomes said, with its interval and the limit: `log_loss 0.568 (0.49 to 0.65; 0.591) quiet`."""
    value, low, high, limit = (each.get(name) for name in ("value", "low", "high", "limit"))
    if each["kind"] == "cost":
        return f"cost {shown(value, ',.0f', '-')} ({shown(limit, ',.0f', '-')}) {each['state']}"
    name = each["subject"] if each["kind"] == "decay" else each["kind"]
    if finite(value) is None:
        return f"{name} {each['state']}"
    measured = finite(low) is not None and finite(high) is not None
    interval = f"{shown(low, '.2f')} to {shown(high, '.2f')}; " if measured else ""
    return f"{name} {shown(value)} ({interval}{shown(limit, '.3f', '-')}) {each['state']}"
