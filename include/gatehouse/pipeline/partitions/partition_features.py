"""Features of a part of the main table: only of a use case whose features of a row need no other row of that table.

Nothing but the data scientist's code knows whether they do, so it is asked: for every second row of a part the features are
made again, without the rows between. A row that comes out otherwise looks at its neighbours (a count, a rank, a mean, the
row before), and the batch is not divided: better a named error than scores that nobody can explain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gatehouse.context import UseCaseContext
from gatehouse.core.types import Batch
from gatehouse.errors import ConfigurationError
from gatehouse.pipeline.partitions import partition_reader
from gatehouse.use_case_code import features_of

if TYPE_CHECKING:
    import pandas as pd


def other_tables(ctx: UseCaseContext, batch: Batch, bad: Mapping[str, Sequence[int]]) -> dict[str, pd.DataFrame]:
    """The accepted rows of the other tables, whole: each part needs all of them."""
    return {
        name: partition_reader.accepted_rows(ctx, batch, name, range(partition_reader.rows_of(batch, name)), bad[name])
        for name in ctx.case.contract.tables
        if name != ctx.case.contract.main
    }


def features_of_part(ctx: UseCaseContext, part: pd.DataFrame, others: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The features of these rows of the main table; ConfigurationError when they depend on which other rows are there."""
    made = features_of(ctx.case, _tables(ctx, part, others))
    if differing := _differing_without_others(ctx, part, others, made):
        raise ConfigurationError(
            f"features() makes {', '.join(differing)} of a row out of other rows of {ctx.case.contract.main!r}, so that "
            "the batch cannot be divided",
            where=f"{ctx.case.folder / 'model.py'}; contract.yaml: max_rows_in_memory",
            found="other values when every second row is left out",
            allowed="features made of the row itself and of the other tables, or no max_rows_in_memory",
            owner="data scientist, or the data engineer",
        )
    return made


def columns_from_other_rows(ctx: UseCaseContext, part: pd.DataFrame, others: Mapping[str, pd.DataFrame]) -> list[str]:
    """The features that are made of a row of the main table and of other rows beside it; none where each is made of its
    own row."""
    return _differing_without_others(ctx, part, others, features_of(ctx.case, _tables(ctx, part, others)))


def _differing_without_others(
    ctx: UseCaseContext, part: pd.DataFrame, others: Mapping[str, pd.DataFrame], made: pd.DataFrame
) -> list[str]:
    every_second = part.iloc[::2].reset_index(drop=True)
    if len(every_second) == len(part):
        return []
    again = features_of(ctx.case, _tables(ctx, every_second, others))
    return [str(name) for name in made.columns if not _same(made[name].iloc[::2], again, name)]


def _tables(ctx: UseCaseContext, part: pd.DataFrame, others: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """In the contract's order, as the code gets them of a whole batch."""
    return {name: part if name == ctx.case.contract.main else others[name] for name in ctx.case.contract.tables}


def _same(column: pd.Series[Any], again: pd.DataFrame, name: Any) -> bool:
    if name not in again:
        return False
    one, other = column.reset_index(drop=True).astype("object"), again[name].astype("object")
    return bool(((one == other) | (one.isna() & other.isna())).all())
