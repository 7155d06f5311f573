"""A check from a folder to its report. It goes on after a problem wherever there is something left to look at."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gatehouse.adapters.contract import contract_problems
from gatehouse.check.batches import Rows, read_batch
from gatehouse.check.context import CheckContext, Lenient
from gatehouse.check.gate import try_rules
from gatehouse.check.model import fit_all, look_at_features, measure_own, sample, stand_in, with_made_up_labels
from gatehouse.check.problem import Problem, Problems
from gatehouse.check.settings import retrain_hints
from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.core.statistics.blocked_rows import effective_rows
from gatehouse.errors import SourceError
from gatehouse.model_code import load_model_code
from gatehouse.pipeline.batch_data.labelled_rows import weights_in
from gatehouse.pipeline.batch_data.row_keys import LABEL
from gatehouse.pipeline.fit import inner_split
from gatehouse.use_case import Reading, UseCase, read

if TYPE_CHECKING:
    import pandas as pd

SAMPLE_ROWS = 4000
ENOUGH_ROWS = 1000  # labelled rows: below, the batches that follow are taken as well
MOST_BATCHES = 8
LEAST_ROWS = 40


@dataclass
class Report:
    """What was read and tried, what would fail, and what was not looked at and why (`notes`)."""

    folder: Path
    read: list[str] = field(default_factory=list)
    tried: list[str] = field(default_factory=list)
    batches: list[Rows] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    problems: tuple[Problem, ...] = ()

    @property
    def use_case(self) -> str:
        """The name of the use case."""
        return self.folder.name

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that would make something fail."""
        return tuple(problem for problem in self.problems if problem.severity == "error")


def check(folder: Path, data: bool = True, batch: str | None = None) -> Report:
    """Check the use case in a folder: its files and its code, and with `data` all of it on real rows.

    Args:
        folder: the use case.
        data: run it on rows of its source; without, only what can be read off the files and the import of `model.py`.
        batch: the key of the batch to take; the first ones of the source unless given.
    """
    report, problems, reading = Report(folder), Problems(folder), read(folder)
    for error in reading.problems:
        problems.error("files", error)
    _check_code(reading, problems, report)
    if reading.case is None:
        report.notes.append("no rows were looked at: a YAML file cannot be read")
    elif data:
        with tempfile.TemporaryDirectory(prefix="gatehouse-check-") as lake:
            _check_rows(CheckContext(Lenient.of(reading.case), lake), batch, problems, report)
    report.problems = problems.found
    return report


def _check_code(reading: Reading, problems: Problems, report: Report) -> None:
    """The contract's expectations, and what importing `model.py` says of it."""
    if reading.contract is not None:
        for error in contract_problems(reading.contract, str(reading.folder / "contract.yaml")):
            problems.error("files", error)
    case = reading.case
    if case is None:
        with problems.during("files"):
            load_model_code(reading.folder / "model.py")
        return
    estimators, slices = 0, "none"
    with problems.during("estimators"):
        estimators = len(case.estimators())
    with problems.during("features"):
        slices = ", ".join(case.slices) or slices
    report.read.append(
        f"files: tables {', '.join(case.contract.tables)}; {estimators} estimators; {len(case.gate.rules)} rules; slices {slices}"
    )
    if case.contract.schedule is not None:
        report.read.append(
            f"schedule: {case.contract.schedule} UTC, in force when the DAG {case.name}__ingest is switched on: "
            f"airflow dags unpause {case.name}__ingest"
        )
    retrain_hints(case, problems)


def _check_rows(ctx: CheckContext, batch: str | None, problems: Problems, report: Report) -> None:
    for key in _keys(ctx, batch, problems, report):
        report.batches.append(read_batch(ctx, key, problems))
        if _labelled_rows(report.batches) >= ENOUGH_ROWS:
            break
    frames = [rows.features for rows in report.batches if rows.features is not None]
    if not frames:
        report.notes.append("features, estimators, metrics and rules were not tried: there are no rows with features")
        return
    look_at_features(ctx.case, frames[0], problems)
    rows = _labelled(report.batches, frames, ctx.case, problems, report)
    if len(rows) < LEAST_ROWS:
        report.notes.append(f"estimators, metrics and rules were not tried on {len(rows)} rows; they need {LEAST_ROWS}")
        return
    with problems.during("features"):
        rows = ctx.lake.frame(ctx.lake.put_frame(rows, "training"))
    _check_model(ctx, rows, problems, report)


def _labelled(
    batches: Sequence[Rows], frames: Sequence[pd.DataFrame], case: UseCase, problems: Problems, report: Report
) -> pd.DataFrame:
    """The sample that models are fitted on. Where no model can learn from its labels, they are made up."""
    labelled = [rows.outcomes.frame for rows in batches if rows.outcomes and rows.outcomes.frame is not None]
    rows = sample(labelled or frames, SAMPLE_ROWS)
    values = [float(value) for value in rows[LABEL].unique()] if LABEL in rows else []
    if len(values) == 1 and len(rows) >= LEAST_ROWS:
        problems.hint("target", f"the label is {values[0]:g} in all {len(rows):,} rows of the sample")
    if labelled and len(rows) and all(part[LABEL].nunique() > 1 for part in inner_split(rows)):
        return rows
    report.notes.append(
        "the rows have no labels that a model can learn from: estimators, metrics and rules were tried on made-up labels"
    )
    return with_made_up_labels(sample(frames, SAMPLE_ROWS), len(case.retrain.class_names))


def _keys(ctx: CheckContext, batch: str | None, problems: Problems, report: Report) -> Iterable[str]:
    """The batches to take: the one asked for, or those that the source has, the first ones first."""
    contract = ctx.case.contract
    if batch is not None:
        batch_interval(contract.frequency, batch)
        return [batch]
    there: list[str] = []
    with problems.during("source"):
        there = [key for key in ctx.source.available() if key >= contract.first_batch]
        there = [key for key in there if contract.last_batch is None or key <= contract.last_batch]
        if not there:
            last = f" to {contract.last_batch}" if contract.last_batch else ""
            raise SourceError(
                "the source has no batch", found="none", allowed=f"batches from {contract.first_batch}{last}"
            )
        report.read.append(f"source: {len(there):,} batches, {there[0]} to {there[-1]}")
    return there[:MOST_BATCHES]


def _labelled_rows(batches: Iterable[Rows]) -> int:
    frames = [rows.outcomes.frame for rows in batches if rows.outcomes is not None]
    return sum(len(frame) for frame in frames if frame is not None)


def _check_model(ctx: CheckContext, rows: pd.DataFrame, problems: Problems, report: Report) -> None:
    fitted, weights = [], weights_in(rows)
    if weights is not None:
        told = f"{effective_rows(weights):,.0f} rows of equal weight"
        report.tried.append(f"weights() on {len(rows):,} rows: they tell as much as {told}")
    with problems.during("estimators"):
        fitted = fit_all(ctx, rows, problems)
        names = ", ".join(each.name for each in fitted) or "none"
        report.tried.append(f"estimators fitted, stored and loaded on {len(rows):,} rows: {names}")
    with problems.during("gate"):
        model = fitted[0] if fitted else stand_in(ctx, rows)
        measure_own(ctx.case, model, problems)
        report.tried.append(f"rules tried: {try_rules(ctx, model, problems)}")
