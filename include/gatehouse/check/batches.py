"""The batches of a check: rows as they would be landed, validated and given their features and labels."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from gatehouse.check.problem import Problems
from gatehouse.context import UseCaseContext
from gatehouse.core.contract.batch_calendar import batch_interval
from gatehouse.core.contract.validation import Validation
from gatehouse.core.rows.outcome_rows import OutcomeMatch, describe, match
from gatehouse.core.rows.row_keys import KEY
from gatehouse.core.types import Batch, BatchId, BatchState, FileRef, Outcomes, TableFiles
from gatehouse.errors import SourceError
from gatehouse.pipeline import validate
from gatehouse.pipeline.batch_data.labelled_rows import with_weights
from gatehouse.pipeline.batch_data.outcome_check import check_outcomes
from gatehouse.pipeline.batch_data.row_keys import LABEL, batch_frame, with_labels
from gatehouse.ports import TableCheck
from gatehouse.table_types import read_declared, undeclared
from gatehouse.use_case_code import labels_of

if TYPE_CHECKING:
    import pandas as pd

REASONS_SHOWN = 5
_FOUND = re.compile(r"found .*?; ")  # the value of one row: rows are counted by what is wrong with them


@dataclass(frozen=True)
class TablePreview:
    """What became of the rows of a table: how many are accepted, and how many quarantined for each reason."""

    name: str
    rows: int
    accepted: int
    quarantined: int
    reasons: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Labelled:
    """The outcomes of a batch: how many were delivered, how many match a row, and the rows with features and a label."""

    delivered: int
    matched: int
    frame: pd.DataFrame | None = None


@dataclass(frozen=True)
class Rows:
    """A batch as it was taken in: its tables, its accepted rows with features, and with labels (None where none are)."""

    key: str
    tables: tuple[TablePreview, ...] = ()
    features: pd.DataFrame | None = None
    outcomes: Labelled | None = None


def read_batch(ctx: UseCaseContext, key: str, problems: Problems) -> Rows:
    """Take one batch through landing, validation, features() and target(); what fails is kept as a problem."""
    interval = batch_interval(ctx.case.contract.frequency, key)
    batch = Batch(BatchId(ctx.name, key, 1), interval, BatchState.LANDED, "", {})
    tables: tuple[TablePreview, ...] = ()
    features: pd.DataFrame | None = None
    outcomes: Labelled | None = None
    with problems.during("source"):
        delivered = ctx.source.fetch(key, interval)
        with problems.during("contract"):
            batch, tables = _validated(ctx, batch, delivered, problems)
    if tables and tables[0].accepted:
        with problems.during("features"):
            features = batch_frame(ctx, batch)
        with problems.during("weights"):
            features = features if features is None else with_weights(ctx, batch, features)
    with problems.during("outcomes"):
        outcomes = _outcomes(ctx, batch, features, problems)
    return Rows(key, tables, features, outcomes)


def _validated(
    ctx: UseCaseContext, batch: Batch, delivered: Mapping[str, pd.DataFrame], problems: Problems
) -> tuple[Batch, tuple[TablePreview, ...]]:
    """The batch with its accepted rows in the lake. A batch that would be quarantined goes on with its good rows."""
    specs = ctx.case.contract.tables
    missing = [name for name in specs if name not in delivered]
    if missing:
        raise SourceError(
            f"batch {batch.id.key} lacks table {', '.join(missing)}",
            found=", ".join(delivered),
            allowed=", ".join(specs),
        )
    declared = {}
    for name, spec in specs.items():
        with problems.during("contract"):
            where = f"batch {batch.id.key}, table {name!r}"
            dialect = ctx.case.contract.dialect(name)
            declared[name] = read_declared(delivered[name], spec.columns, where, spec.key, dialect)
            if extra := undeclared(declared[name].frame):
                problems.hint(
                    "contract", f"table {name!r} has columns that contract.yaml does not declare", ", ".join(extra)
                )
    if len(declared) < len(specs):
        return batch, ()
    checks = validate.run_expectations(ctx, batch, declared)
    frames = {name: table.frame for name, table in declared.items()}
    validation = validate.decide_validation(ctx, frames, checks)
    _tell(batch.id.key, checks, validation, problems)
    unlanded = FileRef("", "", 0)
    good = validate.accepted_rows(frames, validation)
    parts = {name: TableFiles(unlanded, ctx.lake.put_frame(frame, "accepted")) for name, frame in good.items()}
    accepted = replace(batch, state=BatchState.ACCEPTED, tables=parts)
    return accepted, tuple(_preview(name, validation) for name in specs)


def _tell(key: str, checks: Mapping[str, TableCheck], validation: Validation, problems: Problems) -> None:
    for reason in validation.reasons:
        problems.report("contract", "a batch would be quarantined as a whole", f"batch {key}: {reason}")
    for table, check in checks.items():
        for result in check.results:
            if not result.success and result.severity != "critical":
                what = f"{result.expect} of table {table!r} does not hold ({result.severity})"
                rows = f"{result.unexpected:,} of {result.checked:,} rows, " if result.row_level else ""
                problems.hint("contract", what, f"batch {key}: {rows}{result.detail}".rstrip(", "))


def _preview(name: str, validation: Validation) -> TablePreview:
    split = validation.splits[name]
    reasons = Counter(_FOUND.sub("", reason) for bad in split.bad.values() for reason in bad)
    return TablePreview(
        name, split.rows, split.rows - len(split.bad), len(split.bad), dict(reasons.most_common(REASONS_SHOWN))
    )


def _outcomes(ctx: UseCaseContext, batch: Batch, features: pd.DataFrame | None, problems: Problems) -> Labelled | None:
    """The outcomes of the batch, matched to its rows; None where there are none yet."""
    delivered = ctx.source.outcomes(batch.id.key, batch.interval)
    if delivered is None or delivered.empty:
        return None
    checked = check_outcomes(ctx, batch, delivered)
    for reason in checked.validation.reasons:
        problems.report("outcomes", "the outcomes of a batch would be refused", f"batch {batch.id.key}: {reason}")
    if features is None:
        with problems.during("target"):
            labels_of(ctx.case, checked.good)
        return Labelled(len(delivered), 0)
    found = match(features[KEY], checked.keys.iloc[list(checked.kept)])
    if checked.validation.accepted:
        _tell_matches(batch.id.key, found, ctx.case.retrain.min_maturity, problems)
    labelled = None
    with problems.during("target"):
        file = ctx.lake.put_frame(checked.good, "outcomes")
        frame = with_labels(ctx, features, Outcomes(batch.id, batch.interval.end, file))
        labelled = frame[frame[LABEL].notna()]
    return Labelled(len(delivered), found.matched, labelled)


def _tell_matches(key: str, found: OutcomeMatch, min_maturity: float, problems: Problems) -> None:
    if not found.matched:
        what = "no outcome matches an accepted row"
        problems.report(
            "outcomes", what, f"batch {key}: {describe(found)}", "equal keys in both tables (key, normalise_keys)"
        )
    elif found.matched < min_maturity * found.rows:
        what = "fewer rows have an outcome than min_maturity asks for: the batch does not train a model yet"
        problems.hint("retrain", what, f"batch {key}: {describe(found)}", f"at least {min_maturity:.0%} of the rows")
