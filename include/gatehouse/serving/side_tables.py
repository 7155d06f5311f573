"""The tables beside the main one: those that come with the rows, else the newest accepted ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatehouse.context import UseCaseContext
from gatehouse.errors import NotEnoughDataError
from gatehouse.pipeline.batch_data.row_keys import accepted_tables, newest_revisions

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class SideTables:
    """The accepted rows of the tables beside the main one, and the batch that they are of (empty where there are none)."""

    tables: Mapping[str, pd.DataFrame]
    batch: str = ""


def side_table_names(ctx: UseCaseContext) -> tuple[str, ...]:
    """The tables of the contract beside the main one."""
    return tuple(name for name in ctx.case.contract.tables if name != ctx.case.contract.main)


def newest_side_tables(ctx: UseCaseContext, known: SideTables | None = None) -> SideTables:
    """Those of the newest accepted batch; `known` where they are of that batch already."""
    names = side_table_names(ctx)
    if not names:
        return SideTables({})
    accepted = newest_revisions(ctx.ledger.batches.list(ctx.name))
    if not accepted:
        raise NotEnoughDataError(
            f"no batch of {ctx.name} is accepted yet, so there is no table {', '.join(map(repr, names))} to predict with; "
            "give these tables with the rows"
        )
    newest = str(accepted[-1].id)
    if known is not None and known.batch == newest:
        return known
    return SideTables(accepted_tables(ctx, accepted[-1], names), newest)
