"""One delivery of outcomes against its contract: which rows are good, which contradict, and how they match the batch."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gatehouse.context import UseCaseContext
from gatehouse.core.contract.parameters import parameters
from gatehouse.core.contract.validation import Validation, decide, joined_reasons
from gatehouse.core.rows.outcome_rows import OutcomeMatch, contradictions, match, repeated
from gatehouse.core.rows.row_keys import row_keys, without_key
from gatehouse.core.types import Batch
from gatehouse.errors import LakeError, ModelError, SchemaMismatchError
from gatehouse.pipeline.batch_data import unreadable_rows
from gatehouse.pipeline.validate import quarantined_rows
from gatehouse.ports import TableCheck
from gatehouse.table_types import read_declared
from gatehouse.use_case_code import labels_of

if TYPE_CHECKING:
    import pandas as pd

TABLE = "outcomes"


@dataclass(frozen=True)
class CheckedOutcomes:
    """Delivered outcomes as declared, with their keys; `kept` are the positions of those that count, one for each key."""

    frame: pd.DataFrame
    keys: pd.Series[str]
    check: TableCheck
    validation: Validation
    kept: tuple[int, ...]
    contradicting: tuple[int, ...]

    @property
    def good(self) -> pd.DataFrame:
        return self.frame.iloc[list(self.kept)].reset_index(drop=True)

    @property
    def quarantined(self) -> pd.DataFrame | None:
        """The bad ones with their reasons; None where there are none."""
        split = self.validation.splits[TABLE]
        return quarantined_rows(self.frame, split) if split.bad else None

    def matched(self, ctx: UseCaseContext, batch: Batch) -> OutcomeMatch | None:
        """How they match the delivered rows of the batch; None where those cannot be read."""
        contract = ctx.case.contract
        spec, source = contract.tables[contract.main], batch.tables[contract.main].source
        try:
            delivered = ctx.lake.frame(source, columns=list(spec.key))
            types = {name: spec.columns[name] for name in spec.key}
            rows = read_declared(delivered, types, str(batch.id), spec.key, contract.dialect(contract.main)).frame
        except (SchemaMismatchError, LakeError):
            return None
        keys = row_keys(rows, spec.key, contract.normalise_keys)
        return match(keys, self.keys.iloc[list(self.kept)], self.keys.iloc[list(self.contradicting)])


def check_outcomes(ctx: UseCaseContext, batch: Batch, delivered: pd.DataFrame) -> CheckedOutcomes:
    """Check a delivery. Raises SchemaMismatchError when it lacks a declared column."""
    contract, spec = ctx.case.contract, ctx.case.contract.outcomes
    declared = read_declared(delivered, spec.columns, f"{batch.id} outcomes", spec.key, contract.dialect("outcomes"))
    frame, rows = declared.frame, len(declared.frame)
    keys = row_keys(frame, spec.key, contract.normalise_keys)
    check = ctx.checker.check(TABLE, spec, frame, parameters(contract, batch.interval))
    check = unreadable_rows.counted(check, declared.cells, without_key(frame, spec.key), rows)
    again, contradicting = _repeated(ctx, keys.mask(keys.index.isin(check.bad_rows)), frame)
    check = replace(
        check,
        bad_rows=joined_reasons(check.bad_rows, contradicting),
        row_problems=(*check.row_problems, *contradictions(keys.iloc[list(contradicting)])),
    )
    validation = decide({TABLE: spec}, {TABLE: rows}, {TABLE: check})
    kept = tuple(row for row in validation.splits[TABLE].good if row not in again)
    return CheckedOutcomes(frame, keys, check, validation, kept, tuple(contradicting))


def _repeated(
    ctx: UseCaseContext, keys: pd.Series[str], frame: pd.DataFrame
) -> tuple[frozenset[int], dict[int, tuple[str, ...]]]:
    """`repeated` by the label column and by what target() makes of the outcomes: it may read other columns as well.

    Code that raises is named by the training; it keeps no outcomes from arriving."""
    again, contradicting = repeated(keys, frame[ctx.case.contract.outcomes.label])
    if again:
        with suppress(ModelError):
            _, more = repeated(keys.mask(keys.index.isin(contradicting)), labels_of(ctx.case, frame))
            contradicting = joined_reasons(contradicting, more)
    return frozenset(again) - contradicting.keys(), contradicting
