"""Score tables that belong to no batch: each good row gets a prediction, each bad row gets the rule that it breaks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatehouse.context import UseCaseContext
from gatehouse.core.rows.row_keys import row_keys
from gatehouse.core.rows.scores import score_names
from gatehouse.core.types import Champion
from gatehouse.errors import InvalidInputError, NotAllowedError, RowsRefusedError
from gatehouse.pipeline.score import made_by, predict_frame
from gatehouse.serving.checked_rows import CheckedRows, check_rows, row_rules
from gatehouse.serving.row_problem import RowProblem
from gatehouse.serving.side_tables import newest_side_tables, side_table_names
from gatehouse.use_case_code import features_of

if TYPE_CHECKING:
    import pandas as pd

PROBLEM = "problem"


@dataclass(frozen=True)
class ScoredTables:
    """A prediction for each row of the main table, in its order. A row with a `problem` has a null instead."""

    rows: pd.DataFrame
    champion: Champion
    problems: tuple[RowProblem, ...]
    side_batch: str = ""
    ignored_columns: tuple[str, ...] = ()

    @property
    def refused(self) -> int:
        """How many rows have no prediction."""
        return len({problem.row for problem in self.problems})


def score_tables(ctx: UseCaseContext, delivered: Mapping[str, pd.DataFrame], where: Mapping[str, str]) -> ScoredTables:
    """Score the rows of the main table with the champion. Nothing is recorded.

    Args:
        ctx: the use case.
        delivered: the main table as it was read, and those beside it that are not to be the newest accepted ones.
        where: for each of these tables where it was read from.

    Raises:
        NotAllowedError: there is no champion yet.
        SchemaMismatchError: a table lacks a declared column.
        RowsRefusedError: a row of a table beside the main one breaks the contract.
    """
    champion = ctx.ledger.models.champion(ctx.name)
    if champion is None:
        raise NotAllowedError(f"{ctx.name} has no champion yet; a model is promoted by the gate, or by an override")
    _refuse_unknown(ctx, delivered)
    main = ctx.case.contract.main
    checked = {name: _checked(ctx, name, frame, where[name]) for name, frame in delivered.items()}
    for name, found in checked.items():
        if name != main and found.problems:
            raise RowsRefusedError("a table beside the main one breaks the contract", found.problems)
    tables = {name: found.frame for name, found in checked.items()}
    missing = [name for name in side_table_names(ctx) if name not in tables]
    newest = newest_side_tables(ctx) if missing else None
    if newest is not None:
        tables |= {name: newest.tables[name] for name in missing}
    rows = _scored(ctx, champion, checked[main], tables)
    ignored = checked[main].ignored_columns
    return ScoredTables(rows, champion, checked[main].problems, newest.batch if newest else "", ignored)


def _refuse_unknown(ctx: UseCaseContext, delivered: Mapping[str, pd.DataFrame]) -> None:
    main, known = ctx.case.contract.main, ctx.case.contract.tables
    unknown = [name for name in delivered if name not in known]
    if unknown or main not in delivered:
        what = "no such table in contract.yaml" if unknown else f"the main table {main!r} is missing"
        raise InvalidInputError(what, found=", ".join(unknown or delivered) or "none", allowed=", ".join(known))


def _checked(ctx: UseCaseContext, name: str, frame: pd.DataFrame, where: str) -> CheckedRows:
    return check_rows(ctx, row_rules(ctx, name, among_rows=True), frame, where, ctx.case.contract.dialect(name))


def _scored(
    ctx: UseCaseContext, champion: Champion, checked: CheckedRows, tables: Mapping[str, pd.DataFrame]
) -> pd.DataFrame:
    import pandas as pd

    main, spec = ctx.case.contract.main, ctx.case.contract.tables[ctx.case.contract.main]
    keys = row_keys(checked.frame, spec.key, ctx.case.contract.normalise_keys)
    bad: dict[int, list[str]] = {}
    for problem in checked.problems:
        bad.setdefault(problem.row, []).append(str(problem))
    good = [row for row in range(len(checked.frame)) if row not in bad]
    whole = pd.DataFrame({"key": keys}).assign(**made_by(champion))
    texts = ["; ".join(bad.get(row, ())) for row in range(len(keys))]
    whole[PROBLEM] = pd.Series(texts, dtype="str")
    if not good:
        empty = dict.fromkeys(score_names("score", ctx.case.retrain.class_names), math.nan)
        return whole.assign(**empty)[["key", *empty, *made_by(champion), PROBLEM]]
    used = checked.frame.iloc[good].reset_index(drop=True)
    ordered = {name: used if name == main else tables[name] for name in ctx.case.contract.tables}
    made = predict_frame(ctx, champion, keys.iloc[good].reset_index(drop=True), features_of(ctx.case, ordered))
    predicted = made.drop(columns=["key", *made_by(champion)]).set_axis(good)
    return whole.join(predicted)[["key", *predicted.columns, *made_by(champion), PROBLEM]]
